import { checkOptions } from '../config/check-options.ts'
import { interpolate } from '../config/interpolate.ts'
import { Place } from '../config/place.ts'
import { type Problem, problemText } from '../config/problems.ts'
import { STEP_KEYS } from '../config/schema.ts'
import { parseToml } from '../config/toml.ts'
import type { ProcessorDefinition } from '../contract.ts'

/** Options as the host would hand them over. @throws Error with all problems, one a line */
export function optionsFrom(definition: ProcessorDefinition, toml: string): unknown {
  const parsed = parseToml(toml, FILE)
  if ('message' in parsed) throw optionError([parsed])
  const place = new Place({ file: FILE, positions: parsed.positions, origins: new Map() })
  const filled = interpolate(parsed.value, place, { environment: {}, folder: '.' })
  const checked = checkOptions(definition.options, filled.value, place, STEP_KEYS)
  const misfits = parsed.misfits.map(({ path, message }) => place.at(...path).problem(message))
  const problems = [...misfits, ...filled.problems, ...checked.problems]
  if (problems.length > 0) throw optionError(problems)
  return checked.value
}

const FILE = 'options.toml'

function optionError(problems: readonly Problem[]): Error {
  return new Error(problems.map(problemText).join('\n'))
}
