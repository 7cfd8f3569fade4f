/** One streamed choice: its deltas → parts. */
import type { Part } from '../conversation.ts'
import { GatheredText } from '../gathered-text.ts'
import type { FinishEvent, ReplyEvent } from '../reply-events.ts'
import { type StreamEvent, TextRun } from '../text-run.ts'
import { decodeImages, REASONING_FIELDS } from './assistant-decode.ts'
import { AudioGatherer } from './audio-gatherer.ts'
import type { CallIds } from './call-ids.ts'
import { CallTracker, endsInHalf } from './call-tracker.ts'
import { decodeAnnotations } from './citations.ts'
import { shownReasoning } from './content-reasoning.ts'
import { arrayOf, type Fields, objectOf, stringOf } from './fields.ts'
import { finishOf } from './finish.ts'
import { decodeLogprobs } from './logprobs.ts'
import { decodeContent } from './part-decode.ts'
import type { PartIndex } from './part-index.ts'
import { ReasoningDetails } from './reasoning-details.ts'

type Kind = 'text' | 'reasoning' | 'refusal'

/** What a candidate says more of. */
export type Said = { readonly kind: Kind } | { readonly kind: 'call'; readonly index: number }

/** The part that is being said. */
interface Run {
  readonly kind: Kind
  readonly index: number
  /** All of it so far, which annotations point into. */
  readonly text: GatheredText
  /** The first half of a surrogate pair whose second half is still to come. */
  half: string
}

const VALUES = { textOf: (node: unknown): string => JSON.stringify(node) }

export class CandidateDecoder {
  readonly #candidate: number
  readonly #parts: PartIndex
  readonly #calls: CallTracker
  readonly #audio = new AudioGatherer()
  readonly #details = new ReasoningDetails()
  #run: Run | undefined
  /** The choice that told how it ends. */
  #last: Fields | undefined

  constructor(candidate: number, parts: PartIndex, ids: CallIds) {
    this.#candidate = candidate
    this.#parts = parts
    this.#calls = new CallTracker(candidate, parts, ids)
  }

  /** The provider's finish reason, once it has come. */
  get finished(): string | undefined {
    return stringOf(this.#last?.finish_reason)
  }

  choice(choice: Fields, out: ReplyEvent[]): void {
    // Some servers send whole messages in a stream.
    const delta = objectOf(choice.delta) ?? objectOf(choice.message)
    if (delta) this.#delta(delta, choice, out)
    const finish = choice.finish_reason
    if (typeof finish !== 'string' || finish === '') return
    this.#last = choice
    this.close(out)
  }

  /** Whether more of this can come piece by piece: no half of a character waits, and a call is under way. */
  takesRun(said: Said): boolean {
    return said.kind === 'call' ? this.#calls.takesRun(said.index) : this.#run === undefined || this.#run.half === ''
  }

  /** More, piece by piece, where nothing else has come. @param sources as of a `TextRun` */
  run(said: Said, sources: readonly string[], out: StreamEvent[]): void {
    if (sources.length === 0) return
    if (said.kind === 'call') {
      this.#closeRun(out)
      this.#calls.run(said.index, sources, out)
    } else {
      this.#runText(said.kind, sources, out)
    }
  }

  #runText(kind: Kind, sources: readonly string[], out: StreamEvent[]): void {
    const run = this.#open(kind, out)
    const said = new TextRun(run.index, sources)
    run.text.add(said.text)
    out.push(said)
  }

  close(out: ReplyEvent[]): void {
    this.#closeRun(out)
    this.#calls.close(out)
    const audio = this.#audio.take()
    if (audio) this.#whole(audio, out)
  }

