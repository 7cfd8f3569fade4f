/**
 * Ends a reply at a stop sequence where the provider takes none (OpenAI's Responses API and reasoning models), or not as
 * many (conversion.md D.0, E124).
 */
import type { Amender, Amendment } from './amendment.ts'
import type { Conversation, TextPart } from './conversation.ts'
import { estimateTokens, textTokens } from './count-tokens.ts'
import type { FinishEvent, PartStartEvent, ReplyEvent, TextDeltaEvent, Usage } from './reply-events.ts'
import { StopMatcher } from './stop-matcher.ts'

export interface StopPlan {
  /** What the provider is given. */
  readonly sent: readonly string[]
  /** Set where that is not all: ends the reply at the others. */
  readonly amendment?: Amendment
}

/** What to tell of such a plan: the reply is the same, what it costs may not be. */
export const STOPS_HERE =
  'Sluice ends the reply there, since the provider does not; what is said behind it may be paid for'

/**
 * @param most how many stop sequences the provider takes
 * @param stream whether it is asked for a stream: then its reply is let go of at the stop, and its usage is estimated
 */
export function planStop(conversation: Conversation, most: number, stream: boolean): StopPlan {
  const stop = (conversation.stop ?? []).filter(sequence => sequence !== '')
  const rest = stop.slice(most)
  if (rest.length === 0) return { sent: stop }
  const begin = (): Amender => {
    const scan = new StopScan(rest, conversation, stream)
    return event => scan.event(event)
  }
  return { sent: stop.slice(0, most), amendment: begin }
}

interface OpenPart {
  readonly index: number
  readonly candidate: number
  /** Of a text. */
  readonly scan: TextScan | undefined
}

class StopScan {
  readonly #stop: readonly string[]
  readonly #conversation: Conversation
  readonly #stream: boolean
  /** By the index that the part came with: parts behind a stop are left out, and the others close the gap. */
  readonly #open = new Map<number, OpenPart>()
  #next = 0
  /** How the candidates end that have come to a stop. */
  readonly #stopped = new Map<number, FinishEvent>()
  readonly #said: string[] = []
  #usage: Usage | undefined

  constructor(stop: readonly string[], conversation: Conversation, stream: boolean) {
    this.#stop = stop
    this.#conversation = conversation
    this.#stream = stream
  }

  event(event: ReplyEvent): readonly ReplyEvent[] {
    switch (event.type) {
      case 'start':
      case 'usage':
        this.#usage = event.usage ?? this.#usage
        return [event]
      case 'part-start':
        return this.#stopped.has(event.candidate) ? [] : this.#start(event)
      case 'finish':
        return [this.#stopped.get(event.candidate) ?? event]
      default:
        return 'index' in event ? this.#inPart(event) : [event]
    }
  }

  #start(event: PartStartEvent): readonly ReplyEvent[] {
    const { candidate, part } = event
    const index = this.#next++
    const scan = part.type === 'text' ? new TextScan(this.#stop) : undefined
    this.#open.set(event.index, { index, candidate, scan })
    if (part.type !== 'text' || scan === undefined) return [{ ...event, index }]
    const { text, found } = scan.see(part.text)
    this.#said.push(text)
    const start: PartStartEvent = { ...event, index, part: found === undefined ? { ...part, text } : cutAt(part, text) }
    return found === undefined ? [start] : [start, ...this.#stopAt(found, candidate)]
  }

  #inPart(event: Exclude<Extract<ReplyEvent, { index: number }>, PartStartEvent>): readonly ReplyEvent[] {
    const part = this.#open.get(event.index)
    if (part === undefined) return []
    const { index } = part
    if (event.type === 'text-delta' || event.type === 'arguments-delta') this.#said.push(event.text)
    if (event.type === 'text-delta' && part.scan !== undefined) return this.#text(event, part, part.scan)
    if (event.type !== 'part-end') return [{ ...event, index }]
    this.#open.delete(event.index)
    return [...textOf(index, part.scan?.rest() ?? ''), { ...event, index }]
  }

  #text(event: TextDeltaEvent, { index, candidate }: OpenPart, scan: TextScan): readonly ReplyEvent[] {
    const { text, found } = scan.see(event.text)
    return found === undefined ? textOf(index, text) : [...textOf(index, text), ...this.#stopAt(found, candidate)]
  }

  /** Closes what is open. Once every candidate has come to a stop, so has the reply. */
  #stopAt(stopSequence: string, candidate: number): readonly ReplyEvent[] {
    const events: ReplyEvent[] = []
    for (const [came, part] of this.#open) {
      if (part.candidate !== candidate) continue
      this.#open.delete(came)
      events.push({ type: 'part-end', index: part.index })
    }
    this.#stopped.set(candidate, { type: 'finish', candidate, reason: 'stop-sequence', stopSequence })
    if (!this.#stream || this.#stopped.size < (this.#conversation.candidates ?? 1)) return events
    return [...events, ...this.#stopped.values(), { type: 'usage', usage: this.#estimate() }, { type: 'end' }]
  }

  #estimate(): Usage {
    const { raw: _, ...known } = this.#usage ?? { input: estimateTokens(this.#conversation), output: 0 }
    return { ...known, output: Math.max(known.output, textTokens(this.#said.join(''))), estimated: true }
  }
}

/** A text that came whole, up to its stop; what was said of the rest of it goes too. */
function cutAt({ logprobs: _, citations, ...part }: TextPart, text: string): TextPart {
  const within = citations?.filter(({ end = 0 }) => end <= text.length)
  return { ...part, text, ...(within && { citations: within }) }
}

function textOf(index: number, text: string): readonly ReplyEvent[] {
  return text === '' ? [] : [{ type: 'text-delta', index, text }]
}

/** One text, watched for all sequences at once. What may be the beginning of one is held back. */
class TextScan {
  readonly #matchers: readonly StopMatcher[]
  #held = ''

  constructor(stop: readonly string[]) {
    this.#matchers = stop.map(sequence => new StopMatcher(sequence))
  }

  /** @returns what may be shown, and the sequence that ends it, the longest of those that end first */
  see(piece: string): { readonly text: string; readonly found?: string } {
    const text = this.#held + piece
    for (let at = this.#held.length; at < text.length; at++) {
      const found = this.#seeUnit(text.charCodeAt(at))
      if (found !== undefined) return { text: text.slice(0, at + 1 - found.length), found }
    }
    const shown = text.length - Math.max(0, ...this.#matchers.map(({ matched }) => matched))
    this.#held = text.slice(shown)
    return { text: text.slice(0, shown) }
  }

  /** What was held back for nothing. */
  rest(): string {
    return this.#held
  }

  #seeUnit(unit: number): string | undefined {
    let found: string | undefined
    for (const matcher of this.#matchers) {
      if (matcher.see(unit) && matcher.sequence.length > (found?.length ?? 0)) found = matcher.sequence
    }
    return found
  }
}
