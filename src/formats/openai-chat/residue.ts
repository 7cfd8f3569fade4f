/**
 * What a reply says that has no canonical form: `system_fingerprint`, `x_groq`, content filter results, … It travels
 * as `raw` events of this format whose JSON has the shape of a reply with just those fields.
 */
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import { REASONING_FIELDS } from './assistant-decode.ts'
import { arrayOf, type Fields, memberText, objectOf, type TextSource } from './fields.ts'

/** Read elsewhere, or padding that means nothing (`obfuscation`, Mistral's `p`). */
const KNOWN_IN_REPLY = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'error', 'obfuscation', 'p'])
/** `text` is what Together says again, beside the delta. */
const KNOWN_IN_CHOICE = new Set(['index', 'finish_reason', 'message', 'delta', 'logprobs', 'usage', 'text'])
const KNOWN_IN_MESSAGE = new Set<string>([
  ...['role', 'content', 'refusal', 'tool_calls', 'function_call', 'audio', 'images', 'annotations'],
  ...REASONING_FIELDS,
  ...['reasoning_details', 'token_id', 'padding', 'index'],
])

/** @returns JSON text of the fields of a reply or chunk that nobody else reads, `undefined` when there are none */
export function residueOf(source: TextSource, body: Fields): string | undefined {
  const choices = (arrayOf(body.choices) ?? []).map(choice => choiceResidue(source, objectOf(choice) ?? {}))
  const said = choices.filter(choice => choice !== undefined)
  const top = unknown(source, body, KNOWN_IN_REPLY)
  if (top === undefined && said.length === 0) return undefined
  return writeJson({ ...top, ...(said.length === 0 ? {} : { choices: said }) })
}

function choiceResidue(source: TextSource, choice: Fields): Writable | undefined {
  const message = objectOf(choice.message) ?? objectOf(choice.delta)
  const inMessage = message && unknown(source, message, KNOWN_IN_MESSAGE)
  const inChoice = unknown(source, choice, KNOWN_IN_CHOICE)
  if (inMessage === undefined && inChoice === undefined) return undefined
  const index = typeof choice.index === 'number' ? choice.index : 0
  return { index, ...inChoice, ...(inMessage === undefined ? {} : { message: inMessage }) }
}

function unknown(source: TextSource, fields: Fields, known: ReadonlySet<string>): Record<string, RawJson> | undefined {
  const keys = Object.keys(fields).filter(key => !known.has(key) && fields[key] !== null)
  if (keys.length === 0) return undefined
  return Object.fromEntries(keys.map(key => [key, new RawJson(memberText(source, fields, key))]))
}

/** Tells whether a chunk says anything unknown that the chunks before it did not. */
export class ResidueWatch {
  readonly #last = new Map<string, unknown>()

  isNew(body: Fields): boolean {
    let isNew = this.#changes('', body, KNOWN_IN_REPLY)
    for (const each of arrayOf(body.choices) ?? []) {
      const choice = objectOf(each)
      if (choice === undefined) continue
      const path = `${String(choice.index ?? 0)}.`
      if (this.#changes(path, choice, KNOWN_IN_CHOICE)) isNew = true
      const delta = objectOf(choice.delta)
      if (delta && this.#changes(`${path}delta.`, delta, KNOWN_IN_MESSAGE)) isNew = true
    }
    return isNew
  }

  #changes(path: string, fields: Fields, known: ReadonlySet<string>): boolean {
    let changed = false
    for (const key in fields) {
      const value = fields[key]
      if (known.has(key) || value === null) continue
      const seen = typeof value === 'object' ? JSON.stringify(value) : value
      if (this.#last.get(path + key) === seen) continue
      this.#last.set(path + key, seen)
      changed = true
    }
    return changed
  }
}