  finishEvent(): FinishEvent {
    const finish = finishOf(this.#last ?? {}, this.#calls.any)
    const malformed = this.#calls.malformed ? ({ reason: 'malformed-tool-call' } as const) : {}
    return { type: 'finish', candidate: this.#candidate, ...finish, ...malformed }
  }

  /** A chunk may carry several things: they are said in the order reasoning, text, calls (conversion.md E186). */
  #delta(delta: Fields, choice: Fields, out: ReplyEvent[]): void {
    this.#reasoning(delta, out)
    const { content, refusal, annotations, tool_calls: calls } = delta
    if (typeof content === 'string') this.#say('text', content, out)
    else if (Array.isArray(content)) this.#content(content, out)
    if (typeof refusal === 'string') this.#say('refusal', refusal, out)
    if (choice.logprobs) this.#logprobs(choice.logprobs, out)
    if (Array.isArray(annotations)) this.#annotations(annotations, out)
    if (delta.images) for (const image of decodeImages(VALUES, delta.images) ?? []) this.#whole(image, out)
    if (delta.audio) this.#audio.add(delta.audio)
    if (Array.isArray(calls) && calls.length > 0) this.#toolCalls(calls, out)
    const legacy = objectOf(delta.function_call)
    if (legacy) {
      this.#closeRun(out)
      this.#calls.legacy(legacy, out)
    }
  }

  #reasoning(delta: Fields, out: ReplyEvent[]): void {
    for (const field of REASONING_FIELDS) {
      const text = delta[field]
      if (typeof text !== 'string' || text === '') continue
      this.#say('reasoning', text, out)
      break
    }
    const details = arrayOf(delta.reasoning_details)
    if (details === undefined || details.length === 0) return
    this.#open('reasoning', out)
    this.#details.add(details)
  }

  /** Arrays of parts, as Mistral and Databricks have them. */
  #content(content: readonly unknown[], out: ReplyEvent[]): void {
    for (const part of decodeContent(VALUES, content).map(shownReasoning)) {
      if (part.type === 'text') this.#say('text', part.text, out)
      else if (part.type === 'reasoning') this.#thinking(part, out)
      else this.#whole(part, out)
    }
  }

  #thinking(part: Extract<Part, { type: 'reasoning' }>, out: ReplyEvent[]): void {
    this.#say('reasoning', part.chunks.join(''), out)
    for (const state of part.state ?? []) out.push({ type: 'state', index: this.#open('reasoning', out).index, state })
  }

  #logprobs(value: unknown, out: ReplyEvent[]): void {
    const logprobs = decodeLogprobs(value)
    if (logprobs.length > 0 && this.#run?.kind === 'text') {
      out.push({ type: 'logprobs', index: this.#run.index, logprobs })
    }
  }

  #annotations(annotations: readonly unknown[], out: ReplyEvent[]): void {
    if (annotations.length === 0) return
    const run = this.#open('text', out)
    for (const citation of decodeAnnotations(VALUES, annotations, run.text.text)) {
      out.push({ type: 'citation', index: run.index, citation })
    }
  }

  #toolCalls(calls: readonly unknown[], out: ReplyEvent[]): void {
    this.#closeRun(out)
    for (const call of calls) this.#calls.delta(call, out)
  }

  /** Empty text neither begins nor ends anything (conversion.md E188). */
  #say(kind: Kind, text: string, out: ReplyEvent[]): void {
    if (text === '') return
    const run = this.#open(kind, out)
    const said = run.half + text
    const whole = endsInHalf(said) ? said.slice(0, -1) : said
    run.half = said.slice(whole.length)
    run.text.add(whole)
    if (whole !== '') out.push({ type: 'text-delta', index: run.index, text: whole })
  }

  #open(kind: Kind, out: StreamEvent[]): Run {
    if (this.#run?.kind === kind) return this.#run
    this.#closeRun(out)
    const run: Run = { kind, index: this.#parts.take(), text: new GatheredText(), half: '' }
    const part: Part = kind === 'reasoning' ? { type: kind, visibility: 'full', chunks: [] } : { type: kind, text: '' }
    out.push({ type: 'part-start', index: run.index, candidate: this.#candidate, part })
    this.#run = run
    return run
  }

  #closeRun(out: StreamEvent[]): void {
    const run = this.#run
    if (run === undefined) return
    this.#run = undefined
    if (run.half !== '') out.push({ type: 'text-delta', index: run.index, text: '\ufffd' })
    const state = run.kind === 'reasoning' ? this.#details.take() : undefined
    if (state) out.push({ type: 'state', index: run.index, state })
    out.push({ type: 'part-end', index: run.index })
  }

  #whole(part: Part, out: ReplyEvent[]): void {
    this.#closeRun(out)
    const index = this.#parts.take()
    out.push({ type: 'part-start', index, candidate: this.#candidate, part }, { type: 'part-end', index })
  }
}
