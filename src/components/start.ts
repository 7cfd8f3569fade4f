import type { Problem } from '../config/problems.ts'
import type { Clock, Log, Processor, ProcessorDefinition, Tools } from '../contract.ts'
import { DeadlinePassed, within } from './deadline.ts'
import { thrownText } from './thrown.ts'

/** A checked definition and all that its `setup` is to be given. */
export interface Planned {
  readonly definition: ProcessorDefinition
  readonly tools: Tools<unknown>
  /** Turns a message into a problem at the processor's table in the configuration. */
  readonly problem: (message: string) => Problem
}

/** Processors that are set up, in the order of the plan. */
export interface Started {
  readonly processors: readonly Processor[]
  /** Closes every processor once, the last one first. May be called again; never rejects. */
  close(): Promise<void>
}

export const SETUP_DEADLINE_MS = 10_000
export const CLOSE_DEADLINE_MS = 5000

/**
 * The life cycle of processors: `setup` in the order of the plan; when one fails, the others are still tried, so that
 * every problem is reported at once, and what was set up is closed again.
 */
export async function startProcessors(
  plan: readonly Planned[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<{ readonly started: Started } | { readonly problems: readonly Problem[] }> {
  const living: Living[] = []
  const problems: Problem[] = []
  for (const planned of plan) {
    const outcome = await setUp(planned, clock, late =>
      closeOne({ label: planned.tools.label, processor: late }, clock, log),
    )
    if ('fault' in outcome) problems.push(planned.problem(outcome.fault))
    else living.push({ label: planned.tools.label, processor: outcome.processor })
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= closeAll(living, clock, log)
    return closing
  }
  if (problems.length === 0) return { started: { processors: living.map(({ processor }) => processor), close } }
  await close()
  return { problems }
}

interface Living {
  readonly label: string
  readonly processor: Processor
}

/** @param closeLate is given a processor that is ready only after nobody waits for it any more */
async function setUp(
  { definition, tools }: Planned,
  clock: Clock,
  closeLate: (processor: Processor) => Promise<void>,
): Promise<{ readonly processor: Processor } | { readonly fault: string }> {
  let settingUp: Promise<unknown> = Promise.resolve()
  try {
    const processor: unknown = await within(clock, SETUP_DEADLINE_MS, () => {
      settingUp = Promise.resolve(definition.setup(tools))
      return settingUp
    })
    if (isProcessor(processor)) return { processor }
    return { fault: 'its setup did not return a processor: an object with the function "handle"' }
  } catch (thrown) {
    if (!(thrown instanceof DeadlinePassed)) return { fault: `could not be set up: ${thrownText(thrown)}` }
    settingUp.then(
      late => (isProcessor(late) ? closeLate(late) : undefined),
      () => undefined,
    )
    return { fault: `could not be set up: ${thrown.message}; what does its setup wait for?` }
  }
}

function isProcessor(value: unknown): value is Processor {
  return typeof value === 'object' && value !== null && 'handle' in value && typeof value.handle === 'function'
}

async function closeAll(living: readonly Living[], clock: Clock, log: Log): Promise<void> {
  for (const one of living.toReversed()) await closeOne(one, clock, log)
}

/** One that fails to close does not keep the others from closing. */
async function closeOne({ label, processor }: Living, clock: Clock, log: Log): Promise<void> {
  try {
    await within(clock, CLOSE_DEADLINE_MS, () => processor.close?.())
  } catch (thrown) {
    log.error('a processor could not be closed', { processor: label, reason: thrownText(thrown) })
  }
}
