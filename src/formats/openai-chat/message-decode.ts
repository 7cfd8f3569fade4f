/** Messages of a Chat request → turns (OpenAI API reference, "Create chat completion", `messages`). */
import { Refusal } from '../../refusal.ts'
import type { Part, Turn } from '../conversation.ts'
import { decodeAssistant } from './assistant-decode.ts'
import { compact, FieldReader, type Fields, objectOf, stringOf, type TextSource, wordOf } from './fields.ts'
import { FORMAT } from './name.ts'
import { decodeContent } from './part-decode.ts'

/** @throws Refusal 400 naming the message and field at fault */
export function decodeMessages(source: TextSource, messages: readonly unknown[]): readonly Turn[] {
  return messages.map((message, index) => {
    const path = `messages[${index}]`
    const fields = objectOf(message)
    if (fields === undefined) throw invalid(path, 'must be an object')
    return decodeMessage(source, fields, index, lastLegacyCall(messages, index))
  })
}

function decodeMessage(source: TextSource, fields: Fields, index: number, legacyCall: string): Turn {
  const path = `messages[${index}]`
  const reader = new FieldReader(source, fields)
  const role = reader.take('role', stringOf)
  switch (role) {
    case 'system':
    case 'developer':
    case 'user':
      return turn(role, contentOf(source, reader, path), reader)
    case 'assistant':
      return turn(
        role,
        decodeAssistant(source, reader, place => mintedId(index, place)),
        reader,
      )
    case 'tool':
      return turn('tool', [decodeResult(source, reader, path, wordOf(fields.name))], reader)
    case 'function':
      return turn('tool', [decodeResult(source, reader, path, wordOf(fields.name), legacyCall)], reader)
    default:
      throw invalid(`${path}.role`, `must be developer, system, user, assistant, tool or function`)
  }
}

function turn(role: Turn['role'], parts: readonly Part[], reader: FieldReader): Turn {
  const name = reader.take('name', wordOf)
  return compact({ role, parts, name, extensions: reader.extensions(FORMAT) })
}

function contentOf(source: TextSource, reader: FieldReader, path: string): readonly Part[] {
  const content = reader.take('content', value =>
    typeof value === 'string' || Array.isArray(value) ? value : undefined,
  )
  if (content === undefined) throw invalid(`${path}.content`, 'must be a string or an array of parts')
  return decodeContent(source, content)
}

/** @param legacyCall the call that a message of the old role `function`, which has no call id, answers */
function decodeResult(
  source: TextSource,
  reader: FieldReader,
  path: string,
  name: string | undefined,
  legacyCall?: string,
): Part {
  const callId = legacyCall ?? reader.take('tool_call_id', wordOf)
  if (callId === undefined) throw invalid(`${path}.tool_call_id`, 'is missing')
  const content = reader.take('content', value => decodeContent(source, value)) ?? []
  return compact({ type: 'tool-result', callId, name, content })
}

/** Calls of the old `function_call` have no id; theirs follows from their place, so that it never changes. */
function mintedId(index: number, place: number): string {
  return place === 0 ? `call_${index}` : `call_${index}_${place}`
}

function lastLegacyCall(messages: readonly unknown[], before: number): string {
  for (let index = before - 1; index >= 0; index--) {
    if (objectOf(objectOf(messages[index])?.function_call)) return mintedId(index, 0)
  }
  return mintedId(before, 0)
}

function invalid(param: string, reason: string): Refusal {
  return new Refusal(400, 'invalid_request', `"${param}" ${reason}.`, { param })
}
