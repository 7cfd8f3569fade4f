import type { Operation } from '../../contract.ts'
import type { JsonDocument } from '../../json/document.ts'
import type { SseFrame } from '../../stream/sse.ts'
import type { ReplyEvent } from '../reply-events.ts'
import type { FrameSign, Observation, StreamObserver } from '../wire-format.ts'
import { errorObject, viewOf } from './errors.ts'
import { isRecord, type Json, listOf } from './fields.ts'
import { decodeFinish, finishWord } from './finish.ts'
import { decodeReply, isRefused } from './reply-decode.ts'
import { decodeUsage } from './usage.ts'

/** How far into a chunk the word `"error"` can be its first key. */
const NEAR = 64

/**
 * Watches a stream that passes by. Nothing is parsed until somebody asks: the last chunk with usage and the last one
 * with an end are kept as they came, and the words are looked for with their quotes, which a text has escaped.
 */
export class GeminiStreamObserver implements StreamObserver {
  #first: string | undefined
  #withUsage: string | undefined
  #ending: string | undefined
  /** Calls that nobody has answered in the same reply. */
  #calls = 0
  #error: Observation['error']

  frame({ data }: SseFrame): FrameSign {
    this.#first ??= data
    if (data.slice(0, NEAR).includes('"error"') && this.#isError(data)) return 'error'
    // It comes near the end of a chunk.
    if (data.lastIndexOf('"usageMetadata"') >= 0) this.#withUsage = data
    if (data.includes('"function')) this.#calls += count(data, '"functionCall"') - count(data, '"functionResponse"')
    if (data.includes('Reason') && (data.includes('"finishReason"') || data.includes('"blockReason'))) {
      this.#ending = data
      return 'terminal'
    }
    return data.includes('"parts"') ? 'content' : 'preamble'
  }

  get observation(): Observation {
    const usage = decodeUsage(chunkOf(this.#withUsage)?.usageMetadata)
    const ending = chunkOf(this.#ending)
    const model = chunkOf(this.#first)?.modelVersion
    const finish = ending && finishOf(ending, this.#calls > 0)
    return {
      ...(typeof model === 'string' && model !== '' ? { model } : {}),
      ...(usage ? { usage } : {}),
      ...(finish === undefined ? {} : { finish }),
      ...(this.#error ? { error: this.#error } : {}),
    }
  }

  #isError(data: string): boolean {
    const chunk = parsed(data)
    const error = errorObject(chunk)
    if (error) this.#error = viewOf(error, 200)
    return error !== undefined
  }
}

function count(data: string, word: string): number {
  let found = 0
  for (let at = data.indexOf(word); at >= 0; at = data.indexOf(word, at + word.length)) found++
  return found
}

function finishOf(chunk: Json, calls: boolean): string | undefined {
  const first = listOf(chunk.candidates).find(isRecord)
  const word = first && finishWord(first.finishReason)
  if (word !== undefined) return decodeFinish(word, calls)
  return isRefused(chunk.promptFeedback) ? 'content-filter' : undefined
}

function chunkOf(data: string | undefined): Json | undefined {
  const value = data === undefined ? undefined : parsed(data)
  const last = Array.isArray(value) ? value.at(-1) : value
  return isRecord(last) ? last : undefined
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

/** The same of a whole reply. */
export function observeReply(document: JsonDocument, operation: Operation): Observation {
  const events = decodeReply(document, operation)
  const observation: { -readonly [K in keyof Observation]: Observation[K] } = {}
  for (const event of events) note(observation, event)
  return observation
}

function note(observation: { -readonly [K in keyof Observation]: Observation[K] }, event: ReplyEvent): void {
  if (event.type === 'start' && event.model !== '') observation.model = event.model
  else if (event.type === 'usage') observation.usage = event.usage
  else if (event.type === 'finish' && event.candidate === 0) observation.finish = event.reason
  else if (event.type === 'error') observation.error = event.error
}
