import type { Next } from '../contract.ts'
import type { EngineCall } from './call.ts'
import type { EngineReply } from './reply.ts'
import { type Chain, runStep, type Step } from './step.ts'
import { WaitingUnlessAborted } from './unless-aborted.ts'

/**
 * Steps and what stands behind the last of them → one function. Before `next` is the way in, after it the way out; a
 * step may call `next` again, and each time the rest of the chain runs anew.
 */
export function compose(steps: readonly Step[], terminal: Next): Next {
  const chain = chainFrom(steps, 0, terminal)
  return call =>
    new Promise((resolve, reject) => {
      const { lifetime } = call as EngineCall
      chain(call as EngineCall, new WaitingUnlessAborted(lifetime, resolve, reject))
    })
}

function chainFrom(steps: readonly Step[], index: number, terminal: Next): Chain {
  const step = steps[index]
  if (!step) {
    return (call, waiting) => {
      const fail = (error: unknown): void => waiting.failed(error)
      try {
        terminal(call).then(reply => waiting.took(reply as EngineReply), fail)
      } catch (error) {
        fail(error)
      }
    }
  }
  const rest = chainFrom(steps, index + 1, terminal)
  return (call, waiting) => {
    const { reason } = call.lifetime
    if (reason) waiting.failed(reason)
    else runStep(step, call, rest, waiting)
  }
}
