/** Milliseconds of each unit of a duration. */
const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** Bytes of each unit of a size. */
const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['KB', 1000],
  ['MB', 1000 ** 2],
  ['GB', 1000 ** 3],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
])

/** What a text with a unit comes to, or what is wrong with it. The fault never repeats the text. */
export type Measure = { readonly value: number } | { readonly fault: string }

/** The form of a duration, for schemas that editors read. */
export const DURATION_PATTERN = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$'
/** The form of a size, for schemas that editors read. */
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|KiB|MiB|GiB)$'

/** `"250ms"`, `"15s"`, `"5m"`, `"2h"`, `"1d"` → milliseconds. Zero is `"0s"`. */
export function readDuration(text: string): Measure {
  return measure(text, DURATION_UNITS, 'a duration such as "250ms", "15s", "5m", "2h" or "1d"')
}

/** `"512B"`, `"64KiB"`, `"1MiB"`, `"32MB"` → bytes. */
export function readSize(text: string): Measure {
  return measure(text, SIZE_UNITS, 'a size such as "512B", "64KiB" or "32MB"')
}

/**
 * `"2027-01-31"` → the end of that day in UTC, `"2027-01-31T18:00:00Z"` or with `+02:00` → that moment (RFC 3339); in
 * milliseconds since 1970.
 */
export function readUntil(text: string): Measure {
  const [, day, time] = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(text) ?? []
  if (day === undefined)
    return { fault: 'must be a day such as "2027-01-31", or a time such as "2027-01-31T18:00:00Z"' }
  const start = Date.parse(`${day}T00:00:00Z`)
  const value = time === undefined ? start + MS_OF_DAY : Date.parse(day + time)
  // JavaScript takes the 30th of February for the 2nd of March.
  const isDay = !Number.isNaN(start) && new Date(start).toISOString().startsWith(day)
  return isDay && !Number.isNaN(value) ? { value } : { fault: 'is no day or time that there is' }
}

const MS_OF_DAY = 86_400_000

function measure(text: string, units: ReadonlyMap<string, number>, form: string): Measure {
  const match = /^([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)$/.exec(text.slice(0, 64))
  if (match === null) return { fault: `must be ${form}` }
  const [, amount = '', name = ''] = match
  if (name === '') return { fault: `has no unit; write ${form}` }
  const unit = units.get(name)
  if (unit === undefined) return { fault: `has an unknown unit; the units are ${[...units.keys()].join(', ')}` }
  const value = Number(amount) * unit
  if (value > Number.MAX_SAFE_INTEGER) return { fault: 'is too large' }
  // Tenths of a second are sensible, parts of a byte or of a millisecond are not; 1.1 × 1000 is not quite 1100.
  const whole = Math.round(value)
  return Math.abs(value - whole) < 1e-6
    ? { value: whole }
    : { fault: `must come to a whole number of ${smallest(units)}` }
}

function smallest(units: ReadonlyMap<string, number>): string {
  return units.has('ms') ? 'milliseconds' : 'bytes'
}
