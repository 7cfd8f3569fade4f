/**
 * The contract: all that the author of a processor may import (`import { … } from "sluice"`).
 *
 * A processor is one file in `processors/` that default-exports `defineProcessor({ … })`. See
 * `docs/writing-a-processor.md`.
 */
import type { Conversation, JsonText } from './formats/conversation.ts'
import type { ErrorKind, ErrorView } from './formats/error-view.ts'
import type { Loss } from './formats/losses.ts'
import type { ReplyEvent, Usage } from './formats/reply-events.ts'
import type { ObjectSchema, OptionsOf } from './options.ts'

export { type CallAmounts, estimateAmounts, settledAmounts } from './estimate.ts'
export { FailureLimit } from './failure-limit.ts'
export type * from './formats/conversation.ts'
export type * from './formats/error-view.ts'
export type * from './formats/losses.ts'
export type * from './formats/reply-events.ts'
export { matchGlob } from './glob.ts'
export {
  amountOf,
  demandOf,
  LIMIT_NAMES,
  LIMIT_PERIODS,
  LIMIT_UNITS,
  type Limit,
  type LimitUnit,
  limitOf,
  scarcest,
} from './limit.ts'
export { type LimitState, limitHeaders } from './limit-headers.ts'
export { networkOf } from './network.ts'
export type { ObjectSchema, OptionsOf, Secret } from './options.ts'
export { type FailureClass, modelNotFound, Refusal, UpstreamError } from './refusal.ts'
export type { FindingKind } from './scan/matcher.ts'
export { createScanner, DETECTORS, type Detector, type ScanFor, type Scanner, type StreamScan } from './scan/scanner.ts'
export { SUBJECTS, type Subject, type SubjectKind, subjectOf } from './subject.ts'

/** The name of a wire format: the name of its folder in `src/formats/`. */
export type Format = string

/** What a call asks for. `list-models` has no body; everything else has one. */
export type Operation = 'generate' | 'count-tokens' | 'embed' | 'list-models'

/** Who is calling; set by `auth`, read by limits and logs. */
export interface Identity {
  /** The configured name of the key. Never the key. */
  readonly name: string
  readonly team?: string
  /** Patterns of the models this key may use; absent means all. */
  readonly models?: readonly string[]
  /** The providers that calls with this key may go to; absent means all. The engine holds every call to it at the end. */
  readonly providers?: readonly string[]
}

export interface Client {
  /** Request headers, names in lower case. Credentials are among them: do not log them. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** IP address of the peer. */
  readonly address: string
  /** The credential that the client presented in any of the usual places, if it did. */
  readonly credential?: string
  readonly identity?: Identity
}

/** One client request on its way in. Immutable: `with` and `as` return another call. */
export interface Call {
  readonly id: string
  readonly pipeline: string
  readonly operation: Operation
  /** The format that the call is in now; `as` changes it. */
  readonly format: Format
  /** The model that is asked for now; the one that the client named is `requestedModel`. */
  readonly model: string
  readonly requestedModel: string
  readonly stream: boolean
  /** The name of the configured provider that the call is heading for. */
  readonly provider: string
  /** The format which that provider speaks. Equal to `format` where there is nothing to convert. */
  readonly target: Format
  readonly client: Client
  /** Size of the body in bytes, in the format that the call is in. */
  readonly size: number
  /** The most tokens that the call lets the model write, if it says so. Known without decoding the call. */
  readonly maxOutputTokens: number | undefined
  /** The canonical view; decoded on first look. @throws Refusal 400 when the body cannot be understood. */
  readonly conversation: Conversation
  /** What conversions of this call could not carry over. */
  readonly losses: readonly Loss[]
  /** Aborted when the client leaves, the deadline passes or the gateway stops. */
  readonly signal: AbortSignal
  /** When the call's time will be up, in the milliseconds of `Clock.now`; absent where nothing limits it. */
  readonly deadline: number | undefined
  /**
   * How many other places are left to try if this one fails, where a processor before this one knows: 0 means that this
   * is the last hope.
   */
  readonly alternatives: number | undefined
  /**
   * Whether a second run would leave something behind at the provider, or builds on what is kept there. Decodes a call
   * of a format that can say so.
   */
  readonly stateful: boolean
  readonly log: Log
  with(changes: CallChanges): Call
  /** The same call in another format. @throws Refusal 400 when that format cannot say it at all. */
  as(format: Format): Call
  /**
   * The same call as one of its own, for a copy that nobody waits for: `next` may run with it when `handle` has answered
   * already, and it goes on when the client has left. See to it that it ends: read its reply, or abort `signal`.
   */
  detach(signal: AbortSignal): Call
  /** Answers the call without a provider: give this to the client instead of what `next` returns. */
  answer(answer: Answer): Reply
}

