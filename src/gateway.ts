/** Configuration → running gateway: the one place where the parts meet, in the order in which a request meets them. */
import { dirname } from 'node:path'
import { filesFor } from './components/files.ts'
import type { Blueprint } from './components/load-all.ts'
import { routeProblems } from './components/route-problems.ts'
import { type Planned, type Started, startProcessors } from './components/start.ts'
import type { PipelineConfig } from './config/config.ts'
import { ConfigProblems } from './config/problems.ts'
import { shippedModels } from './config/shipped-models.ts'
import { ModelCatalogue } from './models/catalogue.ts'
import { buildPipeline } from './pipeline/build.ts'
import type { Surroundings } from './pipeline/exchange.ts'
import { connectProvider, type Provider, sendTo } from './pipeline/providers.ts'
import { openStateKeeping } from './pipeline/state-keeping.ts'
import { ActiveCalls } from './server/active-calls.ts'
import { createListener } from './server/app.ts'
import { BodyBudget } from './server/body-budget.ts'
import { logCall } from './server/call-log.ts'
import { endpointsOf } from './server/endpoints.ts'
import { Handler } from './server/handler.ts'
import { Intake } from './server/intake.ts'
import { type Listening, listen } from './server/listen.ts'
import { type Endpoint, RouteTable } from './server/routes.ts'
import type { Pipeline } from './server/visit.ts'
import { listPrices } from './services/prices.ts'
import type { Services } from './services/services.ts'
import { UnfitStore } from './services/store-driver.ts'

/** Everything set up; not listening yet. */
export interface ReadyGateway {
  readonly endpoints: readonly Endpoint[]
  readonly providers: ReadonlyMap<string, Provider>
  /** @throws Error when the address cannot be taken */
  listen(where?: { readonly host?: string; readonly port?: number }): Promise<RunningGateway>
  /** Undoes the set-up. */
  close(): Promise<void>
}

export interface RunningGateway {
  /** `http://HOST:PORT` */
  readonly url: string
  /** Takes no new calls, lets those under way finish for `drain_timeout`, and undoes everything. @returns how many were cut */
  stop(): Promise<number>
}

/** Of the streams that are encoded here, one in a hundred is checked against its format's grammar. */
const GRAMMAR_SHARE = 0.01

/** @throws ConfigProblems when a processor cannot be set up or routes clash; what was set up is undone then */
export async function setUpGateway(blueprint: Blueprint, services: Services): Promise<ReadyGateway> {
  const { config, formats } = blueprint
  const endpoints = [...config.pipelines.values()].flatMap(pipeline => endpointsOf(pipeline, formats))
  const problems = routeProblems(blueprint, endpoints)
  if (problems.length > 0) throw new ConfigProblems(problems)
  services.engine.describe({ providers: config.providers, models: modelNames(blueprint) })
  const providers = connectProviders(blueprint, services)
  await awaitStore(blueprint, services)
  const surroundings: Surroundings = {
    formats,
    providers: new Map([...providers].map(([name, { facts }]) => [name, facts])),
    models: new ModelCatalogue(config.modelCapabilities, shippedModels()),
    keeping: await openStateKeeping(services.store, services.clock),
    prices: services.prices,
    grammarWatch: { share: GRAMMAR_SHARE, report: (format, isValid) => services.engine.grammar(format, isValid) },
  }
  const stopping = new AbortController()
  const started = await startAll(blueprint, providers, services, stopping.signal)
  const close = async (): Promise<void> => {
    stopping.abort(new Error('the gateway is stopping'))
    await started.close()
    await Promise.all([...providers.values()].map(provider => provider.close()))
  }
  const pipelines = buildPipelines(blueprint, started, providers, services)
  return {
    endpoints,
    providers,
    close,
    listen: where => run(blueprint, services, { endpoints, surroundings, pipelines, close }, where),
  }
}

/** @throws ConfigProblems when the store is there, and of no use */
async function awaitStore({ config }: Blueprint, { store }: Services): Promise<void> {
  try {
    await store.ready()
  } catch (error) {
    if (!(error instanceof UnfitStore)) throw error
    throw new ConfigProblems([{ file: config.file, key: 'store.url', message: error.message }])
  }
}

/** Every model that the configuration mentions: the labels that metrics may use. */
function modelNames({ config }: Blueprint): readonly string[] {
  const references = [...config.pipelines.values()].flatMap(({ steps }) => steps.flatMap(step => step.references))
  const named = references.filter(({ kind }) => kind === 'model').map(({ value }) => value)
  return [...named, ...config.prices.keys()]
}

