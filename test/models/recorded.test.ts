import { expect, it } from 'vitest'
import { shippedModels } from '../../src/config/shipped-models.ts'
import { ModelCatalogue } from '../../src/models/catalogue.ts'
import { recordedCases } from '../support/traffic.ts'

const catalogue = new ModelCatalogue([], shippedModels())
const list = recordedCases('anthropic-messages').find(found => found.path === '/v1/models')

it('the shipped catalogue agrees with what Anthropic says of its models', () => {
  const models = JSON.parse(list?.responseText ?? '{"data":[]}').data
  expect(models.length).toBeGreaterThan(5)
  for (const model of models) {
    const { thinking, effort, structured_outputs } = model.capabilities
    const efforts = ['low', 'medium', 'high', 'xhigh', 'max'].filter(level => effort[level]?.supported === true)
    const known = catalogue.capabilitiesOf({ model: model.id, provider: 'p', format: 'anthropic-messages' })
    expect([model.id, known]).toMatchObject([
      model.id,
      {
        max_output_tokens: model.max_tokens,
        thinking: [
          ...(thinking.types.adaptive.supported ? ['adaptive'] : []),
          ...(thinking.types.enabled.supported ? ['budget'] : []),
        ],
        structured_output: structured_outputs.supported ? 'subset' : 'none',
        efforts,
      },
    ])
  }
})
