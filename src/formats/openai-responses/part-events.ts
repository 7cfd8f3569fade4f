import type { JsonDocument } from '../../json/document.ts'
import type { Part } from '../conversation.ts'
import type { ReplyEvent } from '../reply-events.ts'
import { TextRun } from '../text-run.ts'
import { decodeAnnotation } from './annotations.ts'
import { isFields } from './fields.ts'
import { decodeLogprobs } from './logprobs.ts'

/** A part that has been started. */
export interface OpenPart {
  readonly index: number
  /** What its deltas are. */
  readonly kind: TextRun['kind']
  /** UTF-16 code units that have come, of the current section. */
  length: number
  /** The first half of a surrogate pair whose second half has not come. */
  held: string
  citations: number
  logprobs: boolean
  open: boolean
}

/** More of a part that is open, where nothing waits. @param sources as of a `TextRun` */
export function runOf(part: OpenPart, sources: readonly string[]): TextRun {
  const run = new TextRun(part.index, sources, part.kind)
  part.length += run.text.length
  return run
}

/** Gathers the events of parts, so that they keep the canonical grammar whatever the provider repeats or leaves out. */
export class PartEvents {
  #events: ReplyEvent[] = []
  #nextIndex = 0

  /** What has been gathered since the last time. */
  take(): readonly ReplyEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  start(part: Part): OpenPart {
    const index = this.#nextIndex++
    const named =
      part.type === 'tool-call' && part.callId === '' ? { ...part, callId: part.id ?? `call_${index}` } : part
    this.#events.push({ type: 'part-start', index, candidate: 0, part: named })
    const kind = part.type === 'tool-call' ? 'arguments-delta' : 'text-delta'
    return { index, kind, length: 0, held: '', citations: 0, logprobs: false, open: true }
  }

  /** More text. A surrogate pair that is split between deltas is put together again. */
  text(part: OpenPart, delta: string): void {
    if (delta === '' || !part.open) return
    part.length += delta.length
    const text = part.held + delta
    const last = text.charCodeAt(text.length - 1)
    const split = last >= 0xd800 && last <= 0xdbff
    part.held = split ? text.slice(-1) : ''
    const whole = split ? text.slice(0, -1) : text
    if (whole !== '') this.#events.push({ type: 'text-delta', index: part.index, text: whole.toWellFormed() })
  }

  /** What `text`, which is whole, holds beyond what has come. */
  restOfText(part: OpenPart, text: string | undefined): void {
    if (text !== undefined && text.length > part.length) this.text(part, text.slice(part.length))
  }

  arguments(part: OpenPart | undefined, delta: string): void {
    if (part === undefined || !part.open || delta === '') return
    part.length += delta.length
    this.#events.push({ type: 'arguments-delta', index: part.index, text: delta })
  }

  restOfArguments(part: OpenPart | undefined, text: string | undefined): void {
    if (part !== undefined && text !== undefined && text.length > part.length)
      this.arguments(part, text.slice(part.length))
  }

  sectionBreak(part: OpenPart): void {
    if (!part.open) return
    this.#release(part)
    this.#events.push({ type: 'section-break', index: part.index })
    part.length = 0
  }

  states(part: OpenPart, whole: Part): void {
    if (!part.open) return
    for (const state of whole.state ?? []) this.#events.push({ type: 'state', index: part.index, state })
  }

  annotation(part: OpenPart, document: JsonDocument, annotation: unknown): void {
    if (!isFields(annotation) || !part.open) return
    part.citations++
    this.#events.push({ type: 'citation', index: part.index, citation: decodeAnnotation(document, annotation) })
  }

  logprobs(part: OpenPart, list: unknown): void {
    if (!Array.isArray(list) || list.length === 0 || !part.open) return
    part.logprobs = true
    this.#events.push({ type: 'logprobs', index: part.index, logprobs: decodeLogprobs(list) })
  }

  /** A provider's tool is at work. */
  ping(): void {
    this.#events.push({ type: 'ping' })
  }

  end(part: OpenPart): void {
    if (!part.open) return
    this.#release(part)
    part.open = false
    this.#events.push({ type: 'part-end', index: part.index })
  }

  /** The other half of the pair never came. */
  #release(part: OpenPart): void {
    if (part.held === '') return
    this.#events.push({ type: 'text-delta', index: part.index, text: part.held.toWellFormed() })
    part.held = ''
  }
}
