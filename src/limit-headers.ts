/** How a caller stands to a limit. */
export interface LimitState {
  readonly unit: string
  /** What the limit allows in its time. */
  readonly amount: number
  readonly remaining: number
  /** How long until all of it is there again, in milliseconds. */
  readonly resetMs: number
}

/** OpenAI API, "Rate limits in headers"; Anthropic API, "Rate limits: Response headers". */
const OPENAI_UNITS = ['requests', 'tokens']
const ANTHROPIC_UNITS = ['requests', 'tokens', 'input-tokens', 'output-tokens']

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
  for (const unit of isAnthropic ? ANTHROPIC_UNITS : OPENAI_UNITS) {
    const [tightest] = states
      .filter(state => state.unit.replaceAll('_', '-') === unit)
      .toSorted((one, other) => one.remaining - other.remaining)
    if (tightest) Object.assign(headers, isAnthropic ? anthropic(unit, tightest, date) : openAi(unit, tightest))
  }
  return headers
}

function anthropic(unit: string, { amount, remaining, resetMs }: LimitState, date: number): Record<string, string> {
  return {
    [`anthropic-ratelimit-${unit}-limit`]: String(amount),
    [`anthropic-ratelimit-${unit}-remaining`]: whole(remaining),
    [`anthropic-ratelimit-${unit}-reset`]: new Date(date + resetMs).toISOString(),
  }
}

function openAi(unit: string, { amount, remaining, resetMs }: LimitState): Record<string, string> {
  return {
    [`x-ratelimit-limit-${unit}`]: String(amount),
    [`x-ratelimit-remaining-${unit}`]: whole(remaining),
    [`x-ratelimit-reset-${unit}`]: durationOf(resetMs),
  }
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
