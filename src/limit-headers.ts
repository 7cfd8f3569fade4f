/** How a caller stands to a limit. */
export interface LimitState {
  readonly unit: string
  /** What the limit allows in its time. */
  readonly amount: number
  readonly remaining: number
  /** How long until all of it is there again, in milliseconds. */
  readonly resetMs: number
}

/** Units that a format has headers for, with their names: what is allowed, what remains, and when all is there again. */
type Names = readonly (readonly [unit: string, limit: string, remaining: string, reset: string])[]

/** OpenAI API, "Rate limits in headers". */
const OPENAI: Names = ['requests', 'tokens'].map(unit => [
  unit,
  `x-ratelimit-limit-${unit}`,
  `x-ratelimit-remaining-${unit}`,
  `x-ratelimit-reset-${unit}`,
])

/** Anthropic API, "Rate limits: Response headers". */
const ANTHROPIC: Names = ['requests', 'tokens', 'input_tokens', 'output_tokens'].map(unit => {
  const start = `anthropic-ratelimit-${unit.replace('_', '-')}`
  return [unit, `${start}-limit`, `${start}-remaining`, `${start}-reset`]
})

/**
 * The state of limits in the headers that the caller's SDK reads; of several limits of one unit, the tightest. None for
 * a format that has no such headers, and none of a unit that it has no words for.
 * @param date now, in milliseconds since 1970
 */
export function limitHeaders(
  format: string,
  states: readonly LimitState[],
  date: number,
): Readonly<Record<string, string>> {
  const isAnthropic = format === 'anthropic-messages'
  if (!isAnthropic && !format.startsWith('openai-')) return {}
  const headers: Record<string, string> = {}
  for (const [unit, limit, remaining, reset] of isAnthropic ? ANTHROPIC : OPENAI) {
    const tightest = tightestOf(unit, states)
    if (!tightest) continue
    headers[limit] = String(tightest.amount)
    headers[remaining] = whole(tightest.remaining)
    headers[reset] = isAnthropic ? new Date(date + tightest.resetMs).toISOString() : durationOf(tightest.resetMs)
  }
  return headers
}

function tightestOf(unit: string, states: readonly LimitState[]): LimitState | undefined {
  let tightest: LimitState | undefined
  for (const state of states) {
    if (state.unit === unit && !(tightest && tightest.remaining <= state.remaining)) tightest = state
  }
  return tightest
}

function whole(remaining: number): string {
  return String(Math.max(0, Math.floor(remaining)))
}

/** OpenAI writes times as Go does: `20ms`, `15s`, `6m0s`. */
function durationOf(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
