/** The connection to Redis: no command waits for long, and none is sent twice. */
import { createRequire } from 'node:module'
import type { Redis } from 'ioredis'
import type { Script } from './redis-scripts.ts'
import { StoreOutage, UnfitStore } from './store-driver.ts'

export interface RedisLinkOptions {
  /** `redis://`, or `rediss://` for TLS. */
  readonly url: string
  /** For how long Redis may be silent while a command waits for its answer, in milliseconds. */
  readonly deadlineMs?: number
}

const require = createRequire(import.meta.url)

const DEADLINE_MS = 50
/** Answers come in the order of the commands: while others come, one is waited for, up to so many deadlines. */
const MOST_DEADLINES = 10
/** For so long the start waits for Redis. */
const FIRST_CONNECTION_MS = 1_000
/** Without an answer for so long, a connection is taken for dead, although nothing says so. */
const SILENCE_MS = 3_000

export class RedisLink {
  readonly #redis: Redis
  readonly #deadlineMs: number
  /** Settles with the first connection, or when it has failed or takes too long. Rejects with `UnfitStore`. */
  readonly ready: Promise<void>
  /** How many commands Redis has answered. */
  #answers = 0
  /** Since when no command was answered, although there were some. */
  #silentSince: number | undefined
  /** Why there was no connection the last time that there was none. */
  #trouble = ''

  constructor({ url, deadlineMs = DEADLINE_MS }: RedisLinkOptions) {
    this.#deadlineMs = deadlineMs
    // Loaded only by whoever has a Redis: it takes 70 ms and 9 MB, and most gateways start without it.
    const { Redis: Client } = require('ioredis') as typeof import('ioredis')
    this.#redis = new Client(url, {
      protocol: 2,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 2_000,
      disableClientInfo: true,
      retryStrategy: reconnectMs,
    })
    const first = Promise.withResolvers<void>()
    this.ready = first.promise
    // Whoever does not wait for it hears of it in each answer.
    first.promise.catch(() => {})
    setTimeout(first.resolve, FIRST_CONNECTION_MS).unref()
    this.#redis.on('error', (error: Error) => {
      first.resolve()
      this.#trouble = reasonOf(error)
    })
    this.#redis.on('ready', () => {
      this.#silentSince = undefined
      void this.#checkKind().then(first.resolve, first.reject)
    })
  }

  /** @throws StoreOutage */
  async command(name: string, ...values: readonly string[]): Promise<unknown> {
    return this.#withinDeadline(this.#call(name, values))
  }

  /** Runs a script by its hash; Redis is sent the text only when it does not know it. @throws StoreOutage */
  async run({ sha, lua }: Script, keys: readonly string[], values: readonly string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...values]
    const known = this.#call('EVALSHA', [sha, ...rest]).catch((error: unknown) => {
      if (!String(error).includes('NOSCRIPT')) throw error
      return this.#call('EVAL', [lua, ...rest])
    })
    return this.#withinDeadline(known)
  }

  /** Forgets keys that hold something else than they should. Never rejects. */
  async forget(keys: readonly string[]): Promise<void> {
    await this.command('UNLINK', ...keys).catch(() => {})
  }

  close(): void {
    this.#redis.disconnect()
  }

  /** @throws UnfitStore when it is a node of a cluster: of others' keys it would only say where they are */
  async #checkKind(): Promise<void> {
    // Whom its rights do not let ask is told by the first answer.
    const info = await this.#redis.call('INFO', 'server').catch(() => '')
    if (/^(?:redis|server)_mode:cluster/m.test(String(info))) throw new UnfitStore(CLUSTER)
  }

  async #call(name: string, values: readonly string[]): Promise<unknown> {
    try {
      const answer = await this.#redis.call(name, ...values)
      this.#answered()
      return answer
    } catch (error) {
      if (error instanceof Error && error.name === 'ReplyError') this.#answered()
      throw error
    }
  }

  #answered(): void {
    this.#answers++
    this.#silentSince = undefined
  }

  async #withinDeadline(command: Promise<unknown>): Promise<unknown> {
    const silence = this.#silence()
    try {
      return await Promise.race([command, silence.promise])
    } catch (error) {
      if (error instanceof StoreOutage) {
        this.#doubt()
        throw error
      }
      const isConnected = this.#redis.status === 'ready' || this.#trouble === ''
      throw new StoreOutage(isConnected ? reasonOf(error) : `not connected: ${this.#trouble}`, { cause: error })
    } finally {
      silence.stop()
    }
  }

  /** Rejects when Redis has answered nothing at all for as long as the deadline, or others for many times as long. */
  #silence() {
    const { promise, reject } = Promise.withResolvers<never>()
    const sentAt = performance.now()
    let answers = this.#answers
    let timer: NodeJS.Timeout | undefined
    let isStopped = false
    const look = (): void => {
      if (isStopped) return
      const isLate = performance.now() - sentAt >= MOST_DEADLINES * this.#deadlineMs
      if (isLate || answers === this.#answers) reject(new StoreOutage(`no answer within ${this.#deadlineMs} ms`))
      else arm()
    }
    const arm = (): void => {
      answers = this.#answers
      // What waits in the socket, because this process was busy, is read first.
      timer = setTimeout(() => setImmediate(look), this.#deadlineMs)
    }
    arm()
    const stop = (): void => {
      isStopped = true
      clearTimeout(timer)
    }
    return { promise, stop }
  }

  /** A connection whose other end is gone without a word would otherwise be found out after many minutes. */
  #doubt(): void {
    this.#silentSince ??= performance.now()
    if (this.#redis.status !== 'ready' || performance.now() - this.#silentSince < SILENCE_MS) return
    this.#silentSince = undefined
    this.#redis.disconnect(true)
  }
}

const CLUSTER =
  'Redis runs in cluster mode, which is not supported; name a single server, or a proxy before the cluster'

/** Of a Redis error its code and words; they name keys of ours, but never a credential. */
function reasonOf(error: unknown): string {
  const { message = '', code } = error as { readonly message?: string; readonly code?: string }
  if (/^(?:MOVED|CLUSTERDOWN) /.test(message)) return CLUSTER
  return (message === '' ? (code ?? 'unknown') : message).slice(0, 200)
}

/** Milliseconds until the next attempt: twice as long each time, up to a second, and not all instances at once. */
function reconnectMs(attempt: number): number {
  return Math.min(1000, 100 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)
}
