import { availableParallelism } from 'node:os'
import { type Blueprint, loadAll } from '../components/load-all.ts'
import { type Environment, variable } from '../config/environment.ts'
import { secretsIn } from '../config/secrets-in.ts'
import { setUpGateway } from '../gateway.ts'
import { startServices } from '../services/services.ts'
import { WORKER_VARIABLE } from '../workers/worker.ts'
import { addressProblem } from './address-problem.ts'
import { announce } from './announce.ts'
import type { Arguments } from './arguments.ts'
import { stopOnSignal, surviveStrayRejections } from './process-events.ts'
import { runWorker } from './run-worker.ts'
import { runWorkers } from './run-workers.ts'

/**
 * Runs the gateway until the process is told to stop. Resolves as soon as it listens; signals do the rest.
 * @returns the exit code, should it be over by then
 * @throws ConfigProblems, UsageError when the address cannot be taken
 */
export async function run(given: Arguments, environment: Environment, version: string): Promise<number> {
  const loading = startServices({ level: 'warn', format: 'auto' })
  const blueprint = await loadAll(given.config, environment, loading)
  await loading.close()
  const { workers } = blueprint.config.server
  const count = workers === 0 ? availableParallelism() : workers
  if (variable(environment, WORKER_VARIABLE) !== undefined) return runWorker(blueprint, count, given)
  return count > 1 ? runWorkers(blueprint, count, version) : runAlone(blueprint, given, version)
}

async function runAlone(blueprint: Blueprint, given: Arguments, version: string): Promise<number> {
  const { config } = blueprint
  const services = startServices({ ...config.log, secrets: [...secretsIn(config)] }, config)
  const ready = await setUpGateway(blueprint, services).catch(async (error: unknown) => {
    // A connection to the store would keep the process alive.
    await services.close()
    throw error
  })
  const running = await ready.listen(given).catch(async (error: unknown) => {
    await ready.close()
    await services.close()
    throw addressProblem(error, { ...config.server, ...given })
  })
  announce({ url: running.url, version, ready, config, workers: 1 }, services)
  surviveStrayRejections(services)
  stopOnSignal({ stop: () => running.stop(), kill: () => {} }, services)
  return 0
}
