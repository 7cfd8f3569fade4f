/** Between the two shapes of a reply: a sequence of events and a whole completion. */
import type { OpaqueState, Part, ReasoningPart } from './conversation.ts'
import type { ErrorView } from './error-view.ts'
import { GatheredText } from './gathered-text.ts'
import type {
  CompletedCandidate,
  Completion,
  EmbeddingEvent,
  FinishEvent,
  RawEvent,
  ReplyEvent,
  StartEvent,
  Usage,
} from './reply-events.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Gathering {
  readonly candidate: number
  readonly part: Mutable<Part>
  /** What its deltas have said; of reasoning, since the last section ended. */
  said: GatheredText
}

/** Gathers events; knows at any time what the reply would be if it ended now. */
export class CompletionBuilder {
  #start: StartEvent = { type: 'start', id: '', model: '' }
  #usage: Usage | undefined
  #error: ErrorView | undefined
  #ended = false
  readonly #parts = new Map<number, Gathering>()
  readonly #finishes = new Map<number, FinishEvent>()
  readonly #embeddings: EmbeddingEvent[] = []
  readonly #raw: RawEvent[] = []

  /** Set once an `error` event came: there is no completion then. */
  get error(): ErrorView | undefined {
    return this.#error
  }
  get ended(): boolean {
    return this.#ended
  }

  add(event: ReplyEvent): void {
    switch (event.type) {
      case 'start':
        this.#start = event
        this.#usage = event.usage ?? this.#usage
        return
      case 'part-start':
        this.#parts.set(event.index, {
          candidate: event.candidate,
          part: { ...event.part },
          said: new GatheredText(),
        })
        return
      case 'usage':
        this.#usage = event.usage
        return
      case 'finish':
        this.#finishes.set(event.candidate, event)
        return
      case 'embedding':
        this.#embeddings.push(event)
        return
      case 'raw':
        this.#raw.push(event)
        return
      case 'error':
        this.#error = event.error
        return
      case 'end':
        this.#ended = true
        return
      case 'ping':
      case 'part-end':
        return
      default: {
        const entry = this.#parts.get(event.index)
        if (entry) extend(entry, event)
      }
    }
  }

  completion(): Completion {
    const byCandidate = new Map<number, Part[]>()
    for (const candidate of this.#finishes.keys()) byCandidate.set(candidate, [])
    for (const [, gathering] of [...this.#parts].sort(([a], [b]) => a - b)) {
      const parts = byCandidate.get(gathering.candidate)
      if (parts) parts.push(partOf(gathering))
      else byCandidate.set(gathering.candidate, [partOf(gathering)])
    }
    const candidates: CompletedCandidate[] = [...byCandidate]
      .sort(([a], [b]) => a - b)
      .map(([index, parts]) => ({
        index,
        parts,
        finish: this.#finishes.get(index) ?? { type: 'finish', candidate: index, reason: 'other' },
      }))
    return {
      id: this.#start.id,
      model: this.#start.model,
      ...(this.#start.created === undefined ? {} : { created: this.#start.created }),
      candidates,
      ...(this.#embeddings.length === 0 ? {} : { embeddings: this.#embeddings.toSorted((a, b) => a.input - b.input) }),
      ...(this.#usage ? { usage: this.#usage } : {}),
      raw: this.#raw,
    }
  }
}

type Delta = Extract<ReplyEvent, { index: number }>

function extend(gathering: Gathering, event: Delta): void {
  const { part, said } = gathering
  switch (event.type) {
    case 'text-delta':
      if (part.type === 'text' || part.type === 'refusal' || part.type === 'reasoning') said.add(event.text)
      return
    case 'arguments-delta':
      if (part.type === 'tool-call') said.add(event.text)
      return
    case 'section-break':
      if (part.type !== 'reasoning') return
      part.chunks = [...appendToLast(part.chunks, said), '']
      gathering.said = new GatheredText()
      return
    case 'state':
      part.state = [...(part.state ?? ([] as readonly OpaqueState[])), event.state]
      return
    case 'citation':
      if (part.type === 'text') part.citations = [...(part.citations ?? []), event.citation]
      return
    case 'logprobs':
      if (part.type === 'text') part.logprobs = [...(part.logprobs ?? []), ...event.logprobs]
      return
    default:
  }
}

/** The part as it is by now. */
function partOf({ part, said }: Gathering): Part {
  if (said.length === 0) return part as Part
  if (part.type === 'text' || part.type === 'refusal') return { ...part, text: part.text + said.text }
  if (part.type === 'tool-call') return { ...part, arguments: part.arguments + said.text }
  if (part.type === 'reasoning') return { ...part, chunks: appendToLast(part.chunks, said) }
  return part as Part
}

function appendToLast(chunks: ReasoningPart['chunks'], said: GatheredText): readonly string[] {
  if (said.length === 0) return chunks
  return chunks.length === 0 ? [said.text] : [...chunks.slice(0, -1), (chunks.at(-1) ?? '') + said.text]
}

/** A whole reply as events. Parts come whole in their `part-start`, without deltas. */
export function eventsOf(completion: Completion): readonly ReplyEvent[] {
  const events: ReplyEvent[] = [
    {
      type: 'start',
      id: completion.id,
      model: completion.model,
      ...(completion.created === undefined ? {} : { created: completion.created }),
      ...(completion.usage ? { usage: completion.usage } : {}),
    },
    ...completion.raw,
  ]
  let index = 0
  for (const candidate of completion.candidates) {
    for (const part of candidate.parts) {
      events.push({ type: 'part-start', index, candidate: candidate.index, part }, { type: 'part-end', index })
      index++
    }
  }
  events.push(...(completion.embeddings ?? []))
  for (const candidate of completion.candidates) events.push(candidate.finish)
  if (completion.usage) events.push({ type: 'usage', usage: completion.usage })
  events.push({ type: 'end' })
  return events
}
