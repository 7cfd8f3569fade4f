/** What OpenAI's models take, by name (conversion.md C.5). A name that is not known is taken for the newest kind. */
import type { Effort } from '../conversation.ts'
import { EFFORTS } from './reasoning-settings.ts'

export interface Abilities {
  /** Efforts the model takes; empty: it does not reason. */
  readonly efforts: readonly Effort[]
  /** Sampling parameters: always, only without reasoning, or never. */
  readonly sampling: 'always' | 'without-reasoning' | 'never'
  readonly stop: boolean
  /** Refuses function tools together with reasoning (conversion.md E137). */
  readonly toolsWithoutReasoning: boolean
  /** Takes `prompt_cache_breakpoint`. */
  readonly cacheMarks: boolean
}

const PLAIN: Abilities = {
  efforts: [],
  sampling: 'always',
  stop: true,
  toolsWithoutReasoning: false,
  cacheMarks: false,
}
const UNKNOWN: Abilities = { ...PLAIN, efforts: EFFORTS }
const O_SERIES: Abilities = { ...PLAIN, efforts: ['low', 'medium', 'high'], sampling: 'never', stop: false }

export function abilitiesOf(model: string): Abilities {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  if (/^(?:gpt-3|gpt-4|chatgpt)/.test(name) || name.includes('-chat-latest')) return PLAIN
  if (/^o\d/.test(name)) return O_SERIES
  const version = /^gpt-(\d+)(?:\.(\d+))?(?![\d.])/.exec(name)
  if (!version) return UNKNOWN
  const major = Number(version[1])
  const minor = Number(version[2] ?? 0)
  return major === 5 ? fifth(minor) : sixth(name, minor)
}

function fifth(minor: number): Abilities {
  if (minor === 0) return { ...O_SERIES, efforts: ['minimal', 'low', 'medium', 'high'] }
  const efforts: readonly Effort[] = ['none', 'low', 'medium', 'high', ...(minor >= 2 ? (['xhigh'] as const) : [])]
  const base: Abilities = { ...PLAIN, efforts, sampling: 'without-reasoning', stop: false }
  return minor < 6 ? base : { ...base, efforts: [...efforts, 'max'], toolsWithoutReasoning: true, cacheMarks: true }
}

function sixth(name: string, minor: number): Abilities {
  const canRest = /-(?:sol|luna)\b/.test(name) || (minor === 1 && name.includes('-terra'))
  const efforts: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max']
  return {
    ...PLAIN,
    efforts: canRest ? ['none', ...efforts] : efforts,
    sampling: canRest ? 'without-reasoning' : 'never',
    stop: false,
    cacheMarks: true,
  }
}

/** The nearest effort that the model takes, rounding down; up only if there is none below. */
export function nearestEffort(wanted: Effort, { efforts }: Abilities): Effort | undefined {
  const rank = EFFORTS.indexOf(wanted)
  const below = efforts.filter(effort => EFFORTS.indexOf(effort) <= rank)
  return below.at(-1) ?? efforts[0]
}
