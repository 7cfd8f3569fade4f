import type { Outcome, Usage } from '../contract.ts'
import type { ErrorView } from '../formats/error-view.ts'
import type { Loss } from '../formats/losses.ts'
import { Meter } from './meter.ts'

/** How a reply ended, shared by every reply that was derived from one origin. Settles once. */
export class ReplyEnd {
  readonly usage: Promise<Usage | undefined>
  readonly ended: Promise<Outcome>
  /** Somebody reads the events: it is theirs to see to the end. */
  takenOver = false
  readonly #settleUsage: (usage: Usage | undefined) => void
  readonly #settleEnded: (outcome: Outcome) => void
  #known: Usage | undefined
  #outcome: Outcome | undefined
  #model: string | undefined
  #finish: string | undefined
  #error: ErrorView | undefined
  #losses: readonly Loss[] = []
  readonly progress = new Meter()

  constructor() {
    const usage = Promise.withResolvers<Usage | undefined>()
    const ended = Promise.withResolvers<Outcome>()
    this.usage = usage.promise
    this.ended = ended.promise
    this.#settleUsage = usage.resolve
    this.#settleEnded = ended.resolve
  }

  get outcome(): Outcome | undefined {
    return this.#outcome
  }
  /** What is known of the usage so far. */
  get knownUsage(): Usage | undefined {
    return this.#known
  }
  get model(): string | undefined {
    return this.#model
  }
  get finish(): string | undefined {
    return this.#finish
  }
  /** What the upstream, or the way to it, failed with after the reply had begun. */
  get error(): ErrorView | undefined {
    return this.#error
  }

  /** What the conversion of a stream could not carry over, once it has ended. */
  get losses(): readonly Loss[] {
    return this.#losses
  }

  noteLosses(losses: readonly Loss[]): void {
    this.#losses = losses
  }

  note(seen: {
    usage?: Usage | undefined
    model?: string | undefined
    finish?: string | undefined
    error?: ErrorView | undefined
  }): void {
    if (seen.usage) this.#known = seen.usage
    if (seen.model) this.#model = seen.model
    if (seen.finish) this.#finish = seen.finish
    if (seen.error) this.#error ??= seen.error
  }

  settle(outcome: Outcome): void {
    if (this.#outcome) return
    this.#outcome = outcome
    this.#settleUsage(this.#known)
    this.#settleEnded(outcome)
  }
}
