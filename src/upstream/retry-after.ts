type HeaderValues = Readonly<Record<string, string | string[] | undefined>>

const LONGEST_MS = 3_600_000

/**
 * How long a provider asks to be left alone, in ms: `retry-after-ms`, else `retry-after` in seconds or as a date
 * (RFC 9110, 10.2.3; a date is taken against the provider's own clock, its `date` header). Nonsense is no wish; the
 * longest is an hour.
 *
 * @param now wall clock in ms, for a provider that tells no date
 */
export function retryAfterMs(headers: HeaderValues, now: number): number | undefined {
  const ms = number(first(headers['retry-after-ms']))
  if (ms !== undefined) return clamp(ms)
  const after = first(headers['retry-after'])
  if (after === undefined) return undefined
  const seconds = number(after)
  if (seconds !== undefined) return clamp(seconds * 1000)
  // `Date.parse` takes bare numbers for years and months.
  const date = /^[A-Za-z]{3}/.test(after) ? Date.parse(after) : Number.NaN
  if (Number.isNaN(date)) return undefined
  const theirs = Date.parse(first(headers.date) ?? '')
  return clamp(date - (Number.isNaN(theirs) ? now : theirs))
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined
}

function clamp(ms: number): number {
  return Math.min(Math.max(0, Math.ceil(ms)), LONGEST_MS)
}
