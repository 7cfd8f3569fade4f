/** Starting processes, waiting for them, ending them and nobody else. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { processTree } from './cpu-clock.ts'

export interface Command {
  readonly program: string
  readonly argv: readonly string[]
  readonly folder: string
  /** Added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>
  /** Gets what the program prints. */
  readonly output: string
}

/** Leaders of sessions that are still to be ended: also when this process is told to go. */
const sessions = new Set<number>()
process.on('exit', () => {
  for (const leader of sessions) signalTree(leader, 'SIGKILL')
})

/** A program with a session of its own, so that all that it starts can be found again. */
export class Program implements AsyncDisposable {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #output: string

  constructor({ program, argv, folder, environment, output }: Command) {
    const file = openSync(output, 'a')
    const env = { ...process.env, NODE_ENV: 'production', ...environment }
    this.#child = spawn(program, argv, { cwd: folder, env, detached: true, stdio: ['ignore', file, file] })
    closeSync(file)
    this.#child.on('error', () => {})
    if (this.#child.pid === undefined) throw new Error(`${program} cannot be started`)
    this.pid = this.#child.pid
    this.#output = output
    sessions.add(this.pid)
  }

  /** Ends the program if it is not. @throws Error when it has ended, or says no for half a minute */
  async ready(asks: () => Promise<boolean>): Promise<void> {
    try {
      await this.#answered(asks)
    } catch (error) {
      await this[Symbol.asyncDispose]()
      throw error
    }
  }

  async #answered(asks: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + START_MS
    while (!(await asks())) {
      if (this.#child.exitCode !== null || performance.now() > deadline) {
        throw new Error(
          `${this.#child.spawnfile} did not start: ${readFileSync(this.#output, 'utf8').trim().slice(-EXCERPT)}`,
        )
      }
      await pause(POLL_MS)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null
    const gone = isOver ? Promise.resolve() : once(this.#child, 'exit')
    signalTree(this.pid, 'SIGTERM')
    const isGone = await Promise.race([gone.then(() => true), pause(STOP_MS).then(() => false)])
    if (!isGone || processTree(this.pid).length > 0) signalTree(this.pid, 'SIGKILL')
    await gone
    sessions.delete(this.pid)
  }
}

/** Of what a program said before it failed. */
const EXCERPT = 600
const START_MS = 30_000
const STOP_MS = 3_000
const POLL_MS = 2

function signalTree(leader: number, signal: NodeJS.Signals): void {
  for (const pid of processTree(leader)) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended by itself.
    }
  }
}

/** A script of this folder, spoken with over IPC; it ends when this process does. */
export class Helper implements Disposable {
  readonly pid: number
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    if (child.pid === undefined) throw new Error('the process did not start')
    this.#child = child
    this.pid = child.pid
    this.port = port
  }

  /** @param file relative to this folder */
  static async start(file: string, ...argv: readonly string[]): Promise<Helper> {
    const script = new URL(file, import.meta.url)
    const child = fork(script, [...argv], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      serialization: 'advanced',
    })
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    return new Helper(child, port)
  }

  tell(message: object | string): void {
    this.#child.send(message)
  }

  /** The next message that is one. @throws Error when the process ends before */
  next<Message>(isIt: (message: unknown) => message is Message): Promise<Message> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: unknown): void => {
        if (!isIt(message)) return
        this.#child.off('message', onMessage).off('exit', onExit)
        resolve(message)
      }
      const onExit = (): void => reject(new Error(`${this.#child.spawnargs.at(-1)} has ended`))
      this.#child.on('message', onMessage).once('exit', onExit)
    })
  }

  [Symbol.dispose](): void {
    this.#child.kill()
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Whether anybody takes connections there. */
export function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    const settle = (isThere: boolean) => (): void => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', settle(true)).once('error', settle(false))
  })
}

/** Whether a GET is answered with 200. */
export function isHealthy(port: number, path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    const settle = (isIt: boolean): void => {
      socket.destroy()
      resolve(isIt)
    }
    socket.once('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`))
    socket.once('data', bytes => settle(bytes.toString('latin1').startsWith('HTTP/1.1 200')))
    socket.once('error', () => settle(false)).once('close', () => settle(false))
  })
}