export interface CallChanges {
  readonly model?: string
  readonly provider?: string
  /** Spliced into the client's bytes. */
  readonly maxOutputTokens?: number
  /** Costs an encoding: the client's bytes are given up for the encoder's. */
  readonly conversation?: Conversation
  /** Single fields of the body, changed one after the other; all other bytes stay as they are. */
  readonly fields?: readonly FieldChange[]
  readonly identity?: Identity
  readonly alternatives?: number
  /**
   * Gives this attempt up when it aborts, be it before or after its reply has begun: the provider's connection is ended.
   * A reason that is an `UpstreamError` is what the attempt then fails with; after the first byte the client is told.
   */
  readonly signal?: AbortSignal
  /** With `signal`: when it will abort at the latest, so that nobody waits in vain. In the milliseconds of `Clock.now`. */
  readonly deadline?: number
}

/**
 * A change of one field of a call's body, in the format that the call is in now. The pointer (RFC 6901) leads through
 * objects only, not into arrays; those that are missing are made. The model and `stream` are not to be changed so.
 * The client gets a refusal where it sent something else than an object.
 */
export type FieldChange =
  /** `default` leaves a value that is there alone, `null` not being one. `json` is written as it is. */
  | { readonly pointer: string; readonly mode: 'default' | 'force'; readonly json: JsonText }
  | { readonly pointer: string; readonly mode: 'remove' }

/** What `Call.answer` can say, in no format yet. */
export type Answer =
  | { readonly text: string; readonly headers?: Headers }
  | { readonly events: AsyncIterable<ReplyEvent> | Iterable<ReplyEvent>; readonly headers?: Headers }
  | { readonly models: readonly ModelEntry[]; readonly headers?: Headers }
  | { readonly tokens: number; readonly estimated?: boolean; readonly headers?: Headers }

type Headers = Readonly<Record<string, string>>

/** One row of a model list. */
export interface ModelEntry {
  readonly id: string
  readonly displayName?: string
  readonly ownedBy?: string
  /** Unix time in seconds. */
  readonly created?: number
  readonly contextWindow?: number
  readonly maxOutputTokens?: number
}

/** How a call ended: the answer was whole, it was not, or the client left before its end. */
export type Outcome = 'completed' | 'failed' | 'abandoned'

/** How far a reply has come on its way to the client. Changes as you look. */
export interface Progress {
  /** Events that have passed so far, heartbeats and the like not counted. */
  readonly events: number
  /** When the last of them passed, by `performance.now`; this very moment while the client holds the reply up. */
  readonly lastAt: number
  /** For how many milliseconds the client has held the reply up, or nobody had begun to read it. */
  readonly heldMs: number
}

/** What comes back. Immutable: `map`, `as` and `with` return another reply of the same exchange. */
export interface Reply {
  readonly status: number
  /** Headers for the client, names in lower case. */
  readonly headers: Headers
  readonly format: Format
  readonly stream: boolean
  /** The configured provider that gave it; empty where none was asked. */
  readonly provider: string
  /** How far it has come; for watching a stream without touching its bytes. */
  readonly progress: Progress
  /** The canonical view. Reading it takes the reply over: answer with `call.answer({ events })` then. */
  readonly events: AsyncIterable<ReplyEvent>
  /** Settles when the reply has ended, on every path; `undefined` when nobody told. Never rejects. */
  readonly usage: Promise<Usage | undefined>
  /**
   * US dollars, with `usage`; `undefined` when usage or price are not known, 0 when no provider was asked. Never rejects.
   */
  readonly cost: Promise<number | undefined>
  /** Settles when the last byte was handed over or nobody wants it any more. Never rejects. */
  readonly ended: Promise<Outcome>
  /** What conversions of this reply could not carry over; of a stream, what is known so far. */
  readonly losses: readonly Loss[]
  /** Changes each event on its way out; `undefined` or `[]` leaves it out. Must be synchronous and cheap. */
  map(change: (event: ReplyEvent) => ReplyEvent | readonly ReplyEvent[] | undefined): Reply
  /**
   * Shows each event as it passes, as `map` would see it, and leaves the reply's bytes as they are. Must be synchronous
   * and cheap. Like `map`, it may be shown a whole reply more than once, each time from its `start` on.
   */
  observe(see: (event: ReplyEvent) => void): Reply
  with(changes: { readonly headers?: Headers }): Reply
  /** The same reply in another format. */
  as(format: Format): Reply
  /** Gives the reply up: the upstream connection is ended. Done for you when you call `next` again. */
  cancel(): void
}

