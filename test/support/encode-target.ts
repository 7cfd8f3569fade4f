import { shippedModels } from '../../src/config/shipped-models.ts'
import type { EncodeTarget } from '../../src/formats/wire-format.ts'
import { ModelCatalogue } from '../../src/models/catalogue.ts'

const catalogue = new ModelCatalogue([], shippedModels())

/** Where a request is encoded for, with what the shipped catalogue says of its model there. */
export function encodeTargetFor(format: string, target: Omit<EncodeTarget, 'capabilities'>): EncodeTarget {
  return { capabilities: catalogue.capabilitiesOf({ ...target, format }), ...target }
}
