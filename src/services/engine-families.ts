/** The engine's own metrics: names, help, labels, buckets. */
import { Gauge, type Registry } from 'prom-client'
import { QuickCounter as Counter, QuickHistogram as Histogram } from './quick-series.ts'

const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900]
/** From tens of microseconds: what steps take, and what the gateway adds. */
const OWN_SECONDS = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5,
]

/** Values that are looked up when metrics are scraped. */
export interface Live {
  inflight(): number
  bufferBytes(): number
}

export class EngineFamilies {
  readonly requests: Counter
  readonly duration: Histogram
  readonly overhead: Histogram
  readonly processorDuration: Histogram
  readonly processorOutcomes: Counter
  readonly attempts: Counter
  readonly attemptDuration: Histogram
  readonly streamWaits: Counter
  readonly streamBackpressure: Counter
  readonly streamStalls: Counter
  readonly streamHeartbeats: Counter
  readonly usageMissing: Counter
  readonly grammarChecks: Counter
  readonly cost: Counter
  readonly buildInfo: Gauge

  constructor(registry: Registry, live: Live) {
    const make = maker(registry)
    this.requests = make.counter(
      'requests_total',
      'Calls that are over. provider is empty when none was asked, error when there was none.',
      ['pipeline', 'format', 'provider', 'status_class', 'error'],
    )
    this.duration = make.histogram(
      'request_duration_seconds',
      'Time from the arrival of a call to the last byte of its reply.',
      ['pipeline', 'format', 'provider'],
      REQUEST_SECONDS,
    )
    this.overhead = make.histogram(
      'overhead_seconds',
      'Time that a call spent in the gateway and not waiting for a provider; of streams, up to the first content.',
      ['pipeline'],
      OWN_SECONDS,
    )
    this.processorDuration = make.histogram(
      'processor_duration_seconds',
      'Time that a processor took for a call, on the way in and on the way out.',
      ['pipeline', 'processor', 'direction'],
      OWN_SECONDS,
    )
    this.processorOutcomes = make.counter('processor_outcomes_total', 'What processors did with calls.', [
      'pipeline',
      'processor',
      'outcome',
    ])
    this.attempts = make.counter('upstream_attempts_total', 'Attempts at providers, by how they ended.', [
      'provider',
      'result',
    ])
    this.attemptDuration = make.histogram(
      'upstream_attempt_duration_seconds',
      'Time of an attempt, up to the first content of a stream or the end of a whole reply.',
      ['provider'],
      REQUEST_SECONDS,
    )
    this.streamWaits = make.counter('stream_backpressure_total', 'How often a slow client paused its upstream.', [
      'pipeline',
    ])
    this.streamBackpressure = make.counter(
      'stream_backpressure_seconds_total',
      'For how long slow clients paused their upstreams.',
      ['pipeline'],
    )
    this.streamStalls = make.counter('stream_stalls_total', 'Clients cut off because they stopped reading.', [
      'pipeline',
    ])
    this.streamHeartbeats = make.counter('stream_heartbeats_total', 'Heartbeats sent into silent streams.', [
      'pipeline',
    ])
    this.usageMissing = make.counter('usage_missing_total', 'Completed calls whose provider did not tell the usage.', [
      'pipeline',
      'provider',
    ])
    this.cost = make.counter('cost_usd_total', 'What calls have cost, in US dollars, where the price is known.', [
      'pipeline',
      'provider',
      'model',
    ])
    this.grammarChecks = make.counter(
      'stream_grammar_checks_total',
      'Sampled streams that were held to the grammar of their format; violated should stay 0.',
      ['format', 'result'],
    )
    this.buildInfo = make.gauge('build_info', 'Always 1; the labels tell the versions.', ['version', 'node'])
    make.live('inflight_requests', 'Calls under way.', () => live.inflight())
    make.live('stream_buffer_bytes', 'Bytes that wait for slow clients.', () => live.bufferBytes())
  }
}

function maker(registry: Registry) {
  const common = (name: string, help: string, labelNames: string[]) => ({
    name: `sluice_${name}`,
    help,
    labelNames,
    registers: [registry],
  })
  return {
    counter: (name: string, help: string, labels: string[]) => new Counter(common(name, help, labels)),
    gauge: (name: string, help: string, labels: string[]) => new Gauge(common(name, help, labels)),
    histogram: (name: string, help: string, labels: string[], buckets: number[]) =>
      new Histogram({ ...common(name, help, labels), buckets }),
    live: (name: string, help: string, value: () => number) =>
      new Gauge({
        ...common(name, help, []),
        collect() {
          this.set(value())
        },
      }),
  }
}
