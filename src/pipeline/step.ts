/** One step of a pipeline while it handles one call: timed, watched, and contained whatever it does. */
import type { Call, Processor, Reply } from '../contract.ts'
import { Refusal } from '../refusal.ts'
import { Watched } from '../stream/watchdog.ts'
import { EngineCall } from './call.ts'
import type { Lifetime } from './lifetime.ts'
import { EngineReply } from './reply.ts'

export interface Step {
  /** The processor's name: its file's. */
  readonly name: string
  readonly label: string
  readonly processor: Processor
  /** Longest time in ms that the step itself may take, waiting for the rest of the chain not counted. */
  readonly deadlineMs: number
  /** Told once per call. */
  readonly observe: (observation: StepObservation) => void
}

export interface StepObservation {
  readonly call: EngineCall
  /** Before the first `next`, and after the last one, in ms. */
  readonly inboundMs: number
  readonly outboundMs: number
  readonly outcome: 'passed' | 'answered' | 'refused' | StepFault
}

/** How a step can break the contract: a closed list, used as a metric's label. */
export type StepFault = 'threw' | 'deadline' | 'no-reply' | 'answered-early' | 'bad-call' | 'late-next'

/** A processor broke the contract. The client learns only that something failed; the log learns which and how. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure'
  readonly step: string
  readonly fault: StepFault
  constructor(step: Step, fault: StepFault, message: string, cause?: unknown) {
    super(`processor "${step.label}" ${message}`, { cause })
    this.step = step.label
    this.fault = fault
  }
}

/** Who waits for a reply. Told once, and without a promise between: one for each step of each call is enough. */
export interface Waiting {
  took(reply: EngineReply): void
  /** @param error a Refusal, a StepFailure, an UpstreamError, or the reason why the call was given up */
  failed(error: unknown): void
}

/** A chain, or the rest of one. */
export type Chain = (call: EngineCall, waiting: Waiting) => void

export function runStep(step: Step, call: EngineCall, rest: Chain, waiting: Waiting): void {
  new StepRun(step, call, rest, waiting).start()
}

class StepRun extends Watched {
  readonly #step: Step
  readonly #call: EngineCall
  readonly #rest: Chain
  readonly #waiting: Waiting
  /** What `next` gave; nearly always one. */
  #replies: readonly EngineReply[] = []
  #runningSince = 0
  #inboundMs: number | undefined
  #outboundMs = 0
  #pending = 0
  #over = false

  constructor(step: Step, call: EngineCall, rest: Chain, waiting: Waiting) {
    super()
    this.#step = step
    this.#call = call
    this.#rest = rest
    this.#waiting = waiting
  }

