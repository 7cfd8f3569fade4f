/** One checked `[pipelines.<name>]` and its set-up processors → one function from calls to replies. */
import type { Next, PreflightRequest, Processor, Reply, RequestHeaders } from '../contract.ts'
import type { EngineCall } from './call.ts'
import { compose } from './compose.ts'
import type { Step, StepObservation } from './step.ts'

export interface StepParts {
  readonly name: string
  readonly label: string
  /** ms, where the configuration says so; it has the last word. */
  readonly deadlineMs: number | undefined
  readonly processor: Processor
  readonly observe: (observation: StepObservation) => void
}

/** For processors that neither say themselves how long they may wait nor are told so. */
const DEFAULT_DEADLINE_MS = 60_000

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({})

export interface BuiltPipeline {
  readonly run: Next
  /** Headers that every response of the pipeline's routes gets, whatever becomes of the call. */
  responseHeaders(request: RequestHeaders): Readonly<Record<string, string>>
  preflight(request: PreflightRequest): Readonly<Record<string, string>> | undefined
}

export function buildPipeline(parts: readonly StepParts[], send: (call: EngineCall) => Promise<Reply>): BuiltPipeline {
  const steps = parts.map(
    ({ name, label, deadlineMs, processor, observe }): Step => ({
      name,
      label,
      processor,
      deadlineMs: deadlineMs ?? processor.deadlineMs ?? DEFAULT_DEADLINE_MS,
      observe: observation => {
        const { timings } = observation.call.exchange
        timings.add(label, observation.inboundMs + observation.outboundMs)
        observe(observation)
      },
    }),
  )
  const decorating = parts.map(({ processor }) => processor).filter(({ responseHeaders }) => responseHeaders)
  return {
    run: compose(steps, call => send(call as EngineCall)),
    responseHeaders(request) {
      if (decorating.length === 0) return NO_HEADERS
      return Object.assign({}, ...decorating.map(processor => processor.responseHeaders?.(request)))
    },
    preflight(request) {
      for (const { processor } of steps) {
        const headers = processor.preflight?.(request)
        if (headers) return headers
      }
      return undefined
    },
  }
}
