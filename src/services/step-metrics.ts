/** The metrics that processors count themselves: named, shaped and labelled so that they cannot clash or swell. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Counter as CounterOf, Gauge as GaugeOf, Histogram as HistogramOf, Labels, Metrics } from '../contract.ts'
import { cached, type LabelReader, labelReader } from './label-values.ts'

const PREFIX = 'sluice_'
const OWN_LABELS = ['pipeline', 'processor']

type Kind = 'counter' | 'gauge' | 'histogram'

/** All that two steps have to agree on to share a metric. */
interface Shape {
  readonly kind: Kind
  readonly help: string
  readonly labels: Labels
  readonly buckets: readonly number[]
}

interface Family {
  readonly owner: string
  readonly shape: string
  readonly metric: Counter | Gauge | Histogram
}

export class StepMetrics {
  readonly #registry: Registry
  readonly #families = new Map<string, Family>()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  forStep(pipeline: string, label: string): Metrics {
    const owner = `processor "${label}" of pipeline "${pipeline}"`
    const family = <M extends Family['metric']>(name: string, shape: Shape, make: new (config: MetricConfig) => M): M =>
      this.#family(name, shape, owner, make)
    const reader = (labels: Labels): LabelReader => labelReader(labels, [pipeline, label])
    return {
      counter: (name, help, labels = {}) =>
        counterOf(family(name, { kind: 'counter', help, labels, buckets: [] }, Counter), reader(labels)),
      gauge: (name, help, labels = {}) =>
        gaugeOf(family(name, { kind: 'gauge', help, labels, buckets: [] }, Gauge), reader(labels)),
      histogram: (name, help, buckets, labels = {}) =>
        histogramOf(family(name, { kind: 'histogram', help, labels, buckets }, Histogram), reader(labels)),
    }
  }

  /** @throws Error when the name or a label is not usable, or another owner has the name for something else */
  #family<M extends Family['metric']>(
    name: string,
    shape: Shape,
    owner: string,
    make: new (config: MetricConfig) => M,
  ): M {
    checkShape(name, shape, owner)
    const full = PREFIX + name
    const text = JSON.stringify([shape.kind, shape.help, Object.entries(shape.labels), shape.buckets])
    const family = this.#families.get(full)
    if (family?.shape === text) return family.metric as M
    if (family || this.#registry.getSingleMetric(full)) {
      throw new Error(
        `metric "${full}" of ${owner} differs from the one of ${family?.owner ?? 'the engine'}: choose another name, ` +
          'or the same kind, help, labels and buckets',
      )
    }
    const metric = new make({
      name: full,
      help: shape.help,
      labelNames: [...OWN_LABELS, ...Object.keys(shape.labels)],
      registers: [this.#registry],
      ...(shape.kind === 'histogram' && { buckets: [...shape.buckets] }),
    })
    this.#families.set(full, { owner, shape: text, metric })
    return metric
  }
}

interface MetricConfig {
  name: string
  help: string
  labelNames: string[]
  registers: Registry[]
  buckets?: number[]
}

function checkShape(name: string, { labels, buckets }: Shape, owner: string): void {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`${owner}: "${name}" is no metric name; use snake_case`)
  for (const label of Object.keys(labels)) {
    if (!/^[a-z][a-z0-9_]*$/.test(label) || label === 'le' || OWN_LABELS.includes(label)) {
      throw new Error(`${owner}: metric "${name}" cannot have a label "${label}"; choose another name`)
    }
  }
  if (buckets.some((bound, index) => !(bound > (buckets[index - 1] ?? Number.NEGATIVE_INFINITY)))) {
    throw new Error(`${owner}: the buckets of metric "${name}" must be numbers that grow`)
  }
}

/** Values that are no numbers, or would make a counter fall, are left out: a metric must never break a call. */
function counterOf(metric: Counter, read: LabelReader): CounterOf {
  const child = cached(read, values => metric.labels(...values))
  return {
    add(amount, labels) {
      if (Number.isFinite(amount) && amount >= 0) child(labels).inc(amount)
    },
  }
}

function gaugeOf(metric: Gauge, read: LabelReader): GaugeOf {
  const child = cached(read, values => metric.labels(...values))
  return {
    set(value, labels) {
      if (Number.isFinite(value)) child(labels).set(value)
    },
  }
}

function histogramOf(metric: Histogram, read: LabelReader): HistogramOf {
  const child = cached(read, values => metric.labels(...values))
  return {
    observe(value, labels) {
      if (Number.isFinite(value)) child(labels).observe(value)
    },
  }
}
