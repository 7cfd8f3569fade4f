import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

export interface Running extends Disposable {
  readonly pid: number
  readonly port: number
}

/** A script of this folder that tells its port over IPC. */
export async function startScript(file: URL, ...argv: readonly string[]): Promise<Running> {
  const child = fork(file, [...argv], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [message] = (await once(child, 'message')) as [{ port: number }]
  return { pid: pidOf(child), port: message.port, [Symbol.dispose]: () => void child.kill() }
}

/** The gateway as users run it, on a free port. */
export async function startGateway(config: string): Promise<Running> {
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const port = await freePort()
  const child = spawn(process.execPath, [main, 'run', '--config', config, '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const deadline = performance.now() + 20_000
  while (!(await answers(`http://127.0.0.1:${port}/healthz`))) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error('the gateway did not start')
  }
  return { pid: pidOf(child), port, [Symbol.dispose]: () => void child.kill() }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    response => response.ok,
    () => new Promise(resolve => setTimeout(() => resolve(false), 20)),
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process did not start')
  return child.pid
}

const TICKS_PER_SECOND = 100

/** CPU time of a process in microseconds, user and system (proc(5), stat; fields 14 and 15). */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000_000
}

/** Resident memory in MiB. */
export function residentMiB(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kib) / 1024)
}
