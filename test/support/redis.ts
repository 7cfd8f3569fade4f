/** A Redis server for tests: the one that REDIS_URL names, or one of our own. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RedisServer extends AsyncDisposable {
  readonly url: string
  /** Takes connections and answers nothing, until it is resumed. */
  pause(): void
  resume(): void
  /** Ends it as a crash would. What it knew is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  restart(): Promise<void>
}

/** Why there is no server to be had; `undefined` when there is. */
export function redisMissing(): string | undefined {
  return binary() === undefined ? 'not run: redis-server is not installed' : undefined
}

function binary(): string | undefined {
  for (const name of ['redis-server', 'valkey-server']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim()
    } catch {}
  }
  return undefined
}

/** A server of our own on a free port, which keeps nothing on disk. @param further options of its command line */
export async function startRedis(further: readonly string[] = []): Promise<RedisServer> {
  const path = binary()
  if (path === undefined) throw new Error('redis-server is not installed')
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'))
  let server = await launch(path, port, folder, further)
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    kill,
    restart: async () => {
      server = await launch(path, port, folder, further)
    },
    [Symbol.asyncDispose]: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function launch(path: string, port: number, folder: string, further: readonly string[]) {
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const server = spawn(path, [...settings, ...further], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const chunk of server.stdout) {
    if (String(chunk).includes('Ready to accept connections')) break
  }
  server.stdout.resume()
  if (server.exitCode !== null) throw new Error(`${path} ended with ${server.exitCode}`)
  return server
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
