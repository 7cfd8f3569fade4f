/** Raw events of this format, back onto the wire: see `residue.ts`. */
import { parseDocument } from '../../json/document.ts'
import { RawJson } from '../../json/raw.ts'
import type { RawEvent } from '../reply-events.ts'
import { arrayOf, type Fields, memberText, objectOf, type TextSource } from './fields.ts'
import { FORMAT } from './name.ts'

type RawFields = Readonly<Record<string, RawJson>>

export interface RawChoice {
  readonly choice: RawFields
  readonly message: RawFields
}

export interface RawReply {
  readonly top: RawFields
  readonly choices: ReadonlyMap<number, RawChoice>
}

const NOTHING: RawReply = { top: {}, choices: new Map() }

/** @returns the fields by where they stand; of another format's event nothing, since only that format knows them */
export function readRaw(event: RawEvent): RawReply {
  if (event.format !== FORMAT) return NOTHING
  const document = parseDocument(event.json)
  const body = objectOf(document.value) ?? {}
  const choices = (arrayOf(body.choices) ?? []).map(value => objectOf(value) ?? {})
  return {
    top: textsOf(document, body, ['choices']),
    choices: new Map(choices.map(choice => [indexOf(choice), readChoice(document, choice)])),
  }
}

function readChoice(source: TextSource, choice: Fields): RawChoice {
  return {
    choice: textsOf(source, choice, ['index', 'message']),
    message: textsOf(source, objectOf(choice.message) ?? {}, []),
  }
}

function indexOf(choice: Fields): number {
  return typeof choice.index === 'number' ? choice.index : 0
}

function textsOf(source: TextSource, fields: Fields, except: readonly string[]): RawFields {
  return Object.fromEntries(
    Object.keys(fields)
      .filter(key => !except.includes(key))
      .map(key => [key, new RawJson(memberText(source, fields, key))]),
  )
}

/** The fields of several events together; a later one replaces an earlier one. */
export function mergeRaw(events: readonly RawEvent[]): RawReply {
  return events.map(readRaw).reduce(merge, NOTHING)
}

function merge(earlier: RawReply, later: RawReply): RawReply {
  const choices = new Map(earlier.choices)
  for (const [index, added] of later.choices) {
    const known = choices.get(index)
    choices.set(index, {
      choice: { ...known?.choice, ...added.choice },
      message: { ...known?.message, ...added.message },
    })
  }
  return { top: { ...earlier.top, ...later.top }, choices }
}
