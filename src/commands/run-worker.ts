import type { Blueprint } from '../components/load-all.ts'
import type { Config } from '../config/config.ts'
import { secretsIn } from '../config/secrets-in.ts'
import { type RunningGateway, setUpGateway } from '../gateway.ts'
import { type Services, startServices } from '../services/services.ts'
import { sharedStore } from '../services/store.ts'
import { snapshotOf } from '../services/summed-metrics.ts'
import { Line, type Peer } from '../workers/line.ts'
import type { ToPrimary, ToWorker } from '../workers/questions.ts'
import { storeOfPrimary } from '../workers/shared-memory.ts'
import { addressProblem } from './address-problem.ts'
import type { Arguments } from './arguments.ts'
import { surviveStrayRejections } from './process-events.ts'

type PrimaryLine = Line<ToPrimary, ToWorker>

const TIMEOUT_MS = 5000

/** One worker: a whole gateway, but for what the primary does for all of them. @returns the exit code */
export async function runWorker(blueprint: Blueprint, count: number, given: Arguments): Promise<number> {
  const { config } = blueprint
  let running: RunningGateway | undefined
  const line: PrimaryLine = new Line(primary(), question =>
    question.kind === 'snapshot' ? snapshotOf(services.metrics.registry) : leave(running, services),
  )
  const services = servicesOf(config, count, line)
  heedThePrimaryOnly()
  surviveStrayRejections(services)
  // Whoever listens to messages, or is connected to the store, never ends by himself.
  const leaveOff = async (): Promise<void> => {
    process.channel?.unref()
    await services.close()
  }
  const ready = await setUpGateway(blueprint, services).catch(async (error: unknown) => {
    await leaveOff()
    throw error
  })
  try {
    running = await ready.listen(given)
  } catch (error) {
    await ready.close()
    await leaveOff()
    throw addressProblem(error, { ...config.server, ...given })
  }
  await line.ask({ kind: 'ready', url: running.url }, TIMEOUT_MS)
  return 0
}

/** The process that has started this one. */
function primary(): Peer {
  return {
    send: message => process.send?.(message),
    on: (event, listener) => process.on(event, listener),
  }
}

/** Limits and metrics are those of all workers. */
function servicesOf(config: Config, count: number, line: PrimaryLine): Services {
  const shared = { ...config.store, instances: config.store.instances * count }
  const services = startServices({ ...config.log, secrets: [...secretsIn(config)] }, { ...config, store: shared })
  return {
    ...services,
    store: config.store.driver === 'memory' ? sharedStore(storeOfPrimary(line)) : services.store,
    metrics: {
      ...services.metrics,
      render: async () => String(await line.ask({ kind: 'metrics' }, TIMEOUT_MS)),
    },
  }
}

/** A terminal or a service manager signals all processes at once. The primary knows what to make of it. */
function heedThePrimaryOnly(): void {
  process.on('SIGTERM', () => {})
  process.on('SIGINT', () => {})
}

/** @returns how many calls were cut */
async function leave(running: RunningGateway | undefined, services: Services): Promise<number> {
  const cut = (await running?.stop()) ?? 0
  await services.close()
  // Behind the answer. Without a primary a worker ends.
  setImmediate(() => process.disconnect?.())
  return cut
}
