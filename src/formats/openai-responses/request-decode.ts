/** A request of the Responses API → conversation. */

import type { JsonDocument } from '../../json/document.ts'
import { Refusal } from '../../refusal.ts'
import { withCarriedState } from '../carried-state.ts'
import type { Conversation, Part, Turn } from '../conversation.ts'
import type { DecodeInput } from '../wire-format.ts'
import { refuse } from './fault.ts'
import { type Bag, type Fields, isFields, nativeExtensions, unmapped } from './fields.ts'
import { type DecodedItem, decodeItem } from './item-decode.ts'
import { FORMAT } from './name.ts'
import { decodeSettings, SETTINGS } from './settings-decode.ts'
import { decodeTools } from './tools-decode.ts'

/** @throws Refusal 400 naming the field */
export function decodeRequest(input: DecodeInput): Conversation {
  return withCarriedState(decoded(input), input.stateKey)
}

function decoded({ document }: DecodeInput): Conversation {
  const body = document.value
  if (!isFields(body)) throw new Refusal(400, 'invalid_request', 'The request body must be an object.')
  const settings = decodeSettings(document, body)
  const mapped = new Set([...SETTINGS, ...settings.mapped])
  return {
    turns: [...promptTurns(document, body), ...instructionTurns(document, body), ...inputTurns(document, body.input)],
    tools: decodeTools(document, body.tools, 'tools', refuse),
    ...settings.conversation,
    // Its presence, even empty, tells the encoder that every setting here was the client's own choice of words.
    ...nativeExtensions({ ...unmapped(document, body, mapped), ...settings.bag }),
  }
}

/** A stored prompt is content that only its own provider knows: a part of its own, so that no conversion overlooks it. */
function promptTurns(document: JsonDocument, body: Fields): readonly Turn[] {
  if (!isFields(body.prompt)) return []
  const json = document.textOf(body.prompt)
  return [{ role: 'developer', parts: [{ type: 'opaque', format: FORMAT, label: 'prompt', json }] }]
}

function instructionTurns(document: JsonDocument, body: Fields): readonly Turn[] {
  const { instructions } = body
  if (instructions === undefined || instructions === null) return []
  if (typeof instructions !== 'string') refuse('instructions', 'must be a string')
  const parts: readonly Part[] = [{ type: 'text', text: String(instructions) }]
  return [{ role: 'system', parts, ...nativeExtensions({ '#instructions': document.textOf(true) }) }]
}

function inputTurns(document: JsonDocument, input: unknown): readonly Turn[] {
  if (input === undefined || input === null) return []
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', text: input }] }]
  if (!Array.isArray(input)) {
    refuse('input', 'must be a string or an array of items')
    return []
  }
  const turns = new TurnGrouping()
  input.forEach((item: unknown, index) => {
    const path = `input[${index}]`
    if (isFields(item)) turns.add(decodeItem(document, item, path, refuse), isMessage(item))
    else refuse(path, 'must be an object')
  })
  return turns.turns
}

function isMessage(item: Fields): boolean {
  return item.type === undefined || item.type === null || item.type === 'message'
}

/**
 * Items have no turns. What the assistant says and calls in a row is one turn here, and so are the results in a row;
 * two messages in a row stay two turns, since they were not said in one breath.
 */
class TurnGrouping {
  readonly turns: Turn[] = []
  #open: { role: Turn['role']; parts: Part[]; afterMessage: boolean } | undefined

  add(item: DecodedItem, message: boolean): void {
    const open = this.#open
    const joins = open !== undefined && open.role === item.role && !(message && open.afterMessage)
    if (open !== undefined && joins) {
      open.parts.push(...item.parts)
      open.afterMessage = message
      return
    }
    const parts = [...item.parts]
    this.turns.push({
      role: item.role,
      parts,
      ...(item.extensions ? { extensions: item.extensions } : systemMark(item)),
    })
    this.#open =
      item.role === 'assistant' || item.role === 'tool' ? { role: item.role, parts, afterMessage: message } : undefined
  }
}

/** A system item at the head would else look like another format's system prompt, which goes to `instructions`. */
function systemMark(item: DecodedItem): Pick<Turn, 'extensions'> {
  const empty: Bag = {}
  return item.role === 'system' ? nativeExtensions(empty) : {}
}