  start(): void {
    this.#runningSince = performance.now()
    let handled: Promise<Reply>
    try {
      handled = this.#step.processor.handle(this.#call, call => this.#next(call))
    } catch (error) {
      this.#fail(this.#contained(error))
      return
    }
    // A step that went straight on to `next` waits for others now, not for itself.
    if (this.#pending === 0 && !this.#over) this.watch()
    Promise.resolve(handled).then(
      reply => this.#answered(reply),
      error => this.#fail(this.#contained(error)),
    )
  }

  /** Longest time for the step itself; moves on with every wait for the rest of the chain. */
  override get dueAt(): number {
    return this.#runningSince + this.#step.deadlineMs
  }

  override expire(): void {
    const { deadlineMs } = this.#step
    this.#fail(new StepFailure(this.#step, 'deadline', `took longer than its deadline of ${deadlineMs} ms`))
  }

  #next(call: Call): Promise<Reply> {
    if (!(call instanceof EngineCall)) {
      const message = 'gave next() something else than a call; use call.with(…)'
      return seen(Promise.reject(new StepFailure(this.#step, 'bad-call', message)))
    }
    const isOwn = call.exchange === this.#call.exchange
    if (isOwn && this.#over) {
      return seen(Promise.reject(new StepFailure(this.#step, 'late-next', 'called next() after it had answered')))
    }
    const result = Promise.withResolvers<Reply>()
    if (isOwn) this.#pause()
    this.#rest(call, isOwn ? new WaitingStep(this, result) : waitingOutside(result, call.exchange.lifetime))
    return result.promise
  }

  /** The rest of the chain has answered. */
  took(reply: EngineReply): void {
    if (this.#over) reply.cancel()
    else this.#replies = this.#replies.length === 0 ? [reply] : [...this.#replies, reply]
    this.resume()
  }

  /** The step waits for the rest of the chain: that is not its own time. */
  #pause(): void {
    if (this.#pending++ > 0) return
    this.unwatch()
    const ms = performance.now() - this.#runningSince
    if (this.#inboundMs === undefined) this.#inboundMs = ms
    else this.#outboundMs += ms
  }

  /** The rest of the chain is over: the step's own time goes on. */
  resume(): void {
    if (--this.#pending > 0 || this.#over) return
    this.#runningSince = performance.now()
    this.watch()
  }

  #answered(reply: unknown): void {
    if (this.#over) {
      if (reply instanceof EngineReply) reply.cancel()
      return
    }
    if (this.#pending > 0) {
      this.#fail(
        new StepFailure(
          this.#step,
          'answered-early',
          'answered while next() was still running; did it forget to await it?',
        ),
      )
    } else if (!(reply instanceof EngineReply)) {
      this.#fail(
        new StepFailure(this.#step, 'no-reply', 'did not return a reply; return what next() gave, or call.answer(…)'),
      )
    } else {
      this.#close(this.#replies.length > 0 ? 'passed' : 'answered')
      this.#cancelAllBut(reply)
      this.#waiting.took(reply)
    }
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#close(error instanceof StepFailure && error.step === this.#step.label ? error.fault : 'refused')
    this.#cancelAllBut(undefined)
    this.#waiting.failed(error)
  }

  #close(outcome: StepObservation['outcome']): void {
    this.#over = true
    this.unwatch()
    const ms = this.#pending > 0 ? 0 : performance.now() - this.#runningSince
    const first = this.#inboundMs === undefined
    this.#step.observe({
      call: this.#call,
      inboundMs: this.#inboundMs ?? ms,
      outboundMs: first ? 0 : this.#outboundMs + ms,
      outcome,
    })
  }

  /**
   * Lets go of the upstreams behind replies that the step got and did not pass on. One that it reads itself lives on
   * behind the answer that it gave; without an answer there is nothing that could still read it.
   */
  #cancelAllBut(kept: EngineReply | undefined): void {
    for (const reply of this.#replies) {
      const isReadByAnswer = kept !== undefined && reply.end.takenOver
      if (reply.origin !== kept?.origin && !isReadByAnswer) reply.cancel()
    }
  }

  /** What was thrown, made safe: it may be anything, with accessors that throw in their turn. */
  #contained(error: unknown): unknown {
    try {
      return this.#judged(error)
    } catch {
      return new StepFailure(this.#step, 'threw', 'threw an object that throws when it is looked at')
    }
  }

  /** A refusal passes as it is, and so does what an inner step was already blamed for. */
  #judged(error: unknown): unknown {
    if (error instanceof Refusal || error instanceof StepFailure) return error
    if (error !== undefined && error === this.#call.lifetime.reason) return error
    if (isRefusalLike(error)) return new Refusal(error.status, error.code, error.message)
    return new StepFailure(this.#step, 'threw', `threw ${describe(error)}`, error)
  }
}

/** A step that has called `next`, and waits for what comes of it. */
class WaitingStep implements Waiting {
  readonly #run: StepRun
  readonly #result: PromiseWithResolvers<Reply>

  constructor(run: StepRun, result: PromiseWithResolvers<Reply>) {
    this.#run = run
    this.#result = result
  }

  took(reply: EngineReply): void {
    this.#run.took(reply)
    this.#result.resolve(reply)
  }

  failed(error: unknown): void {
    this.#run.resume()
    seen(this.#result.promise)
    this.#result.reject(error)
  }
}

/** For a call that was detached: the end of the step's own call has nothing to do with it. */
function waitingOutside(result: PromiseWithResolvers<Reply>, lifetime: Lifetime): Waiting {
  return {
    took: reply => {
      reply.ended.then(() => lifetime.end())
      result.resolve(reply)
    },
    failed: error => {
      lifetime.end()
      seen(result.promise)
      result.reject(error)
    },
  }
}

/** Nobody need await it: a rejection that nobody listens to would end the process. */
function seen<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** A file that does not import `Refusal` can refuse too: with any object that has these three. */
function isRefusalLike(error: unknown): error is { status: number; code: string; message: string } {
  if (typeof error !== 'object' || error === null) return false
  const { status, code, message } = error as Readonly<Record<string, unknown>>
  const fits = typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599
  return fits && typeof code === 'string' && typeof message === 'string'
}

/** Says what was thrown without running any of its code: a getter or a `toString` may throw again. */
function describe(error: unknown): string {
  if (error instanceof Error) return error.name
  return error === null ? 'null' : typeof error === 'object' ? 'an object that is no Error' : `a bare ${typeof error}`
}
