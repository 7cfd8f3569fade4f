/** One checked `[pipelines.<name>]` and its set-up processors → one function from calls to replies. */
import type { Next, PreflightRequest, Processor, Reply } from '../contract.ts'
import type { EngineCall } from './call.ts'
import { compose } from './compose.ts'
import type { Step, StepObservation } from './step.ts'

export interface StepParts {
  readonly name: string
  readonly label: string
  /** ms; a processor that waits on purpose may ask for more. */
  readonly deadlineMs: number
  readonly processor: Processor
  readonly observe: (observation: StepObservation) => void
}

export interface BuiltPipeline {
  readonly run: Next
  preflight(request: PreflightRequest): Readonly<Record<string, string>> | undefined
}

export function buildPipeline(parts: readonly StepParts[], send: (call: EngineCall) => Promise<Reply>): BuiltPipeline {
  const steps = parts.map(
    ({ name, label, deadlineMs, processor, observe }): Step => ({
      name,
      label,
      processor,
      deadlineMs: processor.deadlineMs ?? deadlineMs,
      observe: observation => {
        const { timings } = observation.call.exchange
        timings.add(label, observation.inboundMs + observation.outboundMs)
        observe(observation)
      },
    }),
  )
  return {
    run: compose(steps, call => send(call as EngineCall)),
    preflight(request) {
      for (const { processor } of steps) {
        const headers = processor.preflight?.(request)
        if (headers) return headers
      }
      return undefined
    },
  }
}
