import { SERIAL } from '../prompts.ts'
import { quantiles } from '../statistics.ts'
import { type Answer, Connection, type Watcher } from './connection.ts'
import type { Job, LoadResult, Progress } from './job.ts'

/** The clients of one job together: makes their calls and keeps count. */
export class Crowd {
  readonly #job: Job
  readonly #request: Buffer
  readonly #serialAt: number
  readonly #idle: Connection[] = []
  readonly #all: Connection[] = []
  readonly #whole: number[] = []
  readonly #first: number[] = []
  readonly #relay: number[] = []
  readonly #failures: Record<string, number> = {}
  #firstBroken = ''
  #made = 0
  #timedTokens = 0
  #tokens = 0
  #open = 0
  #broken = 0

  constructor(job: Job) {
    this.#job = job
    this.#request = requestOf(job)
    this.#serialAt = this.#request.indexOf(SERIAL) + SERIAL.length - SERIAL_WIDTH
  }

  get made(): number {
    return this.#made
  }

  /** One call over a connection that is free, or over a new one. */
  async call(): Promise<void> {
    this.#made++
    const connection = this.#idle.pop() ?? this.#connect()
    const request = this.#next()
    let answer = await connection.call(request)
    // A server may close a connection that nobody uses: every client tries again then.
    if (answer.failure === 'connection closed between calls') answer = await connection.call(request)
    this.#count(answer)
    this.#idle.push(connection)
  }

  progress(): Progress {
    return { tokens: this.#timedTokens, open: this.#open }
  }

  /** @param seconds that it all took */
  result(seconds: number): LoadResult {
    for (const connection of this.#all) connection.close()
    return {
      done: this.#whole.length,
      broken: this.#broken,
      failures: this.#failures,
      firstBroken: this.#firstBroken,
      tokens: this.#tokens,
      seconds,
      whole: quantiles(this.#whole),
      first: quantiles(this.#first),
      relay: quantiles(this.#relay),
    }
  }

  #connect(): Connection {
    const watcher: Watcher = {
      onToken: micros => {
        this.#timedTokens++
        this.#relay.push(micros / 1000)
      },
      onFirst: () => {
        this.#open++
      },
    }
    const connection = new Connection(this.#job, watcher)
    this.#all.push(connection)
    return connection
  }

  #next(): Buffer {
    if (!this.#job.isUnique) return this.#request
    const own = Buffer.from(this.#request)
    own.write(String(serial++).padStart(SERIAL_WIDTH, '0'), this.#serialAt, 'latin1')
    return own
  }

  #count(answer: Answer): void {
    this.#tokens += answer.tokens
    if (answer.firstAt > 0) this.#open--
    if (answer.failure === undefined) {
      this.#whole.push((answer.endedAt - answer.startedAt) / 1000)
      this.#first.push((answer.firstAt - answer.startedAt) / 1000)
      return
    }
    this.#broken++
    this.#failures[answer.failure] = (this.#failures[answer.failure] ?? 0) + 1
    this.#firstBroken ||= answer.excerpt
  }
}

const SERIAL_WIDTH = 10
/** Goes on from job to job: what a cache has seen once it has seen. */
let serial = 0

function requestOf({ port, path, headers, body }: Job): Buffer {
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    'content-type': 'application/json',
    accept: '*/*',
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}
