/** One page of metrics for several processes. */
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client'

/** All metrics of one process, as its registry lays them out. */
export type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[]

/** Gauges of which the sum says nothing. */
const NOT_SUMMED: ReadonlyMap<string, 'first' | 'min'> = new Map([
  ['sluice_build_info', 'first'],
  ['sluice_store_up', 'min'],
])

export async function snapshotOf(registry: Registry): Promise<Snapshot> {
  const metrics = await registry.getMetricsAsJSON()
  return metrics.map(metric => ({ ...metric, aggregator: NOT_SUMMED.get(metric.name) ?? metric.aggregator }))
}

/**
 * Adds the processes up. What a process has counted stays in the sum when it has died, as far as it was last seen: a
 * total that falls would look like a restart of the whole gateway.
 */
export class SummedMetrics {
  readonly #latest = new Map<number, Snapshot>()
  #departed: Snapshot = []

  /** @param id of the process; never given to another one */
  seen(id: number, snapshot: Snapshot): void {
    this.#latest.set(id, snapshot)
  }

  async left(id: number): Promise<void> {
    const last = this.#latest.get(id)
    if (!last) return
    this.#latest.delete(id)
    const totals = last.filter(({ type }) => TOTALS.has(String(type)))
    this.#departed = await sum([this.#departed, totals]).getMetricsAsJSON()
  }

  /** In Prometheus' text format. */
  render(): Promise<string> {
    return sum([this.#departed, ...this.#latest.values()]).metrics()
  }
}

/** Kinds of metrics that only grow. A gauge of a process that is gone says nothing. */
const TOTALS: ReadonlySet<string> = new Set(['counter', 'histogram'])

function sum(snapshots: readonly Snapshot[]): Registry {
  return AggregatorRegistry.aggregate(snapshots as Snapshot[])
}
