/**
 * What the engine counts: one method for each thing that happens, called once when it is over. Labels come from the
 * configuration or from closed lists.
 */
import type { Registry } from 'prom-client'
import type { Operation, Outcome, Usage } from '../contract.ts'
import type { Channel } from '../stream/channel.ts'
import { Roster } from '../stream/roster.ts'
import { ClosedNames } from './closed-names.ts'
import { EngineFamilies } from './engine-families.ts'
import { GenAiMetrics, type GenAiSeries } from './gen-ai-metrics.ts'
import { operationName, providerName } from './gen-ai-names.ts'
import { ModelLabels } from './model-labels.ts'
import type { CounterSeries, HistogramSeries } from './quick-series.ts'

/** A call that is over, as far as metrics care. */
export interface FinishedCall {
  readonly exchange: {
    readonly pipeline: string
    /** The format that the client speaks. */
    readonly format: string
    readonly head: { readonly operation: Operation; readonly model: string }
    readonly timings: {
      readonly elapsedMs: number
      /** Waiting for providers, up to the first content of a stream or the end of a whole reply. */
      readonly upstreamMs: number
      readonly firstTokenMs: number | undefined
    }
    /** The provider and the model that were asked last; empty when none was. */
    readonly trail: { readonly provider: string; readonly model: string }
  }
  readonly status: number
  readonly outcome: Outcome
  readonly error: string | undefined
  readonly usage: Usage | undefined
  /** US dollars, where they are known. */
  readonly cost?: number | undefined
  readonly responseModel: string | undefined
  readonly streamed: boolean
}

/** One step of a pipeline that has handled a call. */
export interface FinishedStep {
  readonly inboundMs: number
  readonly outboundMs: number
  readonly outcome: string
}

/** One streamed reply that was handed over. */
export interface FinishedStream {
  readonly heartbeats: number
  readonly waits: number
  readonly pausedMs: number
  readonly stalled: boolean
}

/** What the configuration says and labels need. */
export interface Described {
  /** By configured name: the kind of client and the dialect of each provider. */
  readonly providers?: ReadonlyMap<string, { readonly client: string; readonly dialect?: string }>
  /** Names and patterns of models that the configuration mentions: the only ones that become labels. */
  readonly models?: Iterable<string>
}

interface CallSeries {
  readonly requests: { inc(): void }
  readonly duration: { observe(seconds: number): void }
  readonly overhead: { observe(seconds: number): void }
  readonly genAi: GenAiSeries
}

/** Codes of errors and results are closed lists in the code, but providers have a hand in some of them. */
const MAX_CODES = 100

export class EngineMetrics {
  /** The channels that are open; their bytes are added up when metrics are scraped. */
  readonly channels = new Roster<Channel>()
  readonly #families: EngineFamilies
  readonly #genAi: GenAiMetrics
  readonly #errors = new ClosedNames(MAX_CODES)
  readonly #results = new ClosedNames(MAX_CODES)
  readonly #providers = new Map<string, string>()
  readonly #series = new Map<string, CallSeries>()
  readonly #attempts = new Map<string, { readonly attempts: CounterSeries; readonly duration: HistogramSeries }>()
  #models = new ModelLabels([])
  #inflight: () => number = () => 0

