import { basename, extname } from 'node:path'
import type { OptionsOf } from '../options.ts'
import { type Checked, checkOptions } from './check-options.ts'
import { checkSection, failed } from './check-section.ts'
import type { LoadedProcessor, StepConfig } from './config.ts'
import { schemaProblems } from './option-schema.ts'
import type { Place } from './place.ts'
import type { Problem } from './problems.ts'
import { STEP_KEYS, STEP_SCHEMA } from './schema.ts'
import { isTable, splitTable } from './table.ts'

/** Finds and imports the processor that `use` names. The place is for the problem, if it comes to one; or several. */
export type LoadProcessor = (use: string, place: Place) => Promise<LoadedProcessor | Problem | readonly Problem[]>

/** A step whose label is not made unique yet. */
export type UnlabelledStep = Omit<StepConfig, 'label'> & { readonly label?: string }

/** Checks one `[[pipelines.<name>.processors]]`: what every step has, and the options of its processor. */
export async function checkStep(value: unknown, place: Place, load: LoadProcessor): Promise<Checked<UnlabelledStep>> {
  if (!isTable(value)) return failed([place.problem('must be a table with "use"')])
  const [common, own] = splitTable(value, STEP_KEYS)
  const head = checkSection(STEP_SCHEMA, common, place)
  const usePlace = place.at('use')
  const { use } = common
  if (typeof use !== 'string' || use === '' || usePlace.origin?.kind === 'unknown') return failed(head.problems)
  const processor = await load(use, usePlace)
  if (!('definition' in processor)) return failed([...head.problems, ...[processor].flat()])
  const defects = schemaProblems(processor.definition.options, processor.file, STEP_KEYS)
  if (defects.length > 0) return failed([...head.problems, ...defects])
  const options = checkOptions(processor.definition.options, own, place, STEP_KEYS)
  const problems = [...head.problems, ...options.problems]
  const { references } = options
  if (head.value === undefined || options.value === undefined) return failed(problems, references)
  const { definition, file } = processor
  const step = { ...stepHead(head.value), definition, file, options: options.value, references, place }
  return { value: step, problems, references }
}

function stepHead(table: OptionsOf<typeof STEP_SCHEMA>): Pick<UnlabelledStep, 'use' | 'label' | 'deadline'> {
  return {
    use: table.use,
    ...(table.deadline !== undefined && { deadline: table.deadline }),
    ...(table.label !== undefined && { label: table.label }),
  }
}

/** `./acme/mask-names.ts` → `mask-names`. */
export function processorName(use: string): string {
  return basename(use, extname(use))
}

/**
 * Gives every step of a pipeline a label of its own: the one that is written, else the processor's name, with a number
 * from the second on. Two equal labels that are written are left for `labelProblems`.
 */
export function labelSteps(steps: readonly UnlabelledStep[]): readonly StepConfig[] {
  const taken = new Set(steps.flatMap(step => step.label ?? []))
  return Object.freeze(
    steps.map(step => {
      const label = step.label ?? freeLabel(processorName(step.use), taken)
      taken.add(label)
      return Object.freeze({ ...step, label })
    }),
  )
}

function freeLabel(name: string, taken: ReadonlySet<string>): string {
  let label = name
  for (let number = 2; taken.has(label); number++) label = `${name}-${number}`
  return label
}

/** Labels that are written twice in one pipeline. */
export function labelProblems(tables: readonly unknown[], place: Place): readonly Problem[] {
  const first = new Map<string, number>()
  return tables.flatMap((table, index) => {
    const label = isTable(table) ? table.label : undefined
    if (typeof label !== 'string') return []
    const before = first.get(label)
    if (before === undefined) first.set(label, index)
    return before === undefined ? [] : [place.at(index, 'label').problem(`is the label of processors[${before}] too`)]
  })
}
