import { createHash } from 'node:crypto'
import type { Operation } from '../../contract.ts'
import type { JsonDocument } from '../../json/document.ts'
import type { ErrorView } from '../error-view.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { TRUNCATED, unreadable } from '../reply-faults.ts'
import { CandidateDecoder, type ReplySink } from './candidate-decode.ts'
import { decodeEmbeddings } from './embedding-replies.ts'
import { errorObject, viewOf } from './errors.ts'
import { isRecord, type Json, listOf } from './fields.ts'
import { Residue } from './residue.ts'
import { decodeUsage } from './usage.ts'

/** A whole reply → events. A list of chunks, as a stream without `alt=sse` has it, is one reply too. Never throws. */
export function decodeReply(document: JsonDocument, operation: Operation): readonly ReplyEvent[] {
  if (operation === 'embed') return decodeEmbeddings(document)
  const decoder = new ReplyDecoder(Array.isArray(document.value))
  const events: ReplyEvent[] = []
  for (const chunk of listOf(document.value)) events.push(...decoder.chunk(chunk, document))
  return [...events, ...decoder.end()]
}

/** Chunks → events; the one reading of replies, whether they come whole or as a stream. */
export class ReplyDecoder {
  readonly #joins: boolean
  readonly #candidates = new Map<number, CandidateDecoder>()
  readonly #residue = new Residue()
  #events: ReplyEvent[] = []
  #sink: ReplySink | undefined
  #parts = 0
  #usage: unknown
  /** The feedback on a prompt that was refused. */
  #block: Json | undefined
  #over = false

  /** @param joins whether pieces of text belong together: those of a stream do */
  constructor(joins: boolean) {
    this.#joins = joins
  }

  /** @param document where the chunk's source text is; without it nothing but text may be in the chunk */
  chunk(value: unknown, document?: JsonDocument): readonly ReplyEvent[] {
    if (this.#over) return []
    try {
      this.#read(value, document)
    } catch (cause) {
      this.#fail(unreadable(reasonOf(cause)))
    }
    return this.#taken()
  }

  /** The reply has ended: what was held back, or an error when it is not whole. */
  end(): readonly ReplyEvent[] {
    if (this.#over) return []
    this.#over = true
    const candidates = [...this.#candidates.values()].sort((a, b) => a.index - b.index)
    if (!this.#isWhole(candidates)) {
      this.#emit({ type: 'error', error: TRUNCATED })
      return this.#taken()
    }
    const usage = decodeUsage(this.#usage)
    if (!usage && this.#usage !== undefined) this.#residue.keep('usageMetadata', JSON.stringify(this.#usage))
    for (const candidate of candidates) candidate.close()
    candidates.forEach((candidate, at) => {
      this.#emit({ ...candidate.finish(), ...this.#residue.extensions(candidate.index, at === 0) })
    })
    if (candidates.length === 0) this.#finishBlocked()
    if (usage) this.#emit({ type: 'usage', usage })
    this.#emit({ type: 'end' })
    return this.#taken()
  }

  /** A stream is over when every candidate has said why it ended; a whole reply may leave that out. */
  #isWhole(candidates: readonly CandidateDecoder[]): boolean {
    if (candidates.length === 0) return this.#block !== undefined
    return candidates.every(candidate => candidate.finished || (!this.#joins && !candidate.empty))
  }

  /** The prompt was refused: a reply without candidates, and no error (conversion.md E242). */
  #finishBlocked(): void {
    const { blockReason, blockReasonMessage } = this.#block ?? {}
    this.#emit({
      type: 'finish',
      candidate: 0,
      reason: 'content-filter',
      ...(typeof blockReason === 'string' ? { raw: blockReason } : {}),
      ...(typeof blockReasonMessage === 'string' ? { explanation: blockReasonMessage } : {}),
      ...this.#residue.extensions(0, true),
    })
  }

  #read(value: unknown, document: JsonDocument | undefined): void {
    const error = errorObject(value)
    if (error) {
      this.#fail(viewOf(error, 200))
      return
    }
    if (!isRecord(value)) throw new Error('a chunk is not an object')
    const sink = this.#started(value, document)
    this.#readChunk(value, document)
    for (const [at, node] of listOf(value.candidates).entries()) {
      if (!isRecord(node)) continue
      const index = typeof node.index === 'number' ? node.index : at
      const candidate = this.#candidates.get(index) ?? new CandidateDecoder(index, sink)
      this.#candidates.set(index, candidate)
      if (document) this.#residue.candidate(index, node, document.textOf)
      candidate.add(node, document)
    }
  }

  #readChunk(value: Json, document: JsonDocument | undefined): void {
    if (document) this.#residue.chunk(value, document.textOf)
    if (typeof value.createTime === 'string') this.#residue.keep('createTime', JSON.stringify(value.createTime))
    if (value.usageMetadata !== undefined) this.#usage = value.usageMetadata
    if (isRefused(value.promptFeedback)) this.#block = value.promptFeedback
  }

  #started(value: Json, document: JsonDocument | undefined): ReplySink {
    if (this.#sink) return this.#sink
    const given = typeof value.responseId === 'string' ? value.responseId : ''
    const created = typeof value.createTime === 'string' ? Date.parse(value.createTime) : Number.NaN
    const usage = decodeUsage(value.usageMetadata)
    this.#emit({
      type: 'start',
      id: given,
      model: typeof value.modelVersion === 'string' ? value.modelVersion : '',
      ...(Number.isNaN(created) ? {} : { created: Math.floor(created / 1000) }),
      ...(usage && this.#joins ? { usage } : {}),
    })
    const scope = scopeOf(given === '' ? (document?.text ?? JSON.stringify(value)) : given)
    this.#sink = { emit: event => this.#emit(event), nextIndex: () => this.#parts++, scope, joins: this.#joins }
    return this.#sink
  }

  #fail(error: ErrorView): void {
    this.#over = true
    this.#emit({ type: 'error', error })
  }

  #emit(event: ReplyEvent): void {
    this.#events.push(event)
  }

  #taken(): readonly ReplyEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }
}

/** Whether feedback on the prompt says that it was refused; ratings alone do not. */
export function isRefused(feedback: unknown): feedback is Json {
  return isRecord(feedback) && (feedback.blockReason ?? feedback.blockReasonMessage) !== undefined
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown'
}

/** What makes ids of this reply's calls its own: short, and of letters that every format takes in an id. */
function scopeOf(seed: string): string {
  return /^[\w-]{1,32}$/.test(seed) ? seed : createHash('sha256').update(seed).digest('base64url').slice(0, 20)
}