/** The rest of the chain. May be called again, with another call: that is a retry or a fallback. */
export type Next = (call: Call) => Promise<Reply>

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
/** Only what is listed is logged; strings are cut at 256 characters and scrubbed of secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Metrics of one processor. Names get the prefix `sluice_`, labels get the pipeline and the step's label. */
export interface Metrics {
  counter(name: string, help: string, labels?: Labels): Counter
  gauge(name: string, help: string, labels?: Labels): Gauge
  histogram(name: string, help: string, buckets: readonly number[], labels?: Labels): Histogram
}
/** Label names with all their values: a closed list. A value outside it is counted as `other`. */
export type Labels = Readonly<Record<string, readonly string[]>>
export type LabelValues = Readonly<Record<string, string>>
export interface Counter {
  add(amount: number, labels?: LabelValues): void
}
export interface Gauge {
  set(value: number, labels?: LabelValues): void
}
export interface Histogram {
  observe(value: number, labels?: LabelValues): void
}

/** State that instances may share. Keys belong to the pipeline and the step's label. */
export interface Store {
  get(key: string): Promise<string | undefined>
  /** @param ttlMs milliseconds until it is forgotten */
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** Adds to a number that starts at 0 and is forgotten `ttlMs` after its first addition; returns the sum. */
  add(key: string, amount: number, ttlMs: number): Promise<number>
  /** Takes from all buckets or from none. */
  take(buckets: readonly Bucket[]): Promise<TakeResult>
  /**
   * Takes from all buckets and slots or from none, like `take`, until the reservation is settled. Should this process
   * die before, its slots come free after a minute and the rest stays charged.
   * @throws Error when the store that instances share has been out of reach for longer than `graceMs`
   */
  reserve(demands: readonly Demand[], options?: ReserveOptions): Promise<Reservation>
}
export type Demand = Bucket | Slots
/** A token bucket: holds `capacity`, refills evenly by `refill` per `periodMs`, and starts full. */
export interface Bucket {
  readonly key: string
  /** 0 asks whether the bucket is in debt, and takes nothing. */
  readonly cost: number
  readonly capacity: number
  readonly refill: number
  readonly periodMs: number
  /** Charges the cost whatever is left: the bucket may go into debt, and refuses others until it has refilled. */
  readonly overdraw?: boolean
  /** How long a bucket that is never refilled is remembered after it was last charged. Absent: for ever. */
  readonly keepMs?: number
}
/** What no more than so many reservations may hold at a time. */
export interface Slots {
  readonly key: string
  /** 0 or more. */
  readonly slots: number
}
export interface ReserveOptions {
  /**
   * While the store that instances share is out of reach, each of them decides by a share of its own. For how long it may
   * do so, in milliseconds; absent: for as long as it takes.
   */
  readonly graceMs?: number
}
export interface TakeResult {
  readonly taken: boolean
  /** Of each bucket: what is left, and how long until it is full again. */
  readonly buckets: readonly { readonly remaining: number; readonly resetMs: number }[]
  /** How long until all of them could be taken; `Infinity` when a cost is over a capacity. 0 when taken. */
  readonly waitMs: number
}
/** What `reserve` came to. Of slots, `remaining` is how many are free. */
export interface Reservation extends TakeResult {
  /**
   * Frees the slots, and charges what was really used instead of what was reserved; a bucket may go into debt by it. Only
   * the first call counts. Never rejects.
   * @param used what each demand has cost in the end, in their order; of slots it does not matter. Absent: what was
   *   reserved stays charged. 0 gives a reservation back.
   */
  settle(used?: readonly number[]): Promise<void>
}

