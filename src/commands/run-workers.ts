import type { Blueprint } from '../components/load-all.ts'
import { secretsIn } from '../config/secrets-in.ts'
import { setUpGateway } from '../gateway.ts'
import { startServices } from '../services/services.ts'
import { MemoryStore } from '../services/store-memory.ts'
import { Workers } from '../workers/workers.ts'
import { announce } from './announce.ts'
import { stopOnSignal } from './process-events.ts'

/** A worker kept dying. */
const HOPELESS = 70

/**
 * The primary: sets everything up once to see that it can be, starts the workers, and speaks for all of them. Calls
 * never pass through it.
 * @returns the exit code of the first worker, should it not come to listen; it has said why
 * @throws ConfigProblems
 */
export async function runWorkers(blueprint: Blueprint, count: number, version: string): Promise<number> {
  const { config } = blueprint
  const { drainTimeout } = config.server
  const services = startServices({ ...config.log, secrets: [...secretsIn(config)] })
  const ready = await setUpGateway(blueprint, services)
  await ready.close()
  const workers = new Workers({
    count,
    log: services.log,
    store: new MemoryStore(services.clock),
    onHopeless: () => void workers.stop(drainTimeout).then(() => process.exit(HOPELESS)),
  })
  // From the beginning: a signal must not leave workers behind that are still starting.
  stopOnSignal({ stop: () => workers.stop(drainTimeout), kill: () => workers.kill() }, services)
  const started = await workers.start()
  if ('code' in started) {
    await services.close()
    return started.code
  }
  announce({ url: started.url, version, ready, config, workers: count }, services)
  return 0
}
