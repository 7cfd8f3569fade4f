import { parseDocument } from '../../json/document.ts'
import type { SseFrame } from '../../stream/sse.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { unreadable } from '../reply-faults.ts'
import type { StreamDecoder } from '../wire-format.ts'
import { isRecord, type Json, listOf } from './fields.ts'
import { ReplyDecoder } from './reply-decode.ts'
import { hasResidue } from './residue.ts'

/**
 * Each frame is one chunk of a reply; the stream is whole when it ends after a `finishReason`. Older models give one
 * with every chunk, so the end alone decides.
 */
export class GeminiStreamDecoder implements StreamDecoder {
  readonly #reply = new ReplyDecoder(true)
  #failed = false

  frame(frame: SseFrame): readonly ReplyEvent[] {
    if (this.#failed) return []
    const chunk = read(frame.data)
    if (!chunk) {
      this.#failed = true
      return [{ type: 'error', error: unreadable('a chunk that is not JSON') }]
    }
    const [only, ...others] = listOf(chunk.value)
    const events = this.#reply.chunk(only, chunk.document)
    return others.length === 0
      ? events
      : [...events, ...others.flatMap(each => this.#reply.chunk(each, chunk.document))]
  }

  end(): readonly ReplyEvent[] {
    return this.#failed ? [] : this.#reply.end()
  }
}

type Chunk = { readonly value: unknown; readonly document?: ReturnType<typeof parseDocument> }

/** Text alone needs no source text, and most chunks are text alone: the engine's own parser is faster. */
function read(data: string): Chunk | undefined {
  try {
    const value: unknown = JSON.parse(data)
    if (isRecord(value) && isTextAlone(value)) return { value }
    const document = parseDocument(data)
    return { value: document.value, document }
  } catch {
    return undefined
  }
}

function isTextAlone(chunk: Json): boolean {
  if (hasResidue(chunk, 'chunk')) return false
  return listOf(chunk.candidates).every(candidate => {
    if (!isRecord(candidate) || hasResidue(candidate, 'candidate')) return false
    const parts = isRecord(candidate.content) ? listOf(candidate.content.parts) : []
    return parts.every(part => isRecord(part) && typeof part.text === 'string')
  })
}
