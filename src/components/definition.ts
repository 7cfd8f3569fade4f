import { schemaProblems } from '../config/option-schema.ts'
import type { Problem } from '../config/problems.ts'
import { STEP_KEYS } from '../config/schema.ts'
import type { ProcessorDefinition } from '../contract.ts'

export type Defined = { readonly definition: ProcessorDefinition } | { readonly problems: readonly Problem[] }

/**
 * The exports of a module → a definition that keeps its promises. A plain object is as good as what `defineProcessor`
 * returns.
 * @param file the name of the file in problems
 */
export function readDefinition(exports: Readonly<Record<string, unknown>>, file: string): Defined {
  if (!('default' in exports)) {
    const message = 'has no default export; write: export default defineProcessor({ … })'
    return { problems: [{ file, key: '', message }] }
  }
  const { default: value } = exports
  if (!isRecord(value)) {
    const message = `its default export is ${kindOf(value)}; it must be an object with summary, options, examples and setup`
    return { problems: [{ file, key: '', message }] }
  }
  const problems = definitionProblems(value, file)
  return problems.length > 0 ? { problems } : { definition: value as unknown as ProcessorDefinition }
}

type Unknown = Readonly<Record<string, unknown>>

function definitionProblems(definition: Unknown, file: string): readonly Problem[] {
  const problem = (key: string, message: string): Problem => ({ file, key, message })
  const { summary, description, options, examples, refusals = {}, setup } = definition
  const problems: Problem[] = []
  if (typeof summary !== 'string' || summary.trim() === '') {
    problems.push(problem('summary', 'is missing; say in one sentence what the processor does'))
  }
  if (description !== undefined && typeof description !== 'string')
    problems.push(problem('description', 'must be text'))
  if (options === undefined) {
    problems.push(
      problem(
        'options',
        'is missing; without options write { type: "object", properties: {}, additionalProperties: false }',
      ),
    )
  } else {
    problems.push(...schemaProblems(options, file, STEP_KEYS))
  }
  if (!isExamples(examples)) {
    problems.push(problem('examples', 'is missing; give a list of { title, toml } that shows the options in use'))
  }
  problems.push(...refusalProblems(refusals, problem))
  if (typeof setup !== 'function')
    problems.push(problem('setup', 'is missing; it must be a function that returns { handle }'))
  return problems
}

function isExamples(value: unknown): boolean {
  const isExample = (each: unknown) => isRecord(each) && typeof each.title === 'string' && typeof each.toml === 'string'
  return Array.isArray(value) && value.every(isExample)
}

function refusalProblems(refusals: unknown, problem: (key: string, message: string) => Problem): readonly Problem[] {
  if (!isRecord(refusals)) return [problem('refusals', 'must be an object: code → { status, kind, when }')]
  return Object.entries(refusals).flatMap(([code, declared]) => {
    const fits = isRecord(declared) && isErrorStatus(declared.status) && typeof declared.when === 'string'
    return fits ? [] : [problem(`refusals.${code}`, 'must be { status (400 to 599), kind, when }')]
  })
}

function isErrorStatus(status: unknown): boolean {
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599
}

function isRecord(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}
