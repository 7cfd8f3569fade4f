/** A TOML table: keys from outside, so read it with `Object.hasOwn` or `Object.entries` only. */
export type Table = Readonly<Record<string, unknown>>

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of an own key; `undefined` for anything inherited, such as `constructor`. */
export function entryOf(table: Table, key: string): unknown {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

/** The table with every value changed. `__proto__` stays an ordinary key. */
export function mapTable(table: Table, change: (value: unknown, key: string) => unknown): Table {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, change(value, key)]))
}

/** Parts a table in two: the entries with these keys, and the rest. */
export function splitTable(table: Table, keys: Iterable<string>): readonly [named: Table, rest: Table] {
  const wanted = new Set(keys)
  const entries = Object.entries(table)
  return [
    Object.fromEntries(entries.filter(([key]) => wanted.has(key))),
    Object.fromEntries(entries.filter(([key]) => !wanted.has(key))),
  ]
}
