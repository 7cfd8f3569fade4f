/** One step of a pipeline while it handles one call: timed, watched, and contained whatever it does. */
import type { Call, Processor, Reply } from '../contract.ts'
import { Watched } from '../stream/watchdog.ts'
import { EngineCall } from './call.ts'
import type { Lifetime } from './lifetime.ts'
import { EngineReply } from './reply.ts'
import { contained, StepFailure, type StepFault } from './step-failure.ts'

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
  /** The last that was asked for with `next`. */
  #asked: WaitingStep | undefined
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
      this.failed(error)
      return
    }
    // A step that went straight on to `next` waits for others now, not for itself.
    if (this.#pending === 0 && !this.#over) this.watch()
    if (handled === this.#asked?.promise && this.#pending > 0) {
      this.#asked.passOn()
      return
    }
    Promise.resolve(handled).then(
      reply => this.answered(reply),
      error => this.failed(error),
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
    if (isOwn) {
      this.#pause()
      this.#asked = new WaitingStep(this, result)
      this.#rest(call, this.#asked)
    } else this.#rest(call, waitingOutside(result, call.exchange.lifetime))
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

  /** The step has answered. */
  answered(reply: unknown): void {
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

  /** The step has thrown. */
  failed(error: unknown): void {
    this.#fail(contained(error, this.#step, this.#call.lifetime.reason))
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
}

/** A step that has called `next`, and waits for what comes of it. */
class WaitingStep implements Waiting {
  readonly #run: StepRun
  readonly #result: PromiseWithResolvers<Reply>
  #isPassedOn = false

  constructor(run: StepRun, result: PromiseWithResolvers<Reply>) {
    this.#run = run
    this.#result = result
  }

  get promise(): Promise<Reply> {
    return this.#result.promise
  }

  /** The step has returned the promise: what becomes of it is its answer, and is told without waiting for a turn. */
  passOn(): void {
    this.#isPassedOn = true
  }

  took(reply: EngineReply): void {
    this.#run.took(reply)
    this.#result.resolve(reply)
    if (this.#isPassedOn) this.#run.answered(reply)
  }

  failed(error: unknown): void {
    this.#run.resume()
    seen(this.#result.promise)
    this.#result.reject(error)
    if (this.#isPassedOn) this.#run.failed(error)
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
