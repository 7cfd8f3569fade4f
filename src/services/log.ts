/**
 * The log: one line for each event, on standard output. Only fields of plain types are written, strings are cut and
 * scrubbed here, at the one place that every line passes, and a reader of the log that is too slow loses lines rather
 * than stopping the gateway.
 */
import { destination as fileDestination, type Logger, pino } from 'pino'
import type { Log, LogFields } from '../contract.ts'
import { type LineSink, prettyLines } from './pretty-lines.ts'
import { Scrubber } from './scrub.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export interface LogOptions {
  readonly level: LogLevel
  /** `auto`: pretty on a terminal, JSON anywhere else. */
  readonly format?: 'auto' | 'json' | 'pretty'
  /** Values that must never be seen. */
  readonly secrets?: Iterable<string>
  /** Gets each line; standard output if absent. */
  readonly destination?: LineSink
}

/** A log that can be given fields which all its lines carry. */
export interface LogTree extends Log {
  child(fields: LogFields): LogTree
}

/** The root of all logs. */
export interface GatewayLog extends LogTree {
  /** Hides more values, once they are known. */
  hide(secrets: Iterable<string>): void
  /** Lines that were dropped because nobody took them. */
  dropped(): number
  /** Writes what waits, if anybody takes it within a second. */
  flush(): Promise<void>
}

const MAX_STRING = 256
/** Bytes that may wait for a slow reader of the log. */
const MAX_WAITING = 4 * 1024 * 1024
/** Names that a line uses itself. */
const RESERVED = new Set(['time', 'level', 'message', '__proto__'])

export function createLog({ level, format = 'auto', secrets = [], destination }: LogOptions): GatewayLog {
  const scrubber = new Scrubber(secrets)
  const output = destination ? unbounded(destination) : standardOutput()
  const pretty = format === 'pretty' || (format === 'auto' && destination === undefined && process.stdout.isTTY)
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    pretty ? prettyLines(output.sink) : output.sink,
  )
  return Object.assign(new ScrubbedLog(logger, scrubber), {
    hide: (more: Iterable<string>) => scrubber.hide(more),
    dropped: output.dropped,
    flush: output.flush,
  })
}

class ScrubbedLog implements LogTree {
  readonly #parent: Logger
  readonly #scrubber: Scrubber
  readonly #own: LogFields | undefined
  /** Made when there is something to write: every call has a log, and few write to it. */
  #made: Logger | undefined

  constructor(parent: Logger, scrubber: Scrubber, own?: LogFields) {
    this.#parent = parent
    this.#scrubber = scrubber
    this.#own = own
  }

  child(fields: LogFields): LogTree {
    return new ScrubbedLog(this.#parent, this.#scrubber, { ...this.#own, ...fields })
  }

  get #logger(): Logger {
    this.#made ??= this.#own ? this.#parent.child(this.#fields(this.#own)) : this.#parent
    return this.#made
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#parent.isLevelEnabled('debug')) this.#logger.debug(this.#fields(fields), this.#text(message))
  }

  info(message: string, fields?: LogFields): void {
    if (this.#parent.isLevelEnabled('info')) this.#logger.info(this.#fields(fields), this.#text(message))
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#parent.isLevelEnabled('warn')) this.#logger.warn(this.#fields(fields), this.#text(message))
  }

  error(message: string, fields?: LogFields): void {
    if (this.#parent.isLevelEnabled('error')) this.#logger.error(this.#fields(fields), this.#text(message))
  }

  #fields(fields: LogFields = {}): Record<string, unknown> {
    const safe: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) safe[RESERVED.has(name) ? `${name}_` : name] = this.#value(name, value)
    }
    return safe
  }

  /** The types hold for our own code; processors may be written without them. */
  #value(name: string, value: unknown): string | number | boolean {
    switch (typeof value) {
      case 'string':
        // Ids look like credentials. They are ours, or were checked when they came in.
        return name === 'id' ? cut(this.#scrubber.configured(value)) : this.#text(value)
      case 'number':
        return Number.isFinite(value) ? value : String(value)
      case 'boolean':
        return value
      default:
        return `[not logged: ${value === null ? 'null' : typeof value}]`
    }
  }

  #text(text: unknown): string {
    return cut(this.#scrubber.text(String(text)))
  }
}

function cut(text: string): string {
  return text.length > MAX_STRING ? `${text.slice(0, MAX_STRING - 1)}…` : text
}

interface Output {
  readonly sink: LineSink
  readonly dropped: () => number
  readonly flush: () => Promise<void>
}

function unbounded(sink: LineSink): Output {
  return { sink, dropped: () => 0, flush: async () => {} }
}

/** How long the end of the gateway waits for a reader of the log that takes nothing. */
const FLUSH_MS = 1000

/** Written in the background; drops lines while more than `MAX_WAITING` bytes are waiting. */
function standardOutput(): Output {
  const stream = fileDestination({ dest: 1, sync: false, maxLength: MAX_WAITING })
  let dropped = 0
  let idle = true
  const settle = (): void => {
    idle = true
  }
  stream.on('drop', () => dropped++)
  stream.on('drain', settle)
  // Nobody reads the log any more: that must not end the gateway.
  stream.on('error', settle)
  return {
    sink: {
      write(line) {
        idle = false
        stream.write(line)
      },
    },
    dropped: () => dropped,
    // Not `flushSync`: into a pipe that nobody holds, it tries for ever.
    flush: async () => (idle ? undefined : settled(stream)),
  }
}

/** Settles when all is written, or cannot be. */
function settled(stream: Pick<NodeJS.EventEmitter, 'once'>): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, FLUSH_MS)
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    stream.once('drain', done)
    stream.once('error', done)
  })
}
