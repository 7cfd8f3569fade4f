/** A Chat completion stream → reply events (conversion.md A.2.3, D.14). */
import { parseDocument } from '../../json/document.ts'
import type { SseFrame } from '../../stream/sse.ts'
import type { ErrorView } from '../error-view.ts'
import { FrameTemplate, type Hole } from '../frame-template.ts'
import type { ReplyEvent, Usage } from '../reply-events.ts'
import { TRUNCATED, unreadable } from '../reply-faults.ts'
import type { StreamEvent } from '../text-run.ts'
import type { StreamDecoder } from '../wire-format.ts'
import { REASONING_FIELDS } from './assistant-decode.ts'
import { CallIds } from './call-ids.ts'
import { CandidateDecoder, type Said } from './candidate-decode.ts'
import { findError, inlineError } from './error-decode.ts'
import { arrayOf, type Fields, objectOf, stringOf, wordOf } from './fields.ts'
import { failedFinish } from './finish.ts'
import { PartIndex } from './part-index.ts'
import { startOf } from './reply-decode.ts'
import { Residue } from './residue.ts'
import { decodeUsage, findUsage } from './usage.ts'

export function decodeStream(): StreamDecoder {
  return new ChatStreamDecoder()
}

class ChatStreamDecoder implements StreamDecoder {
  readonly #parts = new PartIndex()
  readonly #residue = new Residue()
  readonly #candidates = new Map<number, CandidateDecoder>()
  /** Set by the first chunk that says who answers; Azure sends one before it that does not. */
  #ids: CallIds | undefined
  /** The last chunk that told usage, read when the stream ends: some servers tell it on every chunk. */
  #usageChunk: string | undefined
  #serviceTier: string | undefined
  readonly #template = new FrameTemplate()
  /** What the frames of the template say more of. */
  #said: Said | undefined
  #done = false

