import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, isHealthy, Program } from '../processes.ts'
import type { ClientFormat } from '../prompts.ts'
import { type Address, passing, type Surroundings, type Target } from './target.ts'

export interface GatewayOptions {
  readonly toml: string
  /** Beside config.toml: name → text. */
  readonly files?: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  /** A module of this folder that Node loads first. */
  readonly preload?: string
}

const MAIN = new URL('../../../src/sluice.js', import.meta.url).pathname

/** The gateway as users run it, without waiting for it. */
export async function launchGateway(
  { upstreamPort, folder }: Surroundings,
  { toml, files = {}, environment = {}, preload }: GatewayOptions,
): Promise<{ readonly program: Program; readonly port: number }> {
  const port = await freePort()
  const own = mkdtempSync(join(folder, 'sluice-'))
  const texts = { 'config.toml': toml.replaceAll('{upstream}', `http://127.0.0.1:${upstreamPort}`), ...files }
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(own, name), text)
  const first = preload === undefined ? [] : ['--import', new URL(`../${preload}`, import.meta.url).href]
  const argv = [...first, MAIN, 'run', '--config', join(own, 'config.toml'), '--port', String(port)]
  const output = join(own, 'log')
  return { program: new Program({ program: process.execPath, argv, folder: own, environment, output }), port }
}

export async function startGateway(surroundings: Surroundings, options: GatewayOptions): Promise<Target> {
  const { program, port } = await launchGateway(surroundings, options)
  await program.ready(() => isHealthy(port, '/healthz'))
  return {
    name: 'sluice',
    port,
    pid: program.pid,
    address: known,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

export const KEY = 'bench-key'

function known(format: ClientFormat): Address {
  const address = passing(format)
  return { ...address, headers: { ...address.headers, authorization: `Bearer ${KEY}` } }
}