  /** @param version of Sluice, for `sluice_build_info` */
  constructor(registry: Registry, version: string) {
    this.#genAi = new GenAiMetrics(registry)
    this.#families = new EngineFamilies(registry, {
      inflight: () => this.#inflight(),
      bufferBytes: () => this.channels.all().reduce((sum, { bytes }) => sum + bytes, 0),
    })
    this.#families.buildInfo.labels(version, process.version).set(1)
  }

  describe({ providers = new Map(), models = [] }: Described): void {
    for (const [name, { client, dialect }] of providers) this.#providers.set(name, providerName(client, dialect))
    this.#models = new ModelLabels(models)
  }

  /** @param count asked at every scrape */
  watchInflight(count: () => number): void {
    this.#inflight = count
  }

  call(call: FinishedCall): void {
    const { exchange, usage, streamed } = call
    const { elapsedMs, firstTokenMs, upstreamMs } = exchange.timings
    const { requests, duration, overhead, genAi } = this.#seriesOf(call)
    requests.inc()
    duration.observe(elapsedMs / 1000)
    // What a stream takes after its first content is the provider's time.
    const own = Math.max(0, (streamed ? (firstTokenMs ?? elapsedMs) : elapsedMs) - upstreamMs)
    overhead.observe(own / 1000)
    if (exchange.trail.provider === '') return
    if (call.cost !== undefined) this.#spent(exchange, call.cost)
    genAi.operation.observe((elapsedMs - own) / 1000)
    genAi.request.observe(elapsedMs / 1000)
    if (streamed && firstTokenMs !== undefined) observeStream(genAi, firstTokenMs, elapsedMs, usage)
    if (usage?.repeated) return
    if (usage !== undefined && usage.estimated !== true) observeTokens(genAi, usage)
    else if (call.outcome === 'completed' && call.error === undefined) this.#missing(exchange)
  }

  /** A stream of our own making was held to the grammar of its format. */
  grammar(format: string, isValid: boolean): void {
    this.#families.grammarChecks.labels(format, isValid ? 'valid' : 'violated').inc()
  }

  /** A request that was refused before it was a call. */
  refused({
    pipeline,
    format,
    status,
    code,
  }: {
    pipeline: string
    format: string
    status: number
    code: string
  }): void {
    this.#families.requests.labels(pipeline, format, '', `${Math.trunc(status / 100)}xx`, this.#errors.of(code)).inc()
  }

  attempt({ provider, result, ms }: { readonly provider: string; readonly result: string; readonly ms: number }): void {
    const key = `${provider}\0${result}`
    let series = this.#attempts.get(key)
    if (series === undefined) {
      const { attempts, attemptDuration } = this.#families
      series = {
        attempts: attempts.labels(provider, this.#results.of(result)),
        duration: attemptDuration.labels(provider),
      }
      this.#attempts.set(key, series)
    }
    series.attempts.inc()
    series.duration.observe(ms / 1000)
  }

  /** @returns what to call when the step has handled a call */
  step(pipeline: string, label: string): (step: FinishedStep) => void {
    const inbound = this.#families.processorDuration.labels(pipeline, label, 'in')
    const outbound = this.#families.processorDuration.labels(pipeline, label, 'out')
    const outcomes = new Map<string, CounterSeries>()
    const seriesOf = (outcome: string): CounterSeries => {
      const series = this.#families.processorOutcomes.labels(pipeline, label, this.#results.of(outcome))
      outcomes.set(outcome, series)
      return series
    }
    return ({ inboundMs, outboundMs, outcome }) => {
      inbound.observe(inboundMs / 1000)
      outbound.observe(outboundMs / 1000)
      const series = outcomes.get(outcome) ?? seriesOf(outcome)
      series.inc()
    }
  }

  stream(pipeline: string, { heartbeats, waits, pausedMs, stalled }: FinishedStream): void {
    const { streamHeartbeats, streamWaits, streamBackpressure, streamStalls } = this.#families
    if (heartbeats > 0) streamHeartbeats.labels(pipeline).inc(heartbeats)
    if (waits > 0) streamWaits.labels(pipeline).inc(waits)
    if (pausedMs > 0) streamBackpressure.labels(pipeline).inc(pausedMs / 1000)
    if (stalled) streamStalls.labels(pipeline).inc()
  }

  #spent({ pipeline, trail }: FinishedCall['exchange'], dollars: number): void {
    if (dollars > 0) this.#families.cost.labels(pipeline, trail.provider, this.#modelLabel(trail.model)).inc(dollars)
  }

  #missing({ head, pipeline, trail }: FinishedCall['exchange']): void {
    if (head.operation === 'generate' || head.operation === 'embed') {
      this.#families.usageMissing.labels(pipeline, trail.provider).inc()
    }
  }

  #seriesOf(call: FinishedCall): CallSeries {
    const { pipeline, format, head, trail } = call.exchange
    const request = this.#modelLabel(trail.model || head.model)
    const response = this.#modelLabel(call.responseModel ?? '')
    const error = call.error === undefined ? '' : this.#errors.of(call.error)
    const status = `${Math.trunc(call.status / 100)}xx`
    const key = [pipeline, format, head.operation, trail.provider, request, response, status, error].join('\0')
    let series = this.#series.get(key)
    if (series === undefined) {
      const provider = this.#providers.get(trail.provider) ?? trail.provider
      series = {
        requests: this.#families.requests.labels(pipeline, format, trail.provider, status, error),
        duration: this.#families.duration.labels(pipeline, format, trail.provider),
        overhead: this.#families.overhead.labels(pipeline),
        genAi: this.#genAi.series([pipeline, operationName(head.operation), provider, request, response], error),
      }
      this.#series.set(key, series)
    }
    return series
  }

  #modelLabel(model: string): string {
    return model === '' ? '' : this.#models.labelOf(model)
  }
}

function observeStream(series: GenAiSeries, firstTokenMs: number, elapsedMs: number, usage: Usage | undefined): void {
  series.firstToken.observe(firstTokenMs / 1000)
  const after = (usage?.output ?? 0) - 1
  if (after > 0 && Number.isFinite(after)) series.eachToken.observe((elapsedMs - firstTokenMs) / 1000 / after)
}

function observeTokens({ tokens }: GenAiSeries, usage: Usage): void {
  observeCount(tokens.input, usage.input)
  observeCount(tokens.output, usage.output)
  observeCount(tokens.cached_input, usage.cacheRead)
  observeCount(tokens.cache_creation_input, usage.cacheWrite)
  observeCount(tokens.reasoning, usage.reasoning)
}

/** Counts are a provider's word: they may be anything. */
function observeCount(series: GenAiSeries['tokens']['input'], count: number | undefined): void {
  if (count !== undefined && Number.isFinite(count) && count >= 0) series.observe(count)
}
