import { setImmediate as turn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { within } from '../components/deadline.ts'
import { filesFor } from '../components/files.ts'
import { CLOSE_DEADLINE_MS } from '../components/start.ts'
import { thrownText } from '../components/thrown.ts'
import type { Files, Format, Loss, Next, Processor, ProcessorDefinition, Reply, Store } from '../contract.ts'
import type { EngineCall } from '../pipeline/call.ts'
import { compose } from '../pipeline/compose.ts'
import type { EngineReply } from '../pipeline/reply.ts'
import { StepFailure } from '../pipeline/step-failure.ts'
import { Refusal, UpstreamError } from '../refusal.ts'
import { clock } from '../services/clock.ts'
import { type ModelPrice, PriceTable } from '../services/prices.ts'
import { sharedStore } from '../services/store.ts'
import { MemoryStore } from '../services/store-memory.ts'
import { type Delivered, deliver } from './deliver.ts'
import { ManualClock } from './manual-clock.ts'
import { type PlainFormatState, plainFormat } from './plain-format.ts'
import { type LogLine, type Measurement, recordingLog, recordingMetrics, recordingStore } from './recorder.ts'
import { Script, type ScriptedReply } from './script.ts'
import { type CallSketch, type ProviderFormats, testCall } from './test-call.ts'
import { optionsFrom } from './test-options.ts'

/** What a processor is set up with, and what stands behind it. */
export interface World {
  /** TOML. */
  readonly options?: string
  /** The configured providers; one named `main` that speaks `openai-chat` unless said otherwise. */
  readonly providers?: ProviderFormats
  /** What the rest of the chain does, in order of the calls of `next`; the last one again and again. */
  readonly replies?: readonly ScriptedReply[]
  /** US dollars for a million tokens, by model; nothing has a price unless said otherwise. */
  readonly prices?: Readonly<Record<string, ModelPrice>>
  /** What every conversion loses. */
  readonly losses?: { readonly call?: readonly Loss[]; readonly reply?: readonly Loss[] }
}

/** How one call ended: with a reply, or with what was thrown. */
export interface SeenCall {
  readonly reply?: Delivered
  readonly failure?: unknown
}

/** One processor, set up alone in a pipeline, with everything around it in the hands of a test. */
export class Workbench {
  readonly clock = new ManualClock()
  readonly log: LogLine[] = []
  readonly measurements: Measurement[] = []
  readonly storeKeys = new Set<string>()
  readonly store: Store = recordingStore(sharedStore(new MemoryStore(this.clock)), this.storeKeys)
  readonly calls: SeenCall[] = []
  readonly script: Script
  readonly #definition: ProcessorDefinition
  readonly #world: World
  readonly #format: PlainFormatState
  readonly #prices: PriceTable
  readonly #shutdown = new AbortController()
  #processor: Processor | undefined
  #onHang = (): void => {}

  private constructor(definition: ProcessorDefinition, world: World) {
    this.#definition = definition
    this.#world = world
    this.#prices = new PriceTable(new Map(Object.entries(world.prices ?? {})), new Map())
    this.#format = { losses: world.losses ?? {}, decoded: 0 }
    this.script = new Script(world.replies ?? [{ text: 'ok' }], () => this.#onHang())
  }

  /** Checks the options and sets the processor up. @throws Error with what is wrong with the options */
  static async open(name: string, definition: ProcessorDefinition, world: World): Promise<Workbench> {
    const bench = new Workbench(definition, world)
    bench.#processor = await definition.setup({
      options: optionsFrom(definition, world.options ?? ''),
      label: name,
      pipeline: 'main',
      providers: new Map(Object.entries(bench.#providers)),
      keyless: new Set<string>(),
      log: recordingLog(bench.log),
      metrics: recordingMetrics(bench.measurements),
      store: bench.store,
      prices: bench.#prices,
      files: bench.#files(),
      clock: bench.clock,
      signal: bench.#shutdown.signal,
    })
    return bench
  }

  get processor(): Processor {
    if (!this.#processor) throw new Error('the processor is not set up')
    return this.#processor
  }

  /** How often somebody looked at the canonical view of a call. */
  get decoded(): number {
    return this.#format.decoded
  }

  get #providers(): Readonly<Record<string, Format>> {
    return this.#world.providers ?? { main: 'openai-chat' }
  }

  /** Lets one call through. @throws Error when the processor broke its contract */
  async run(sketch: CallSketch): Promise<SeenCall> {
    this.clock.advance(sketch.after ?? 0)
    const world = {
      providers: this.#providers,
      format: plainFormat(this.#format),
      prices: this.#prices,
      log: recordingLog(this.log),
      created: 1,
      now: this.clock.now(),
    }
    const { call, lifetime } = testCall(sketch, this.calls.length, world)
    const before = snapshot(call)
    if (sketch.leaves === 'before') lifetime.abort(new Error('the client left'))
    this.#onHang = () => {
      if (sketch.leaves === 'while-waiting') setImmediate(() => lifetime.abort(new Error('the client left')))
    }
    const seen = await this.#handle(call, sketch)
    this.calls.push(seen)
    lifetime.end()
    // What hangs on the end of a reply (settling a limit, a last line in the log) runs now.
    await turn()
    // Of a detached call nobody waits for the reply; the test does.
    const copies = this.script.replies.filter(({ exchange }) => exchange !== call.exchange)
    if (copies.length > 0) await Promise.all(copies.map(({ ended }) => ended)).then(() => turn())
    if (!isDeepStrictEqual(snapshot(call), before)) throw new Error('the call was changed in place; use call.with(…)')
    this.#checkEnds(seen)
    return seen
  }

  async close(): Promise<void> {
    this.#shutdown.abort()
    await within(clock, CLOSE_DEADLINE_MS, () => this.#processor?.close?.())
  }

  #files(): Files {
    const log = recordingLog(this.log)
    const providers = Object.keys(this.#providers)
    return filesFor({ environment: {}, folder: '.', providers, log, hide: () => {}, signal: this.#shutdown.signal })
  }

  async #handle(call: EngineCall, sketch: CallSketch): Promise<SeenCall> {
    const chain = this.#chain()
    let reply: EngineReply | undefined
    try {
      reply = (await chain(call)) as EngineReply
      return { reply: await deliver(reply, sketch.reads ?? 'all') }
    } catch (failure) {
      // As the host does with a reply that cannot be given.
      reply?.cancel()
      return { failure }
    }
  }

  #chain(): (call: EngineCall) => Promise<Reply> {
    const { processor } = this
    const step = { name: 'test', label: 'test', processor, deadlineMs: processor.deadlineMs ?? 5000, observe: () => {} }
    const next: Next = this.script.next
    return compose([step], next)
  }

  /** Every promise that the contract asks a processor to keep, whatever the test is about. */
  #checkEnds({ failure }: SeenCall): void {
    if (failure instanceof StepFailure && !this.#isScripted(failure.cause)) {
      const { cause, message } = failure
      throw new Error(cause === undefined ? message : `${message}: ${thrownText(cause)}`, { cause })
    }
    if (failure instanceof Refusal && !(failure instanceof UpstreamError) && !this.#isScripted(failure)) {
      this.#checkDeclared(failure)
    }
    const open = this.script.replies.filter(reply => reply.end.outcome === undefined)
    if (open.length > 0) throw new Error(`${open.length} replies were neither passed on nor cancelled`)
  }

  /** The script threw it, or a refusal of the same code: a processor may add headers to one that passes. */
  #isScripted(thrown: unknown): boolean {
    return (this.#world.replies ?? []).some(scripted => {
      if (!('throws' in scripted)) return false
      const { throws } = scripted
      return (
        throws === thrown || (throws instanceof Refusal && thrown instanceof Refusal && throws.code === thrown.code)
      )
    })
  }

  #checkDeclared({ code, status, message }: Refusal): void {
    const declared = this.#definition.refusals?.[code]
    if (!declared) throw new Error(`refused with the code "${code}", which its definition does not declare: ${message}`)
    if (declared.status !== status)
      throw new Error(`refused with ${status}; it declares ${declared.status} for "${code}"`)
  }
}

function snapshot(call: EngineCall): unknown {
  const { id, operation, format, model, provider, client, maxOutputTokens } = call
  return { id, operation, format, model, provider, client, maxOutputTokens, body: call.body?.bytes.toString('utf8') }
}
