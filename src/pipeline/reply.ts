import type { Format, Outcome, Progress, Reply, ReplyEvent, Usage } from '../contract.ts'
import type { Loss } from '../formats/losses.ts'
import { iterate } from '../stream/flow.ts'
import { eventFlow } from './event-flow.ts'
import type { Exchange } from './exchange.ts'
import type { Origin } from './origin.ts'
import { type Rendered, render, renderWhole } from './render.ts'
import { ReplyEnd } from './reply-end.ts'

interface Change {
  (event: ReplyEvent): ReplyEvent | readonly ReplyEvent[] | undefined
  /** Gives every event back as it is. */
  readonly onlyLooks?: true
}

/** The engine's `Reply`: an origin, the format it is to be given in, and the changes on the way. */
export class EngineReply implements Reply {
  readonly exchange: Exchange
  readonly origin: Origin
  readonly end: ReplyEnd
  readonly format: Format
  readonly headers: Readonly<Record<string, string>>
  readonly changes: readonly Change[]
  #taken: AsyncIterable<ReplyEvent> | undefined
  #priced: { readonly usage: Usage; readonly cost: number | undefined } | undefined
  #rendered: { readonly bytes: Buffer; readonly losses: readonly Loss[] } | undefined

  private constructor(
    from: Pick<EngineReply, 'exchange' | 'origin' | 'end'>,
    format: Format,
    headers: Readonly<Record<string, string>>,
    changes: readonly Change[],
  ) {
    this.exchange = from.exchange
    this.origin = from.origin
    this.end = from.end
    this.format = format
    this.headers = headers
    this.changes = changes
  }

  static of(exchange: Exchange, origin: Origin): EngineReply {
    return new EngineReply({ exchange, origin, end: new ReplyEnd() }, origin.format, origin.headers, [])
  }

  get status(): number {
    return this.origin.status
  }
  get provider(): string {
    return this.origin.provider
  }
  get progress(): Progress {
    return this.end.progress
  }
  get stream(): boolean {
    return this.exchange.head.stream && this.exchange.head.operation === 'generate'
  }
  get usage(): Promise<Usage | undefined> {
    return this.end.usage
  }
  get cost(): Promise<number | undefined> {
    return this.end.usage.then(() => this.knownCost)
  }
  /** What the usage that is known so far costs, in US dollars. */
  get knownCost(): number | undefined {
    const { trail, surroundings } = this.exchange
    if (trail.provider === '') return 0
    const usage = this.end.knownUsage
    if (usage?.repeated) return 0
    if (!usage || !surroundings.prices) return undefined
    if (this.#priced?.usage !== usage) {
      this.#priced = { usage, cost: surroundings.prices.cost(trail.provider, trail.model, usage) }
    }
    return this.#priced.cost
  }
  get ended(): Promise<Outcome> {
    return this.end.ended
  }

  get losses(): readonly Loss[] {
    const whole = !this.stream && this.origin.body.kind === 'whole'
    return whole ? this.whole().losses : this.end.losses
  }

  get events(): AsyncIterable<ReplyEvent> {
    if (this.#taken) return this.#taken
    // From now on, not from the first read: a step may return before anybody reads, and must not lose the reply then.
    this.end.takenOver = true
    // Nor may it leak when nobody ever reads: a generator that was not begun cannot clean up after itself.
    this.exchange.lifetime.onEnd(() => {
      if (this.end.outcome === undefined) this.cancel()
    })
    this.#taken = takeOver(this)
    return this.#taken
  }

  map(change: Change): EngineReply {
    return new EngineReply(this, this.format, this.headers, [...this.changes, change])
  }

  observe(see: (event: ReplyEvent) => void): EngineReply {
    const look = (event: ReplyEvent): ReplyEvent => {
      see(event)
      return event
    }
    return this.map(Object.assign(look, { onlyLooks: true } as const))
  }

  with({ headers = {} }: { readonly headers?: Readonly<Record<string, string>> }): EngineReply {
    const reply = new EngineReply(this, this.format, { ...this.headers, ...headers }, this.changes)
    reply.#rendered = this.#rendered
    return reply
  }

  as(format: Format): EngineReply {
    return format === this.format ? this : new EngineReply(this, format, this.headers, this.changes)
  }

  cancel(): void {
    this.origin.cancel()
    this.end.settle('abandoned')
  }

  /** The body in one piece; only for replies whose origin is whole. */
  whole(): { readonly bytes: Buffer; readonly losses: readonly Loss[] } {
    this.#rendered ??= renderWhole(this)
    return this.#rendered
  }

  /** What goes to the client. */
  render(): Rendered | Promise<Rendered> {
    return render(this)
  }
}

/** Reads a reply instead of delivering it: whoever reads sees to its end. */
async function* takeOver(reply: EngineReply): AsyncGenerator<ReplyEvent> {
  const { end, origin } = reply
  try {
    for await (const event of iterate(eventFlow(reply))) yield event
    end.settle(end.error ? 'failed' : 'completed')
  } catch (error) {
    end.settle('failed')
    throw error
  } finally {
    if (end.outcome === undefined) origin.cancel()
    end.settle('abandoned')
  }
}
