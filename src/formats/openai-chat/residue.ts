/**
 * What a reply says that has no canonical form: `system_fingerprint`, `x_groq`, content filter results, … It travels in
 * the extensions of the finish events, where only this format's encoder looks: of a choice under `choice.` and
 * `message.`, of the reply as a whole under `reply.` with its first choice.
 */
import { RawJson } from '../../json/raw.ts'
import type { Extensions, JsonText } from '../conversation.ts'
import type { FinishEvent } from '../reply-events.ts'
import { REASONING_FIELDS } from './assistant-decode.ts'
import { arrayOf, type Fields, memberText, objectOf, type TextSource } from './fields.ts'
import { FORMAT } from './name.ts'

/** Read elsewhere, or padding that means nothing (`obfuscation`, Mistral's `p`). */
const KNOWN_IN_REPLY = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'error', 'obfuscation', 'p'])
/** `text` is what Together says again, beside the delta. */
const KNOWN_IN_CHOICE = new Set(['index', 'finish_reason', 'message', 'delta', 'logprobs', 'usage', 'text'])
const KNOWN_IN_MESSAGE = new Set<string>([
  ...['role', 'content', 'refusal', 'tool_calls', 'function_call', 'audio', 'images', 'annotations'],
  ...REASONING_FIELDS,
  ...['reasoning_details', 'token_id', 'padding', 'index'],
])

/** Gathers unknown fields over the chunks of a reply, or over the one body that it is. A later value counts. */
export class Residue {
  readonly #reply = new Map<string, JsonText>()
  readonly #choices = new Map<number, Map<string, JsonText>>()
  /** By path, what was last seen: most chunks repeat what the first one said. */
  readonly #seen = new Map<string, unknown>()

  /** Whether there is anything in a chunk that the ones before did not say. Cheap: most say nothing new. */
  isNew(body: Fields): boolean {
    let isNew = this.#changes('', body, KNOWN_IN_REPLY)
    for (const [place, choice] of choicesOf(body)) {
      if (this.#changes(`${place}.`, choice, KNOWN_IN_CHOICE)) isNew = true
      const message = messageOf(choice)
      if (message && this.#changes(`${place}.message.`, message, KNOWN_IN_MESSAGE)) isNew = true
    }
    return isNew
  }

  /** @param source the document that `body` is part of, because these may be numbers that `JSON.parse` rounds */
  add(source: TextSource, body: Fields): void {
    addUnknown(this.#reply, 'reply.', source, body, KNOWN_IN_REPLY)
    for (const [place, choice] of choicesOf(body)) {
      const fields = this.#choices.get(place) ?? new Map<string, JsonText>()
      this.#choices.set(place, fields)
      addUnknown(fields, 'choice.', source, choice, KNOWN_IN_CHOICE)
      addUnknown(fields, 'message.', source, messageOf(choice) ?? {}, KNOWN_IN_MESSAGE)
    }
  }

  /** The finish events of a reply, with their fields. */
  onto(finishes: readonly FinishEvent[]): readonly FinishEvent[] {
    return finishes.map((finish, place) => {
      const extensions = this.#extensions(finish.candidate, place === 0)
      return extensions ? { ...finish, extensions } : finish
    })
  }

  #extensions(candidate: number, isFirst: boolean): Extensions | undefined {
    const fields = [...(isFirst ? this.#reply : []), ...(this.#choices.get(candidate) ?? [])]
    return fields.length === 0 ? undefined : { [FORMAT]: Object.fromEntries(fields) }
  }

  #changes(path: string, fields: Fields, known: ReadonlySet<string>): boolean {
    let changed = false
    for (const key in fields) {
      const value = fields[key]
      if (known.has(key) || value === null) continue
      const seen = typeof value === 'object' ? JSON.stringify(value) : value
      if (this.#seen.get(path + key) === seen) continue
      this.#seen.set(path + key, seen)
      changed = true
    }
    return changed
  }
}

function choicesOf(body: Fields): readonly (readonly [number, Fields])[] {
  return (arrayOf(body.choices) ?? []).map((value, place) => {
    const choice = objectOf(value) ?? {}
    return [typeof choice.index === 'number' ? choice.index : place, choice]
  })
}

function messageOf(choice: Fields): Fields | undefined {
  return objectOf(choice.delta) ?? objectOf(choice.message)
}

function addUnknown(
  into: Map<string, JsonText>,
  prefix: string,
  source: TextSource,
  fields: Fields,
  known: ReadonlySet<string>,
): void {
  for (const key of Object.keys(fields)) {
    if (!known.has(key) && fields[key] !== null) into.set(prefix + key, memberText(source, fields, key))
  }
}

type RawFields = Readonly<Record<string, RawJson>>

/** The fields of a finish event that this format's decoder has put there, by where they belong. */
export function residueOf({ extensions }: FinishEvent): {
  readonly reply: RawFields
  readonly choice: RawFields
  readonly message: RawFields
} {
  const fields = Object.entries(extensions?.[FORMAT] ?? {})
  const under = (prefix: string): RawFields =>
    Object.fromEntries(
      fields
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, text]) => [key.slice(prefix.length), new RawJson(text)]),
    )
  return { reply: under('reply.'), choice: under('choice.'), message: under('message.') }
}