/** What calls cost: the table `[prices]` of the configuration, and behind it the providers' published list prices. */
export interface Prices {
  /**
   * @param provider the configured provider's name
   * @returns US dollars; `undefined` when the price is not known
   */
  cost(provider: string, model: string, usage: Usage): number | undefined
}

/** Time, so that tests need not wait for it. */
export interface Clock {
  /** Milliseconds that only ever grow; for intervals. */
  now(): number
  /** Milliseconds since 1970; for dates. */
  date(): number
  /** @throws the signal's reason when it aborts first */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** TOML files beside the configuration that belong to a processor and change while it runs: a list of keys, of prices. */
export interface Files {
  /**
   * Reads a file, checks it like options, gives it to `take`, and does so again whenever the file has changed. A change
   * that is no good is logged, and changes nothing.
   * @param file an option of the format `path`
   * @param take must have changed nothing when it throws; the message of its Error tells what is wrong with the file
   * @throws Error with all that is wrong with the file as it is now
   */
  follow<const S extends ObjectSchema>(file: string, schema: S, take: (content: OptionsOf<S>) => void): Promise<void>
}

/** What `setup` works with. */
export interface Tools<Options> {
  /** Checked against the schema, defaults filled in, secrets wrapped, durations in ms, sizes in bytes. */
  readonly options: Options
  /** The `label` of the TOML table, or the processor's name. */
  readonly label: string
  readonly pipeline: string
  /** The configured providers: name → the format it speaks (`"*"`: any). */
  readonly providers: ReadonlyMap<string, Format>
  /** Those of them that lack their key: calls to them are refused. */
  readonly keyless: ReadonlySet<string>
  readonly log: Log
  readonly metrics: Metrics
  readonly store: Store
  readonly prices: Prices
  readonly files: Files
  readonly clock: Clock
  /** Aborted at shutdown; for background work begun in `setup`. */
  readonly signal: AbortSignal
}

/** One set-up step of a pipeline. */
export interface Processor {
  handle(call: Call, next: Next): Promise<Reply>
  /**
   * Answers a browser's question (`OPTIONS`) about a route of the pipeline, which never becomes a call.
   * @returns headers of the answer; `undefined` when this processor has nothing to allow
   */
  preflight?(request: PreflightRequest): Readonly<Record<string, string>> | undefined
  /**
   * Headers for every response to the pipeline's clients, also to those whose requests never became a call.
   * Must be synchronous and cheap.
   */
  responseHeaders?(request: RequestHeaders): Readonly<Record<string, string>>
  /**
   * How long `handle` may take for itself, in milliseconds, waiting for `next` not counted. The host's own limit where
   * absent; longer for a processor that waits on purpose.
   */
  readonly deadlineMs?: number
  /** Called once, after the last call has ended. */
  close?(): void | Promise<void>
}

/** Headers of a request, names in lower case. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>

/** What a browser asks before it sends a call (WHATWG Fetch, "CORS-preflight request"). */
export interface PreflightRequest {
  readonly origin?: string | undefined
  /** `Access-Control-Request-Method` */
  readonly method?: string | undefined
  /** `Access-Control-Request-Headers`, as it came */
  readonly headers?: string | undefined
}

/** A processor before it is set up: what the file default-exports. */
export interface ProcessorDefinition {
  /** One sentence: lists and the heading of the reference page. */
  readonly summary: string
  /** Markdown: why, limits, where in the chain. */
  readonly description?: string
  readonly options: ObjectSchema
  readonly examples: readonly { readonly title: string; readonly toml: string }[]
  /** Codes of the refusals that it makes, with their status and when. */
  readonly refusals?: Readonly<Record<string, RefusalDeclaration>>
  setup(tools: Tools<unknown>): Processor | Promise<Processor>
}
export interface RefusalDeclaration {
  readonly status: number
  readonly kind: ErrorKind
  readonly when: string
}

/** Types `setup` from the options' schema. Returns what it is given. */
export function defineProcessor<const S extends ObjectSchema>(
  definition: Omit<ProcessorDefinition, 'options' | 'setup'> & {
    readonly options: S
    setup(tools: Tools<OptionsOf<S>>): Processor | Promise<Processor>
  },
): ProcessorDefinition {
  return definition as ProcessorDefinition
}

export type { ErrorView }