function connectProviders({ config, kinds }: Blueprint, { clock, engine }: Services): ReadonlyMap<string, Provider> {
  const providers = new Map<string, Provider>()
  for (const [name, settings] of config.providers) {
    const kind = kinds.get(settings.client)
    if (!kind) throw new Error(`there is no provider client "${settings.client}"`)
    providers.set(name, connectProvider(settings, kind, { clock, observe: attempt => engine.attempt(attempt) }))
  }
  return providers
}

/** Sets the processors of all pipelines up, in the order of the file. */
async function startAll(
  { config, environment }: Blueprint,
  providers: ReadonlyMap<string, Provider>,
  services: Services,
  signal: AbortSignal,
): Promise<Started> {
  const formats = new Map([...providers].map(([name, { facts }]) => [name, facts.format]))
  const keyless = new Set([...providers].filter(([, { missingKey }]) => missingKey !== undefined).map(([name]) => name))
  const files = filesFor({
    environment,
    folder: dirname(config.file),
    providers: [...providers.keys()],
    log: services.log,
    hide: secrets => services.log.hide(secrets),
    signal,
  })
  const plan = [...config.pipelines.values()].flatMap(pipeline =>
    pipeline.steps.map(
      (step): Planned => ({
        definition: step.definition,
        problem: message => step.place.problem(message),
        tools: {
          options: step.options,
          label: step.label,
          pipeline: pipeline.name,
          providers: formats,
          keyless,
          log: services.log.child({ pipeline: pipeline.name, processor: step.label }),
          metrics: services.metrics.forStep(pipeline.name, step.label),
          store: services.store.forStep(pipeline.name, step.label),
          prices: services.prices,
          files,
          clock: services.clock,
          signal,
        },
      }),
    ),
  )
  const outcome = await startProcessors(plan, services)
  if ('problems' in outcome) throw new ConfigProblems(outcome.problems)
  return outcome.started
}

function buildPipelines(
  { config }: Blueprint,
  { processors }: Started,
  providers: ReadonlyMap<string, Provider>,
  services: Services,
): ReadonlyMap<string, Pipeline> {
  const send = loadingPrices(sendTo(providers))
  const remaining = [...processors]
  return new Map(
    [...config.pipelines].map(([name, pipeline]) => {
      const own = remaining.splice(0, pipeline.steps.length)
      const parts = pipeline.steps.flatMap((step, index) => {
        const processor = own[index]
        const observe = services.engine.step(name, step.label)
        return processor ? [{ name: step.use, label: step.label, deadlineMs: step.deadline, processor, observe }] : []
      })
      return [name, { ...serverSide(pipeline), ...buildPipeline(parts, send) }]
    }),
  )
}

type Send = ReturnType<typeof sendTo>

/** The list of prices is read while the first call waits for its provider: a gateway without calls needs none. */
function loadingPrices(send: Send): Send {
  let isFirst = true
  return call => {
    if (isFirst) setImmediate(listPrices)
    isFirst = false
    return send(call)
  }
}

function serverSide({
  name,
  provider,
  stream,
  deadline,
}: PipelineConfig): Pick<Pipeline, 'name' | 'provider' | 'stream' | 'deadline'> {
  return { name, provider, stream, deadline }
}

interface Parts {
  readonly endpoints: readonly Endpoint[]
  readonly surroundings: Surroundings
  readonly pipelines: ReadonlyMap<string, Pipeline>
  close(): Promise<void>
}

async function run(
  { config }: Blueprint,
  services: Services,
  parts: Parts,
  where: { readonly host?: string; readonly port?: number } = {},
): Promise<RunningGateway> {
  const { server, metrics } = config
  const active = new ActiveCalls()
  services.engine.watchInflight(() => active.count)
  const budget = new BodyBudget(server.maxBodyMemory)
  const handler = new Handler({
    routes: new RouteTable(parts.endpoints),
    intake: new Intake(parts.surroundings, { limit: server.bodyLimit, timeoutMs: server.requestTimeout, budget }),
    pipelines: parts.pipelines,
    active,
    log: services.log,
    observe(record) {
      services.engine.call(record)
      logCall(record)
    },
    refused: request => services.engine.refused(request),
    streams: services.engine,
  })
  const listener = createListener({
    handler,
    active,
    ...(metrics.enabled ? { metrics: { path: metrics.path, ...services.metrics } } : {}),
  })
  const listening = await listen({ ...server, ...where }, listener)
  return { url: listening.url, stop: once(() => stop(listening, active, server.drainTimeout, parts)) }
}

/** How long clients have to take the last words before their connections are closed. */
const CUT_GRACE_MS = 1_000

async function stop(listening: Listening, active: ActiveCalls, drainTimeout: number, parts: Parts): Promise<number> {
  const drained = active.drain(drainTimeout, CUT_GRACE_MS)
  listening.stopAccepting()
  const cut = await drained
  await listening.close(CUT_GRACE_MS)
  await parts.close()
  return cut
}

function once<T>(action: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= action()
    return running
  }
}
