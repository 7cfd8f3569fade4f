/** A whole gateway in this process, on a free port, from a configuration written in the test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { loadAll } from '../../src/components/load-all.ts'
import type { Environment } from '../../src/config/environment.ts'
import { setUpGateway } from '../../src/gateway.ts'
import type { LogOptions } from '../../src/services/log.ts'
import { type Services, startServices } from '../../src/services/services.ts'

export interface TestGateway extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** The folder of its config.toml. */
  readonly folder: string
  readonly services: Services
  /** The text of `/metrics`. */
  metrics(): Promise<string>
  /** Drains and stops; what dispose does as well. @returns how many calls were cut */
  stop(): Promise<number>
}

export interface GatewayOptions {
  readonly environment?: Environment
  /** Further files beside config.toml: path → text. */
  readonly files?: Readonly<Record<string, string>>
  /** Gets every line of the log. */
  readonly log?: (line: string) => void
}

/** @param toml the configuration; the port is set to a free one whatever it says */
export async function startTestGateway(toml: string, options: GatewayOptions = {}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
  for (const [name, text] of Object.entries({ 'config.toml': toml, ...options.files })) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const { log } = options
  const logOptions: LogOptions = {
    level: log ? 'debug' : 'silent',
    format: 'json',
    ...(log ? { destination: { write: log } } : {}),
  }
  const loading = startServices(logOptions)
  const blueprint = await loadAll(join(folder, 'config.toml'), options.environment ?? {}, loading)
  await loading.close()
  const services = startServices(logOptions, blueprint.config)
  const running = await (await setUpGateway(blueprint, services)).listen({ port: 0 })
  let stopping: Promise<number> | undefined
  const stop = (): Promise<number> => {
    stopping ??= running.stop().finally(async () => {
      await services.close()
      rmSync(folder, { recursive: true, force: true })
    })
    return stopping
  }
  return {
    url: running.url,
    folder,
    services,
    metrics: async () => (await fetch(`${running.url}/metrics`)).text(),
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}
