/** An embeddings request ↔ conversation: every input is a user turn (OpenAI API reference, "Create embeddings"). */
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import { Refusal } from '../../refusal.ts'
import type { Conversation, Part, Turn } from '../conversation.ts'
import type { Loss } from '../losses.ts'
import { compact, FieldReader, numberOf, objectOf, oneOf, type TextSource, wordOf } from '../openai-chat/fields.ts'
import type { DecodeInput, EncodedRequest, EncodeTarget } from '../wire-format.ts'
import { FORMAT } from './name.ts'

/** @throws Refusal 400 when there is no input */
export function decodeRequest({ document }: DecodeInput): Conversation {
  const reader = new FieldReader(document, objectOf(document.value) ?? {})
  reader.skip('model')
  const turns = reader.take('input', input => decodeInputs(document, input)) ?? []
  if (turns.length === 0) throw new Refusal(400, 'invalid_request', '"input" must not be empty.', { param: 'input' })
  return compact({
    turns,
    tools: [],
    sampling: {},
    embedding: compact({
      dimensions: reader.take('dimensions', numberOf),
      encoding: reader.take('encoding_format', oneOf(['float', 'base64'])),
    }),
    endUser: reader.take('user', wordOf),
    extensions: reader.extensions(FORMAT),
  })
}

/** A text, a list of tokens, or a list of either. */
function decodeInputs(source: TextSource, input: unknown): readonly Turn[] {
  const isList = Array.isArray(input) && !input.every(each => typeof each === 'number')
  const inputs: readonly unknown[] = isList ? input : Array.isArray(input) && input.length === 0 ? [] : [input]
  return inputs.map(each => ({ role: 'user', parts: [decodeOne(source, each)] }))
}

function decodeOne(source: TextSource, input: unknown): Part {
  if (typeof input === 'string') return { type: 'text', text: input }
  return {
    type: 'opaque',
    format: FORMAT,
    label: Array.isArray(input) ? 'tokens' : 'input',
    json: source.textOf(input),
  }
}

/** @throws Refusal 400 when an input is no text: a vector of something else would be stored and trusted */
export function encodeRequest(
  conversation: Conversation,
  { operation, model, provider }: EncodeTarget,
): EncodedRequest {
  if (operation !== 'embed') {
    throw new Refusal(400, 'unsupported_by_target', `Provider "${provider}" makes embeddings only. Choose another one.`)
  }
  const { embedding, endUser, extensions, turns } = conversation
  const inputs = turns.map((turn, index) => encodeInput(turn, `turns[${index}]`))
  const [first] = inputs
  if (first === undefined) throw new Refusal(400, 'invalid_request', 'There is nothing to embed.', { param: 'input' })
  const own = Object.entries(extensions?.[FORMAT] ?? {}).map(([key, text]) => [key, new RawJson(text)] as const)
  const body = writeJson({
    ...Object.fromEntries(own),
    model,
    input: inputs.length === 1 && typeof first === 'string' ? first : inputs,
    dimensions: embedding?.dimensions,
    encoding_format: embedding?.encoding,
    user: endUser,
  })
  return { body, losses: lossesOf(conversation) }
}

function encodeInput({ parts }: Turn, path: string): Writable {
  const [only] = parts
  if (parts.length === 1 && only?.type === 'opaque' && only.format === FORMAT) return new RawJson(only.json)
  return parts.map((part, index) => textOf(part, `${path}.parts[${index}]`)).join('')
}

function textOf(part: Part, path: string): string {
  if (part.type === 'text') return part.text
  throw new Refusal(400, 'unsupported_by_target', `"${path}": OpenAI embeddings are made of text; this is not.`, {
    param: path,
  })
}

function lossesOf({ embedding, extensions = {} }: Conversation): readonly Loss[] {
  const paths = [
    ...(embedding?.task === undefined ? [] : ['embedding.task']),
    ...(embedding?.title === undefined ? [] : ['embedding.title']),
    ...Object.entries(extensions).flatMap(([format, fields]) => (format === FORMAT ? [] : Object.keys(fields))),
  ]
  return paths.map(path => ({ path, action: 'dropped', reason: 'OpenAI embeddings have no such setting' }))
}
