import type { Call, Next, Reply } from '../contract.ts'
import type { EngineCall } from './call.ts'
import { runStep, type Step } from './step.ts'

/**
 * Steps and what stands behind the last of them → one function. Before `next` is the way in, after it the way out; a
 * step may call `next` again, and each time the rest of the chain runs anew.
 */
export function compose(steps: readonly Step[], terminal: Next): Next {
  const from = (index: number): Next => {
    const step = steps[index]
    if (!step) return terminal
    const rest = from(index + 1)
    return (call: Call): Promise<Reply> => {
      const { lifetime } = call as EngineCall
      return lifetime.reason ? Promise.reject(lifetime.reason) : runStep(step, call as EngineCall, rest)
    }
  }
  return from(0)
}
