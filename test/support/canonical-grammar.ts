/** Holds a sequence of reply events against the grammar in `src/formats/reply-events.ts`. */
import type { ReplyEvent } from '../../src/formats/reply-events.ts'

/** @returns what is wrong, a sentence each; empty when the sequence is a whole reply, or one that ends in an error */
export function grammarViolations(events: readonly ReplyEvent[]): readonly string[] {
  const checker = new GrammarChecker()
  for (const event of events) checker.event(event)
  checker.end()
  return checker.violations
}

/** @returns what is wrong first, `undefined` when nothing is */
export function grammarViolation(events: readonly ReplyEvent[]): string | undefined {
  return grammarViolations(events)[0]
}

class GrammarChecker {
  readonly violations: string[] = []
  readonly #open = new Set<number>()
  readonly #candidates = new Set<number>()
  readonly #finished = new Set<number>()
  #parts = 0
  #hasEmbeddings = false
  #state: 'before' | 'open' | 'finishing' | 'ended' | 'failed' = 'before'

  event(event: ReplyEvent): void {
    if (this.#state === 'ended' || this.#state === 'failed') this.#wrong(`${event.type} after the last event`)
    else if (event.type === 'error') this.#state = 'failed'
    else if (event.type === 'start') this.#start()
    else this.#later(event)
  }

  end(): void {
    if (this.#state !== 'ended' && this.#state !== 'failed') this.#wrong('the reply has no end')
  }

  #start(): void {
    if (this.#state !== 'before') this.#wrong('a second start')
    this.#state = 'open'
  }

  #later(event: Exclude<ReplyEvent, { type: 'start' | 'error' }>): void {
    if (this.#state === 'before') this.#wrong(`${event.type} before start`)
    if (event.type === 'finish') this.#finish(event.candidate)
    else if (event.type === 'end') this.#end()
    else {
      if (this.#state === 'finishing' && event.type !== 'usage') this.#wrong(`${event.type} after a finish`)
      this.#inside(event)
    }
  }

  #inside(event: Exclude<ReplyEvent, { type: 'start' | 'finish' | 'end' | 'error' }>): void {
    switch (event.type) {
      case 'part-start':
        if (event.index !== this.#parts) this.#wrong(`part ${event.index} begins where part ${this.#parts} should`)
        this.#parts = event.index + 1
        this.#open.add(event.index)
        this.#candidates.add(event.candidate)
        return
      case 'part-end':
        if (!this.#open.delete(event.index)) this.#wrong(`part ${event.index} ends and is not open`)
        return
      case 'embedding':
        this.#hasEmbeddings = true
        return
      case 'usage':
      case 'ping':
      case 'raw':
        return
      default:
        this.#within(event)
    }
  }

  #within(event: ReplyEvent): void {
    if (!('index' in event)) this.#wrong(`unknown event ${event.type}`)
    else if (!this.#open.has(event.index)) this.#wrong(`${event.type} of part ${event.index}, which is not open`)
    else if (event.type === 'text-delta' && splitsPair(event.text)) this.#wrong('a text delta splits a surrogate pair')
  }

  #finish(candidate: number): void {
    this.#state = 'finishing'
    if (this.#open.size > 0) this.#wrong(`candidate ${candidate} finishes while parts ${[...this.#open]} are open`)
    if (this.#finished.has(candidate)) this.#wrong(`candidate ${candidate} finishes twice`)
    this.#finished.add(candidate)
  }

  #end(): void {
    if (this.#state !== 'finishing' && !this.#hasEmbeddings) this.#wrong('end without a finish')
    for (const candidate of this.#candidates) {
      if (!this.#finished.has(candidate)) this.#wrong(`candidate ${candidate} never finishes`)
    }
    this.#state = 'ended'
  }

  #wrong(what: string): void {
    this.violations.push(what)
  }
}

function splitsPair(text: string): boolean {
  const first = text.charCodeAt(0)
  const last = text.charCodeAt(text.length - 1)
  return (last >= 0xd800 && last <= 0xdbff) || (first >= 0xdc00 && first <= 0xdfff)
}
