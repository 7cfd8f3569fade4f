import { loadAll } from '../components/load-all.ts'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import { secretsIn } from '../config/secrets-in.ts'
import { type ReadyGateway, type RunningGateway, setUpGateway } from '../gateway.ts'
import { sampleCall, startPage } from '../server/start-page.ts'
import { type Services, startServices } from '../services/services.ts'
import { asError } from '../stream/as-error.ts'
import { type Arguments, UsageError } from './arguments.ts'

/**
 * Runs the gateway until the process is told to stop. Resolves as soon as it listens; signals do the rest.
 * @throws ConfigProblems, UsageError when the address cannot be taken
 */
export async function run(given: Arguments, environment: Environment, version: string): Promise<void> {
  const loading = startServices({ level: 'warn', format: 'auto' })
  const blueprint = await loadAll(given.config, environment, loading)
  await loading.close()
  const { config } = blueprint
  const services = startServices({ ...config.log, secrets: [...secretsIn(config)] }, config)
  const ready = await setUpGateway(blueprint, services)
  const running = await ready.listen(given).catch(async (error: unknown) => {
    await ready.close()
    await services.close()
    throw addressProblem(error, config)
  })
  announce(running, ready, config, services, version)
  surviveStrayRejections(services)
  stopOnSignal(running, services)
}

/** A processor that forgets a promise breaks no call; it is not to end everybody else's either. */
function surviveStrayRejections({ log }: Services): void {
  process.on('unhandledRejection', reason => {
    log.error('a promise was rejected and nobody listened; some processor does not await it', {
      stack: asError(reason).stack,
    })
  })
}

/** A page for a person in a terminal; one line of the log for everybody else. */
function announce(
  running: RunningGateway,
  ready: ReadyGateway,
  config: Config,
  services: Services,
  version: string,
): void {
  const keyless = [...ready.providers].flatMap(([provider, { missingKey }]) =>
    missingKey === undefined ? [] : [{ provider, variable: missingKey }],
  )
  if (process.stdout.isTTY) {
    const defaults = new Map([...config.pipelines.values()].map(({ name, provider }) => [name, provider]))
    const metricsPath = config.metrics.enabled ? config.metrics.path : undefined
    process.stdout.write(
      `\n${startPage({ version, url: running.url, endpoints: ready.endpoints, defaults, keyless, metricsPath })}\n`,
    )
    return
  }
  for (const { provider, variable } of keyless) {
    services.log.warn('provider has no key; calls to it are refused until it is set', { provider, variable })
  }
  services.log.info(`listening on ${running.url}`, {
    url: running.url,
    version,
    try: sampleCall(running.url, ready.endpoints),
  })
}

/** The first signal drains; a second one ends the process at once. */
function stopOnSignal(running: RunningGateway, services: Services): void {
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1)
    stopping = true
    services.log.info('stopping: no new calls; those under way may finish', { signal })
    void running.stop().then(async cut => {
      services.log.info('stopped', { cut })
      await services.close()
      process.exit(0)
    })
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

function addressProblem(error: unknown, { server }: Config): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'something listens there already',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'that port needs more rights',
  }
  const reason = why[code]
  return reason === undefined
    ? error
    : new UsageError(`cannot listen on ${server.host} port ${server.port}: ${reason}; try --port 0`)
}
