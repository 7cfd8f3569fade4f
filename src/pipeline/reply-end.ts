import type { Outcome, Usage } from '../contract.ts'
import type { ErrorView } from '../formats/error-view.ts'
import type { Loss } from '../formats/losses.ts'
import { Meter } from './meter.ts'

/** How a reply ended, shared by every reply that was derived from one origin. Settles once. */
export class ReplyEnd {
  /** Somebody reads the events: it is theirs to see to the end. */
  takenOver = false
  /** Made for whoever waits: most replies end without anybody waiting for it. */
  #waiting: PromiseWithResolvers<Outcome> | undefined
  #known: Usage | undefined
  #outcome: Outcome | undefined
  #model: string | undefined
  #finish: string | undefined
  #error: ErrorView | undefined
  #losses: readonly Loss[] = []
  readonly progress = new Meter()

  get ended(): Promise<Outcome> {
    if (!this.#waiting) {
      this.#waiting = Promise.withResolvers()
      if (this.#outcome) this.#waiting.resolve(this.#outcome)
    }
    return this.#waiting.promise
  }
  get usage(): Promise<Usage | undefined> {
    return this.ended.then(() => this.#known)
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
    this.#waiting?.resolve(outcome)
  }
}
