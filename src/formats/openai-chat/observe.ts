/** Watches Chat completions that pass by unchanged (conversion.md E.4). */
import type { JsonDocument } from '../../json/document.ts'
import { parseDocument } from '../../json/document.ts'
import type { SseFrame } from '../../stream/sse.ts'
import type { ErrorView } from '../error-view.ts'
import type { FrameSign, Observation, StreamObserver } from '../wire-format.ts'
import { findError, inlineError } from './error-decode.ts'
import { arrayOf, compact, type Fields, objectOf, stringOf, wordOf } from './fields.ts'
import { decodeFinish, failedFinish } from './finish.ts'
import { wholeChoices } from './split-choices.ts'
import { decodeUsage, findUsage } from './usage.ts'

export function observeReply(document: JsonDocument): Observation {
  const failed = findError(document.value)
  if (failed) return { error: inlineError(failed) }
  const body = objectOf(document.value) ?? {}
  const [choice] = wholeChoices((arrayOf(body.choices) ?? []).map(each => objectOf(each) ?? {}))
  const message = objectOf(choice?.message) ?? {}
  const raw = stringOf(choice?.finish_reason)
  const usage = findUsage(body)
  return compact({
    model: wordOf(body.model),
    usage: usage && decodeUsage(document, usage, wordOf(body.service_tier)),
    finish: choice && decodeFinish(raw, hasCalls(message)),
    error: failedFinish(raw),
  })
}

function hasCalls(message: Fields): boolean {
  return (arrayOf(message.tool_calls)?.length ?? 0) > 0 || objectOf(message.function_call) !== undefined
}

export function observeStream(): StreamObserver {
  return new ChatObserver()
}

class ChatObserver implements StreamObserver {
  #model: string | undefined
  #serviceTier: string | undefined
  /** The last frame that told usage; read when somebody asks, and then forgotten. */
  #usageFrame: string | undefined
  #usage: Observation['usage']
  /** Finish reasons by choice; `undefined` while it goes on. */
  readonly #finishes = new Map<number, string | undefined>()
  #called = false
  #error: ErrorView | undefined
  #begun = false

  get observation(): Observation {
    const finish = this.#finishes.get(0)
    return compact({
      model: this.#model,
      usage: this.#readUsage(),
      finish: finish === undefined ? undefined : decodeFinish(finish, this.#called),
      error: this.#error,
    })
  }

  frame({ data, event }: SseFrame): FrameSign {
    if (data === '' || this.#error) return 'preamble'
    if (data.startsWith('[DONE]')) return 'terminal'
    const isPlain = this.#begun && event !== 'error' && !deservesLook(data)
    return isPlain && (this.#called || !mayCall(data)) ? 'content' : this.#look(data, event)
  }

  plainUntil(text: string, from: number): number {
    if (!this.#begun || this.#error || !text.startsWith('data: {', from)) return from
    const sign = this.#called ? SIGN : SIGN_OR_CALL
    sign.lastIndex = from
    return sign.exec(text)?.index ?? text.length
  }

  #look(data: string, event: string | undefined): FrameSign {
    const value = parsed(data)
    const error = findError(value) ?? (event === 'error' || value === undefined ? {} : undefined)
    if (error) return this.#fail(inlineError(error))
    const chunk = objectOf(value) ?? {}
    this.#model ??= wordOf(chunk.model)
    this.#serviceTier = wordOf(chunk.service_tier) ?? this.#serviceTier
    const tellsUsage = findUsage(chunk) !== undefined
    if (tellsUsage) this.#usageFrame = data
    const choices = arrayOf(chunk.choices) ?? []
    const sign = this.#choices(choices)
    return choices.length === 0 && tellsUsage ? 'usage' : sign
  }

  #choices(choices: readonly unknown[]): FrameSign {
    for (const value of choices) {
      const choice = objectOf(value) ?? {}
      const index = typeof choice.index === 'number' ? choice.index : 0
      const finish = wordOf(choice.finish_reason)
      const failed = failedFinish(finish)
      if (failed) return this.#fail(failed)
      this.#finishes.set(index, finish ?? this.#finishes.get(index))
      const delta = objectOf(choice.delta) ?? objectOf(choice.message) ?? {}
      if (hasCalls(delta)) this.#called = true
      if (Object.entries(delta).some(saysSomething)) this.#begun = true
    }
    // A finish reason makes a stream whole; some servers send no [DONE] after it (conversion.md E222).
    if (choices.length > 0 && [...this.#finishes.values()].every(finish => finish !== undefined)) return 'terminal'
    return this.#begun ? 'content' : 'preamble'
  }

  #fail(error: ErrorView): FrameSign {
    this.#error = error
    return 'error'
  }

  #readUsage(): Observation['usage'] {
    if (this.#usageFrame === undefined) return this.#usage
    const frame = this.#usageFrame
    this.#usageFrame = undefined
    this.#usage = this.#usageIn(frame)
    return this.#usage
  }

  #usageIn(frame: string): Observation['usage'] {
    try {
      const document = parseDocument(frame)
      const usage = findUsage(objectOf(document.value) ?? {})
      return usage && decodeUsage(document, usage, this.#serviceTier)
    } catch {
      return undefined
    }
  }
}

/** Whether a member of a delta is something that a client would show or act on. */
function saysSomething([key, value]: readonly [string, unknown]): boolean {
  if (key === 'role' || value === null || value === '') return false
  if (typeof value === 'string') return SHOWN.has(key)
  return Array.isArray(value) ? value.length > 0 : typeof value === 'object'
}

const SHOWN: ReadonlySet<string> = new Set(['content', 'refusal', 'reasoning_content', 'reasoning', 'reasoning_text'])

/** A quotation mark inside of a JSON string is escaped, so these cannot be found in what a model says. */
function deservesLook(data: string): boolean {
  return (
    follows(data, '"finish_reason"', QUOTE) ||
    follows(data, '"usage"', BRACE) ||
    // Another answer than the first (or another call): a stream is whole when all of its answers are.
    follows(data, '"index"', ONE, NINE) ||
    data.includes('"error"') ||
    !data.startsWith('{')
  )
}

// One pass for all that `deservesLook` and `mayCall` look for, and for whatever is not a row of `data: {…}` lines. A
// quotation mark inside of a JSON string is escaped, so these cannot be found in what a model says. Linear: after each
// key at most spaces are passed over.
const SIGN = /"(?:finish_reason" *: *"|usage" *: *\{|error"|index" *: *[1-9])|\r|\n(?!\n|data: \{|$)/g
const SIGN_OR_CALL = new RegExp(`${SIGN.source}|"(?:tool_calls" *: *\\[|function_call" *: *\\{)`, 'g')

function mayCall(data: string): boolean {
  return follows(data, '"tool_calls"', BRACKET) || follows(data, '"function_call"', BRACE)
}

const QUOTE = 0x22
const BRACE = 0x7b
const BRACKET = 0x5b
const ONE = 0x31
const NINE = 0x39
const COLON = 0x3a
const SPACE = 0x20

/** Whether the key stands anywhere with a value that begins with a character of this range. */
function follows(data: string, key: string, from: number, to = from): boolean {
  for (let at = data.indexOf(key); at >= 0; at = data.indexOf(key, at + 1)) {
    let next = at + key.length
    while (data.charCodeAt(next) === COLON || data.charCodeAt(next) === SPACE) next++
    const code = data.charCodeAt(next)
    if (code >= from && code <= to) return true
  }
  return false
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
