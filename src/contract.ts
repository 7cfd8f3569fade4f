/**
 * The contract: all that the author of a processor may import (`import { … } from "sluice"`).
 *
 * A processor is one file in `processors/` that default-exports `defineProcessor({ … })`. See
 * `docs/writing-a-processor.md`.
 */

import type { Call, Format } from './call.ts'
import type { ErrorKind, ErrorView } from './formats/error-view.ts'
import type { ObjectSchema, OptionsOf } from './options.ts'
import type { Next, Reply } from './reply.ts'
import type { Clock, Files, Log, Metrics, Prices, Store } from './tools.ts'

export type * from './call.ts'
export { type CallAmounts, estimateAmounts, settledAmounts } from './estimate.ts'
export { FailureLimit } from './failure-limit.ts'
export { type BoundedRequest, fetchBounded, type OutsideService, outsideService } from './fetch-bounded.ts'
export { fingerprintOf } from './fingerprint.ts'
export { Flights, type Landing } from './flights.ts'
export type * from './formats/conversation.ts'
export type * from './formats/error-view.ts'
export type * from './formats/losses.ts'
export type * from './formats/reply-events.ts'
export { matchGlob } from './glob.ts'
export { type HeldEvents, holdEvents } from './held-events.ts'
export {
  amountOf,
  demandOf,
  LIMIT_NAMES,
  LIMIT_PERIODS,
  LIMIT_UNITS,
  type Limit,
  type LimitUnit,
  limitOf,
  limitStates,
  scarcest,
} from './limit.ts'
export { type LimitState, limitHeaders } from './limit-headers.ts'
export { networkOf } from './network.ts'
export type { ObjectSchema, OptionsOf, Secret } from './options.ts'
export { type RecordedReply, type Recording, recordedFromText, recordReply, textOfRecorded } from './recorded-reply.ts'
export { type FailureClass, modelNotFound, Refusal, UpstreamError } from './refusal.ts'
export type * from './reply.ts'
export type { FindingKind } from './scan/matcher.ts'
export { createScanner, DETECTORS, type Detector, type ScanFor, type Scanner, type StreamScan } from './scan/scanner.ts'
export { SUBJECTS, type Subject, type SubjectKind, subjectOf } from './subject.ts'
export {
  type FoundText,
  mapTexts,
  type TextChange,
  type Texts,
  textsOfCall,
  textsOfReply,
  withoutLogprobs,
} from './texts.ts'
export type * from './tools.ts'

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