  frame({ data, event }: SseFrame): readonly ReplyEvent[] {
    if (this.#done || data === '') return []
    try {
      return data.trim() === '[DONE]' ? this.#complete() : this.#read(data, event)
    } catch {
      // Nested deeper than anything that can be worked on.
      return this.#fail(unreadable('a chunk that is not JSON'))
    }
  }

  run(text: string, from: number, out: StreamEvent[]): number {
    const candidate = this.#candidates.get(0)
    if (this.#done || this.#said === undefined || !candidate?.takesRun(this.#said)) return from
    const frames = this.#template.read(text, from)
    if (frames === undefined) return from
    candidate.run(this.#said, frames.sources, out)
    return frames.end
  }

  #read(data: string, event: string | undefined): readonly ReplyEvent[] {
    const value = parsed(data)
    if (value === undefined) return this.#fail(unreadable('a chunk that is not JSON'))
    const error = findError(value) ?? (event === 'error' ? (objectOf(value) ?? {}) : undefined)
    if (error) return this.#fail(inlineError(error))
    const chunk = objectOf(value)
    return chunk ? this.#chunk(chunk, data) : []
  }

  end(): readonly ReplyEvent[] {
    if (this.#done) return []
    const finished = [...this.#candidates.values()].every(candidate => candidate.finished !== undefined)
    // Some servers close without [DONE]; a finish reason is proof enough (conversion.md E222).
    return finished && this.#candidates.size > 0 ? this.#complete() : this.#fail(TRUNCATED)
  }

  #chunk(chunk: Fields, data: string): readonly ReplyEvent[] {
    const out: ReplyEvent[] = []
    const choices = arrayOf(chunk.choices) ?? []
    if (this.#ids === undefined && (choices.length > 0 || wordOf(chunk.id) !== undefined)) this.#start(chunk, out)
    const isNew = this.#residue.isNew(chunk)
    if (isNew) this.#keepResidue(data)
    const tellsUsage = findUsage(chunk) !== undefined
    if (tellsUsage) this.#usageChunk = data
    if (!isNew && !tellsUsage) this.#learn(chunk, choices, data)
    this.#serviceTier = wordOf(chunk.service_tier) ?? this.#serviceTier
    for (const value of choices) {
      const choice = objectOf(value)
      if (choice === undefined) continue
      const candidate = this.#candidate(choice.index)
      candidate.choice(choice, out)
      const failed = failedFinish(candidate.finished)
      if (failed) return [...out, ...this.#fail(failed)]
    }
    return out
  }

  /** Frames like this one need not be read, if it is a frame of the plainest kind. */
  #learn(chunk: Fields, choices: readonly unknown[], data: string): void {
    const choice = choices.length === 1 ? objectOf(choices[0]) : undefined
    const delta = objectOf(choice?.delta)
    if (!choice || !delta || (choice.index ?? 0) !== 0 || CHOICE_SAYS.some(key => isSaid(choice[key]))) return
    const [key, ...others] = DELTA_SAYS.filter(each => isSaid(delta[each]))
    if (key === undefined || others.length > 0) return
    const piece = key === 'tool_calls' ? pieceOfCall(delta.tool_calls) : pieceOfText(key, delta[key])
    if (piece === undefined) return
    this.#said = piece.said
    const { obfuscation, p } = chunk
    this.#template.learn({ data }, piece.hole, { obfuscation, p, text: choice.text, token_id: delta.token_id })
  }

  #start(chunk: Fields, out: ReplyEvent[]): void {
    const start = startOf(chunk)
    this.#ids = new CallIds(start.id)
    out.push(start)
  }

  #keepResidue(data: string): void {
    const document = parseDocument(data)
    this.#residue.add(document, objectOf(document.value) ?? {})
  }

  #candidate(value: unknown): CandidateDecoder {
    const index = typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : 0
    const known = this.#candidates.get(index)
    if (known) return known
    this.#ids ??= new CallIds('')
    const candidate = new CandidateDecoder(index, this.#parts, this.#ids)
    this.#candidates.set(index, candidate)
    return candidate
  }

  /** Usage follows the finish reason on the wire, so both are told here, usage first. */
  #complete(): readonly ReplyEvent[] {
    if (this.#candidates.size === 0) return this.#fail(TRUNCATED)
    this.#done = true
    const out: ReplyEvent[] = []
    for (const candidate of this.#candidates.values()) candidate.close(out)
    const usage = this.#usage()
    if (usage) out.push({ type: 'usage', usage })
    const finishes = [...this.#candidates.values()].map(candidate => candidate.finishEvent())
    return [...out, ...this.#residue.onto(finishes), { type: 'end' }]
  }

  #fail(error: ErrorView): readonly ReplyEvent[] {
    this.#done = true
    const usage = this.#ids && this.#usage()
    return usage
      ? [
          { type: 'usage', usage },
          { type: 'error', error },
        ]
      : [{ type: 'error', error }]
  }

  #usage(): Usage | undefined {
    if (this.#usageChunk === undefined) return undefined
    // Cleared first: reading it again after it failed would fail again.
    const chunk = this.#usageChunk
    this.#usageChunk = undefined
    const document = parseDocument(chunk)
    const usage = findUsage(objectOf(document.value) ?? {})
    return usage && decodeUsage(document, usage, stringOf(this.#serviceTier))
  }
}

/** What of a chunk is read; the rest of it has been noted once, and each chunk of the template says the same. */
const CHOICE_SAYS = ['message', 'finish_reason', 'logprobs']
const DELTA_SAYS = [
  ...['content', 'refusal', 'annotations', 'tool_calls', 'images', 'audio', 'function_call', 'reasoning_details'],
  ...REASONING_FIELDS,
]

/** What a delta says when it says one thing, and where that stands. */
interface Piece {
  readonly said: Said
  readonly hole: Hole
}

function pieceOfText(key: string, value: unknown): Piece | undefined {
  const kind = REASONING_FIELDS.some(field => field === key) ? 'reasoning' : KINDS[key]
  return kind && typeof value === 'string' ? { said: { kind }, hole: { key, value } } : undefined
}

const KINDS: Readonly<Record<string, 'text' | 'refusal'>> = { content: 'text', refusal: 'refusal' }

/** More arguments of one call that is under way, and nothing else of it. */
function pieceOfCall(calls: unknown): Piece | undefined {
  const [first, ...others] = arrayOf(calls) ?? []
  const { index, type, function: called, ...rest } = objectOf(first) ?? {}
  const { arguments: value, ...beside } = objectOf(called) ?? {}
  const isPlain = others.length === 0 && (type === undefined || type === null || type === 'function')
  const isMore = ![...Object.values(rest), ...Object.values(beside)].some(isSaid)
  if (!isPlain || !isMore || typeof index !== 'number' || typeof value !== 'string') return undefined
  return { said: { kind: 'call', index }, hole: { key: 'arguments', value } }
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
