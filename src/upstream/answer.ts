import type { Dispatcher } from 'undici'
import type { UpstreamError } from '../refusal.ts'
import type { Flow, Sink } from '../stream/flow.ts'
import type { ChunkJoiner } from './chunk-joiner.ts'
import { onSending } from './connector.ts'
import { Deadlines, type Timeouts } from './deadlines.ts'
import { classify, transportError } from './failure.ts'

export interface AnswerHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface AnswerSettings {
  readonly provider: string
  readonly timeouts: Timeouts
  readonly stream: boolean
  onHead(head: AnswerHead): void
  /** Failed before there was a head. */
  onError(error: UpstreamError): void
  /** No byte will come any more. */
  onEnd(): void
}

/** Usage may follow the last word, and an orderly end; some servers keep the connection open for neither. */
const LINGER_MS = 5_000

/** Bytes that may wait before anybody has begun to read. */
const UNREAD_LIMIT = 256 * 1024

/** One answer of a provider: undici's handler on the one side, a flow of bytes on the other. */
export class Answer implements Dispatcher.DispatchHandler, Flow<Buffer> {
  readonly #settings: AnswerSettings
  readonly #deadlines: Deadlines
  #controller: Dispatcher.DispatchController | undefined
  #headed = false
  #reused = false
  #chunks: ChunkJoiner | undefined
  #sink: Sink<Buffer> | undefined
  /** What has come in this tick. */
  #batch: Buffer[] = []
  readonly #unread: Buffer[] = []
  #unreadBytes = 0
  /** By the sink. */
  #paused = false
  /** Nobody reads yet, and enough is waiting. */
  #full = false
  #over: { readonly error?: UpstreamError } | undefined

  constructor(settings: AnswerSettings) {
    this.#settings = settings
    this.#deadlines = new Deadlines(settings.timeouts, settings.stream, which =>
      this.fail(transportError(which, settings.provider)),
    )
  }

  /** Gives the answer up: ends the connection, and tells whoever waits for it why. */
  fail(error: UpstreamError): void {
    if (this.#over) return
    this.#finish(error)
    this.#controller?.abort(error)
  }

  /** The first event with content has been seen. */
  firstToken(): void {
    this.#deadlines.firstToken()
  }

  /** The terminal event has been seen: a connection that stays open all the same is not waited for long. */
  finishing(): void {
    this.#deadlines.hurry(LINGER_MS)
  }

  start(sink: Sink<Buffer>): void {
    this.#sink = sink
    const waiting = this.#unread.splice(0)
    this.#unreadBytes = 0
    for (const chunk of waiting) sink.item(chunk)
    if (this.#over) this.#tell(this.#over.error)
    else if (this.#full && !this.#paused) this.#goOn()
    this.#full = false
  }

  pause(): void {
    if (this.#paused || this.#over) return
    this.#paused = true
    this.#halt()
  }

  resume(): void {
    if (!this.#paused || this.#over) return
    this.#paused = false
    this.#goOn()
  }

  cancel(): void {
    this.#sink = undefined
    this.fail(transportError('canceled', this.#settings.provider))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    onSending((reused, chunks) => {
      this.#reused = reused
      this.#chunks = chunks
    })
    if (this.#over) controller.abort(this.#over.error ?? new Error('given up'))
  }

  onRequestUpgrade(): void {
    this.fail(transportError('protocol', this.#settings.provider))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHead['headers']): void {
    // 102 and 103 announce an answer without being it.
    if (status < 200) return
    this.#chunks?.expectBody(headers['transfer-encoding'] === 'chunked')
    if (this.#over) return
    this.#headed = true
    // Thirty buffers, which undici would hold until the reply has ended.
    controller.rawHeaders = null
    this.#settings.onHead({ status, headers })
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    // A stream's events come in by the dozen; the stages behind cost the same for one piece as for all of a tick.
    if (this.#batch.push(chunk) === 1) queueMicrotask(this.#flush)
  }

  readonly #flush = (): void => {
    if (this.#over) return
    this.#deliver()
  }

  #deliver(): void {
    if (this.#batch.length === 0) return
    const chunk = this.#batch.length === 1 ? (this.#batch[0] as Buffer) : Buffer.concat(this.#batch)
    this.#batch = []
    this.#deadlines.touch()
    if (this.#sink) {
      this.#sink.item(chunk)
      return
    }
    this.#unread.push(chunk)
    this.#unreadBytes += chunk.length
    if (this.#unreadBytes <= UNREAD_LIMIT || this.#full) return
    this.#full = true
    this.#halt()
  }

  onResponseEnd(): void {
    if (!this.#over) this.#deliver()
    this.#finish(undefined)
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    // What came before the break is still good.
    if (!this.#over) this.#deliver()
    const stale = this.#reused && !this.#headed && classify(error) === 'reset'
    this.#finish(transportError(stale ? 'stale' : classify(error), this.#settings.provider, { cause: error }))
  }

  #halt(): void {
    this.#deadlines.hold()
    this.#controller?.pause()
  }

  #goOn(): void {
    this.#deadlines.release()
    this.#controller?.resume()
  }

  #finish(error: UpstreamError | undefined): void {
    if (this.#over) return
    this.#over = error ? { error } : {}
    this.#deadlines.stop()
    this.#settings.onEnd()
    if (!this.#headed && error) this.#settings.onError(error)
    else this.#tell(error)
  }

  #tell(error: UpstreamError | undefined): void {
    const sink = this.#sink
    this.#sink = undefined
    if (error) sink?.fail(error)
    else sink?.end()
  }
}
