/**
 * Counters and histograms that cost tens of nanoseconds to count on, exposed through prom-client's registry.
 *
 * prom-client finds the series anew at each observation, by hashing its labels; the engine makes some twenty
 * observations a call, and that was a tenth of all its time. Here a series is found once, and its numbers are
 * laid out for prom-client when somebody scrapes (docs/decisions/).
 */
import type { Metric, MetricObjectWithValues, MetricValue, Registry } from 'prom-client'

export interface SeriesConfig {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  readonly registers: readonly Registry[]
}

type Labels = Readonly<Record<string, string | number>>

/** What prom-client's registry needs of a metric; its own type names the classes. */
abstract class QuickMetric<Child> {
  readonly name: string
  readonly help: string
  readonly aggregator = 'sum'
  readonly collect: undefined
  readonly #labelNames: readonly string[]
  readonly #children = new Map<string, { readonly labels: Labels; readonly child: Child }>()

  constructor({ name, help, labelNames, registers }: SeriesConfig) {
    this.name = name
    this.help = help
    this.#labelNames = labelNames
    for (const registry of registers) registry.registerMetric(this as unknown as Metric)
  }

  /** The series of these values, in the order of the label names. Keep it: finding it costs more than counting. */
  labels(...values: readonly string[]): Child {
    const key = values.join('\0')
    let entry = this.#children.get(key)
    if (!entry) {
      const labels = Object.fromEntries(this.#labelNames.map((name, index) => [name, values[index] ?? '']))
      entry = { labels, child: this.create() }
      this.#children.set(key, entry)
    }
    return entry.child
  }

  async get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const values = [...this.#children.values()].flatMap(({ labels, child }) => this.valuesOf(labels, child))
    const { name, help, aggregator, collect } = this
    return { name, help, aggregator, collect: collect as never, type: this.type as never, values: values as never }
  }

  reset(): void {
    this.#children.clear()
  }

  protected abstract readonly type: string
  protected abstract create(): Child
  /** Empty while nothing was counted: a series begins with its first observation. */
  protected abstract valuesOf(labels: Labels, child: Child): readonly object[]
}

export class CounterSeries {
  total = 0
  inc(amount = 1): void {
    this.total += amount
  }
}

export class QuickCounter extends QuickMetric<CounterSeries> {
  protected override readonly type = 'counter'
  protected override create(): CounterSeries {
    return new CounterSeries()
  }
  protected override valuesOf(labels: Labels, { total }: CounterSeries): readonly object[] {
    return total === 0 ? [] : [{ labels, value: total }]
  }
}

export class HistogramSeries {
  readonly #bounds: readonly number[]
  /** How many fell into each bucket and no lower one; the last is above all bounds. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let index = 0
    while (index < bounds.length && value > (bounds[index] as number)) index++
    this.counts[index] = (this.counts[index] as number) + 1
    this.sum += value
  }
}

export class QuickHistogram extends QuickMetric<HistogramSeries> {
  protected override readonly type = 'histogram'
  readonly #bounds: readonly number[]

  constructor(config: SeriesConfig & { readonly buckets: readonly number[] }) {
    super(config)
    this.#bounds = config.buckets
  }

  protected override create(): HistogramSeries {
    return new HistogramSeries(this.#bounds)
  }

  protected override valuesOf(labels: Labels, { counts, sum }: HistogramSeries): readonly object[] {
    let count = 0
    const buckets = [...this.#bounds, '+Inf'].map((le, index) => {
      count += counts[index] ?? 0
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count, exemplar: null }
    })
    if (count === 0) return []
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ]
  }
}
