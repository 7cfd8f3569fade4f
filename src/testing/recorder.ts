import type { Counter, Gauge, Histogram, Labels, LabelValues, Log, LogFields, Metrics, Store } from '../contract.ts'

/** One line of a log. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: LogFields
}

/** One value that a metric was given. */
export interface Measurement {
  readonly name: string
  readonly value: number
  readonly labels: LabelValues
}

export function recordingLog(lines: LogLine[]): Log {
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Records what metrics are given, and holds them to the labels that they declared. */
export function recordingMetrics(measurements: Measurement[]): Metrics {
  const recorder = (name: string, declared: Labels = {}) => {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`metric name "${name}" must be in snake_case`)
    return (value: number, labels: LabelValues = {}): void => {
      checkLabels(name, declared, labels)
      measurements.push({ name, value, labels })
    }
  }
  return {
    counter: (name, _help, labels): Counter => ({ add: recorder(name, labels) }),
    gauge: (name, _help, labels): Gauge => ({ set: recorder(name, labels) }),
    histogram: (name, _help, _buckets, labels): Histogram => ({ observe: recorder(name, labels) }),
  }
}

function checkLabels(name: string, declared: Labels, labels: LabelValues): void {
  const undeclared = Object.keys(labels).find(label => !Object.hasOwn(declared, label))
  if (undeclared !== undefined) throw new Error(`metric "${name}" has no label "${undeclared}"`)
  for (const [label, values] of Object.entries(declared)) {
    const value = labels[label]
    if (value === undefined) throw new Error(`metric "${name}" was given no "${label}"`)
    if (!values.includes(value))
      throw new Error(`metric "${name}" was given ${label}="${value}", which it did not declare`)
  }
}

/** Passes everything on to `store` and writes down the keys. */
export function recordingStore(store: Store, keys: Set<string>): Store {
  return {
    get: key => store.get(noted(key, keys)),
    set: (key, value, ttlMs) => store.set(noted(key, keys), value, ttlMs),
    add: (key, amount, ttlMs) => store.add(noted(key, keys), amount, ttlMs),
    remember: (key, text, bounds) => store.remember(noted(key, keys), text, bounds),
    recall: key => store.recall(noted(key, keys)),
    take: buckets => {
      for (const { key } of buckets) keys.add(key)
      return store.take(buckets)
    },
    reserve: (demands, options) => {
      for (const { key } of demands) keys.add(key)
      return store.reserve(demands, options)
    },
  }
}

function noted(key: string, keys: Set<string>): string {
  keys.add(key)
  return key
}
