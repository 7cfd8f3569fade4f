/** Other gateways, fetched from npm when they are asked for: into a cache folder, never a dependency. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, listens, Program } from '../processes.ts'
import type { ClientFormat } from '../prompts.ts'
import { type Address, PATHS, type Surroundings, type Target } from './target.ts'

interface Peer {
  readonly package: string
  readonly version: string
  /** Versions of what it needs, where newer ones break it. */
  readonly overrides: Readonly<Record<string, string>>
  /** In the package. */
  readonly script: string
  argv(port: number): readonly string[]
  /** Below the folder that it takes for its home. */
  files(port: number, upstream: string): Readonly<Record<string, string>>
  address(format: ClientFormat, upstream: string): Address | undefined
}

const PEERS = {
  portkey: {
    package: '@portkey-ai/gateway',
    version: '1.15.2',
    // With later ones every stream is answered 500.
    overrides: { '@hono/node-server': '1.13.8' },
    script: 'build/start-server.js',
    argv: port => [`--port=${port}`, '--headless'],
    files: () => ({}),
    address: (format, upstream) => {
      if (format !== 'openai-chat') return undefined
      const headers = {
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `${upstream}/v1`,
        authorization: 'Bearer sk-bench',
      }
      return { path: PATHS[format], headers, format, model: 'bench-model' }
    },
  },
  ccr: {
    package: '@musistudio/claude-code-router',
    version: '2.0.0',
    overrides: {},
    script: 'dist/cli.js',
    argv: () => ['start'],
    files: (port, upstream) => ({ '.claude-code-router/config.json': JSON.stringify(ccrConfig(port, upstream)) }),
    address: format => {
      if (format !== 'anthropic-messages') return undefined
      const headers = { 'x-api-key': 'bench-key', 'anthropic-version': '2023-06-01' }
      return { path: PATHS[format], headers, format, model: 'bench,bench-model' }
    },
  },
} as const satisfies Readonly<Record<string, Peer>>

export type PeerName = keyof typeof PEERS
export const PEER_NAMES = Object.keys(PEERS) as readonly PeerName[]

function ccrConfig(port: number, upstream: string): object {
  return {
    LOG: false,
    HOST: '127.0.0.1',
    PORT: port,
    APIKEY: 'bench-key',
    NON_INTERACTIVE_MODE: true,
    Providers: [
      { name: 'bench', api_base_url: `${upstream}/v1/chat/completions`, api_key: 'sk-bench', models: ['bench-model'] },
    ],
    Router: { default: 'bench,bench-model' },
  }
}

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/bench-peers/', import.meta.url))

export function peerVersion(name: PeerName): string {
  return PEERS[name].version
}

/** @throws Error where npm cannot fetch it, or it does not start */
export async function startPeer(name: PeerName, { upstreamPort, folder }: Surroundings): Promise<Target> {
  const peer: Peer = PEERS[name]
  const script = join(installed(name, peer), peer.script)
  const port = await freePort()
  const upstream = `http://127.0.0.1:${upstreamPort}`
  const home = mkdtempSync(join(folder, `${name}-`))
  for (const [file, text] of Object.entries(peer.files(port, upstream))) {
    mkdirSync(dirname(join(home, file)), { recursive: true })
    writeFileSync(join(home, file), text)
  }
  const program = new Program({
    program: process.execPath,
    argv: [script, ...peer.argv(port)],
    folder: home,
    environment: { HOME: home },
    output: join(home, 'output'),
  })
  await program.ready(() => listens(port))
  return {
    name,
    port,
    pid: program.pid,
    address: format => peer.address(format, upstream),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

/** @returns the folder of the package */
function installed(name: PeerName, peer: Peer): string {
  const folder = join(CACHE, name)
  const found = join(folder, 'node_modules', peer.package)
  if (versionIn(found) === peer.version) return found
  mkdirSync(folder, { recursive: true })
  const manifest = { private: true, dependencies: { [peer.package]: peer.version }, overrides: peer.overrides }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`npm cannot fetch ${peer.package}@${peer.version}: ${complaint(stderr)}`)
  return found
}

/** The first lines in which npm says what is wrong. */
function complaint(stderr: string): string {
  const lines = [...stderr.matchAll(/^npm error (.+)$/gm)].map(([, line = '']) => line.trim())
  return lines.slice(0, 3).join('; ')
}

function versionIn(folder: string): string | undefined {
  const manifest = join(folder, 'package.json')
  return existsSync(manifest) ? String(JSON.parse(readFileSync(manifest, 'utf8')).version) : undefined
}
