/**
 * What OpenAI's families of models take (conversion.md C.5). Only conversions from other formats ask: a client that
 * speaks this format gets the provider's own answer. Nothing is known of a model of another maker, and nothing is
 * changed for it.
 */
import type { Effort } from '../conversation.ts'
import { EFFORTS } from './text-format.ts'

export interface Capabilities {
  /** Levels of reasoning; empty for a model that does not reason. */
  readonly efforts: readonly Effort[]
  /** When `temperature`, `top_p` and log probabilities are taken. */
  readonly sampling: 'always' | 'without-reasoning' | 'never'
  readonly cacheBreakpoints: boolean
}

const PLAIN: Capabilities = { efforts: [], sampling: 'always', cacheBreakpoints: false }

/** @param model as it is sent upstream, with or without a maker's prefix (`openai/gpt-5`) */
export function capabilitiesOf(model: string): Capabilities | undefined {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  if (/^o[1-9]/.test(name)) return { efforts: ['low', 'medium', 'high'], sampling: 'never', cacheBreakpoints: false }
  if (/^gpt-[34]/.test(name)) return PLAIN
  const match = /^gpt-([5-9])(?:\.(\d+))?(.*)$/.exec(name)
  if (match === null) return undefined
  const version = Number(match[1]) * 100 + Number(match[2] ?? 0)
  const rest = match[3] ?? ''
  if (rest.includes('chat')) return { ...PLAIN, cacheBreakpoints: version >= 506 }
  return version < 600 ? ofFive(version) : ofSix(version, rest)
}

function ofFive(version: number): Capabilities {
  if (version === 500)
    return { efforts: ['minimal', 'low', 'medium', 'high'], sampling: 'never', cacheBreakpoints: false }
  return {
    efforts: [
      'none',
      'low',
      'medium',
      'high',
      ...(version >= 502 ? (['xhigh'] as const) : []),
      ...(version >= 506 ? (['max'] as const) : []),
    ],
    sampling: 'without-reasoning',
    cacheBreakpoints: version >= 506,
  }
}

function ofSix(version: number, rest: string): Capabilities {
  const canRest = /^-(?:sol|luna)\b/.test(rest) || (version === 601 && /^-terra\b/.test(rest))
  return {
    efforts: [...(canRest ? (['none'] as const) : []), 'low', 'medium', 'high', 'xhigh', 'max'],
    sampling: canRest ? 'without-reasoning' : 'never',
    cacheBreakpoints: true,
  }
}

/** The nearest level that is supported: downwards, and upwards only when there is none below. */
export function nearestEffort(wanted: Effort, supported: readonly Effort[]): Effort | undefined {
  const limit = EFFORTS.indexOf(wanted)
  return supported.findLast(effort => EFFORTS.indexOf(effort) <= limit) ?? supported[0]
}

/** A budget of thinking tokens as a level (conversion.md C.5). */
export function effortOfBudget(tokens: number): Effort {
  if (tokens <= 0) return 'none'
  if (tokens <= 2048) return 'low'
  if (tokens <= 8192) return 'medium'
  return tokens <= 24576 ? 'high' : 'xhigh'
}
