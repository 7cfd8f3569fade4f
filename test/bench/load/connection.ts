import { createConnection, type Socket } from 'node:net'
import { MessageReader } from '../http-message.ts'
import { monotonicMicros, Sequence } from '../sequence.ts'
import type { Job } from './job.ts'

/** One call that is over; times in microseconds. */
export interface Answer {
  /** Absent: it was whole. */
  readonly failure: string | undefined
  readonly startedAt: number
  readonly firstAt: number
  readonly endedAt: number
  readonly tokens: number
  /** Of a broken answer. */
  readonly excerpt: string
}

/** Told of what happens within calls, as it happens. */
export interface Watcher {
  onToken(relayMicros: number): void
  onFirst(): void
}

interface Current {
  readonly startedAt: number
  readonly sequence: Sequence
  readonly isReused: boolean
  firstAt: number
  head: string
  tail: string
  seen: string
  settle(answer: Answer): void
}

const EXCERPT = 600
const TAIL = 64

/** Bytes of all connections arrive here; they are text before the next arrive. */
const arrivals = Buffer.allocUnsafe(256 * 1024)

/** One connection of a client that keeps it: a call, its answer, the next call. */
export class Connection {
  readonly #job: Job
  readonly #watcher: Watcher
  #socket: Socket | undefined
  #reader: MessageReader | undefined
  #current: Current | undefined
  #calls = 0

  constructor(job: Job, watcher: Watcher) {
    this.#job = job
    this.#watcher = watcher
  }

  /** Never fails: what goes wrong is the answer's failure. */
  call(request: Buffer): Promise<Answer> {
    return new Promise(settle => {
      const timed = (sentAt: number): void => this.#watcher.onToken(monotonicMicros() - sentAt)
      this.#current = {
        startedAt: monotonicMicros(),
        sequence: this.#job.isTimed ? new Sequence(timed) : new Sequence(),
        isReused: this.#socket !== undefined && this.#calls > 0,
        firstAt: 0,
        head: '',
        tail: '',
        seen: '',
        settle,
      }
      this.#calls++
      this.#socket ??= this.#connect()
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #connect(): Socket {
    this.#reader = new MessageReader(
      {
        onHead: head => this.#onHead(head),
        onBody: piece => this.#onBody(piece),
        onEnd: () => this.#onEnd(),
      },
      'until-close',
    )
    const socket = createConnection({
      port: this.#job.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: arrivals,
        callback: length => {
          this.#reader?.push(arrivals.toString('latin1', 0, length))
          return true
        },
      },
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#onClose(socket))
    return socket
  }

  #onHead(head: string): void {
    if (this.#current !== undefined) this.#current.head = head
  }

  #onBody(piece: string): void {
    const current = this.#current
    if (current === undefined) return
    current.sequence.push(piece)
    if (current.firstAt === 0 && current.sequence.count > 0) {
      current.firstAt = monotonicMicros()
      this.#watcher.onFirst()
    }
    current.tail = piece.length >= TAIL ? piece.slice(-TAIL) : (current.tail + piece).slice(-TAIL)
    if (current.seen.length < EXCERPT) current.seen += piece
  }

  #onEnd(): void {
    const current = this.#current
    if (current === undefined) return
    if (/\r\nconnection: *close/i.test(current.head)) {
      this.#socket?.destroy()
      this.#socket = undefined
    }
    this.#settle(current, failureOf(current, this.#job))
  }

  #onClose(socket: Socket): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    const current = this.#current
    if (current === undefined || this.#reader?.close() === true) return
    this.#settle(
      current,
      current.head === '' && current.isReused ? 'connection closed between calls' : 'connection lost',
    )
  }

  #settle(current: Current, failure: string | undefined): void {
    this.#current = undefined
    const { startedAt, firstAt, sequence, head, seen } = current
    const excerpt = failure === undefined ? '' : `${head}\n\n${seen}`.slice(0, EXCERPT)
    current.settle({ failure, startedAt, firstAt, endedAt: monotonicMicros(), tokens: sequence.count, excerpt })
  }
}

function failureOf({ head, sequence, tail }: Current, { tokens, isStream }: Job): string | undefined {
  const status = head.slice(9, 12)
  if (status !== '200') return `status ${status}`
  if (!sequence.isInOrder) return 'out of order'
  if (sequence.count !== tokens) return 'incomplete'
  const end = isStream ? /\[DONE\]\s*$|"message_stop"\}\s*$/ : /\}\s*$/
  return end.test(tail) ? undefined : 'no end'
}
