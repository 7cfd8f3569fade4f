/** Providers that fail by a script, the same for every run, and a ledger of everything that they were asked. */
import type { Act, Upstream, UpstreamRequest } from '../support/upstream.ts'
import { type Dialect, wholeStream } from './dialects.ts'

/** How an attempt goes: it fails before its first byte, after it, or not at all. */
export type Kind = 'fails' | 'breaks' | 'answers'

interface Fault {
  /** Label of the attempt, as the gateway counts it. */
  readonly result: string
  readonly act: (dialect: Dialect, stream: boolean) => Act
  /** Whether `retry` asks the same provider again. Then half of these faults are over by the second attempt. */
  readonly isRetried: boolean
  /** Whether it comes only after the first byte of a stream. */
  readonly isLate?: true
}

/** Every connection is used once: one that was kept alive and turned out to be closed would be tried again unseen. */
const CLOSE = { connection: 'close' }
const JSON_HEAD = { ...CLOSE, 'content-type': 'application/json' }

function status(code: number, headers: Readonly<Record<string, string>> = {}): Fault['act'] {
  return ({ error }) => ({ status: code, json: error('no'), headers: { ...CLOSE, ...headers } })
}

/** The beginning of an answer, and then RST. */
function cut(beginning: (dialect: Dialect) => string): Fault['act'] {
  return (dialect, stream) =>
    stream
      ? { chunks: [beginning(dialect)], ending: 'cut', headers: CLOSE }
      : { chunks: [JSON.stringify(dialect.reply('half')).slice(0, 40)], ending: 'cut', headers: JSON_HEAD }
}

const COMMON: readonly Fault[] = [
  { result: 'status_500', act: status(500), isRetried: true },
  { result: 'status_529', act: status(503), isRetried: true },
  { result: 'status_429', act: status(429, { 'retry-after': '7' }), isRetried: false },
  { result: 'status_429', act: status(429, { 'retry-after-ms': '5' }), isRetried: false },
  { result: 'status_401', act: status(401), isRetried: false },
  { result: 'reset', act: () => ({ refuse: 'reset' }), isRetried: true },
  { result: 'reset', act: () => ({ refuse: true }), isRetried: true },
  { result: 'protocol', act: () => ({ raw: 'this is not HTTP\r\n\r\n' }), isRetried: false },
  {
    result: 'error_in_200',
    act: ({ error, errorFrame }, stream) =>
      stream ? { chunks: [errorFrame], headers: CLOSE } : { json: error('no'), headers: CLOSE },
    isRetried: false,
  },
  { result: 'reset', act: cut(({ preamble }) => preamble), isRetried: true },
  { result: 'ok', act: cut(({ preamble, piece }) => preamble + piece('half ')), isRetried: true, isLate: true },
]

/** It takes as long as the gateway waits: now and then only. */
const STALL: Fault = { result: 'first_token_timeout', act: () => ({ hang: true }), isRetried: false }

/** One thing that a provider was asked, in the order in which all of them were asked. */
export interface Attempt {
  readonly call: number
  readonly provider: string
  readonly result: string
  readonly kind: Kind
}

export class FailingProvider {
  readonly name: string
  readonly dialect: Dialect
  readonly #place: number
  readonly #ledger: Attempt[]
  readonly #asked = new Map<number, number>()

  /** @param place its own in the script @param ledger of all providers */
  constructor(name: string, dialect: Dialect, place: number, ledger: Attempt[]) {
    this.name = name
    this.dialect = dialect
    this.#place = place
    this.#ledger = ledger
  }

  play(upstream: Upstream): void {
    upstream.otherwise(request => this.#answer(request))
  }

  /** What it does with a call, if it is asked often enough. */
  atLast(call: number, stream: boolean): Kind {
    return kindOf(this.#faultAt(call, 1), stream)
  }

  textFor(call: number): string {
    return `${this.name} answers ${call}.`
  }

  #answer(request: UpstreamRequest): Act {
    const body = request.body.toString()
    const call = Number(/call-(\d+)/.exec(body)?.[1])
    const stream = body.includes('"stream":true')
    const before = this.#asked.get(call) ?? 0
    this.#asked.set(call, before + 1)
    const fault = this.#faultAt(call, before)
    const kind = kindOf(fault, stream)
    this.#ledger.push({ call, provider: this.name, result: resultOf(fault, stream), kind })
    if (fault) return fault.act(this.dialect, stream)
    const text = this.textFor(call)
    return stream
      ? { chunks: [wholeStream(this.dialect, text)], headers: CLOSE }
      : { json: this.dialect.reply(text), headers: CLOSE }
  }

  #faultAt(call: number, before: number): Fault | undefined {
    const dice = Math.imul(call * 3 + this.#place + 1, 2654435761) >>> 8
    if (dice % 1000 < 4) return STALL
    const fault = dice % 100 < 45 ? COMMON[Math.floor(dice / 100) % COMMON.length] : undefined
    const isOver = before > 0 && fault?.isRetried && (dice >> 15) % 2 === 0
    return isOver ? undefined : fault
  }
}

function resultOf(fault: Fault | undefined, stream: boolean): string {
  if (!fault) return 'ok'
  // The first token of a whole answer is its last one.
  if (fault === STALL && !stream) return 'total_timeout'
  return fault.isLate && !stream ? 'reset' : fault.result
}

function kindOf(fault: Fault | undefined, stream: boolean): Kind {
  if (!fault) return 'answers'
  return fault.isLate && stream ? 'breaks' : 'fails'
}
