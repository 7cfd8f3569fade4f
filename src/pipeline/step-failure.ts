/** How a step can break the contract, and what is made of whatever it throws. */
import { Refusal } from '../refusal.ts'
import type { Step } from './step.ts'

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

/**
 * What a step threw, made safe: it may be anything, with accessors that throw in their turn.
 * @param reason why the call was given up, if it was: a step may pass that on
 */
export function contained(error: unknown, step: Step, reason: Error | undefined): unknown {
  try {
    return judged(error, step, reason)
  } catch {
    return new StepFailure(step, 'threw', 'threw an object that throws when it is looked at')
  }
}

/** A refusal passes as it is, and so does what an inner step was already blamed for. */
function judged(error: unknown, step: Step, reason: Error | undefined): unknown {
  if (error instanceof Refusal || error instanceof StepFailure) return error
  if (error !== undefined && error === reason) return error
  if (isRefusalLike(error)) return new Refusal(error.status, error.code, error.message)
  return new StepFailure(step, 'threw', `threw ${describe(error)}`, error)
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
