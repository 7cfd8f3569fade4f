/** What an assistant message says, beside its content: shared by messages of a request and of a reply. */
import type { OpaqueState, Part, ReasoningPart, ToolCallPart } from '../conversation.ts'
import { arrayOf, compact, FieldReader, type Fields, objectOf, stringOf, type TextSource, wordOf } from './fields.ts'
import { FORMAT } from './name.ts'
import { decodeContent } from './part-decode.ts'

/** Names under which servers give visible reasoning (conversion.md E110a); the first one that says something counts. */
export const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'reasoning_text'] as const

/**
 * Reads content, refusal, reasoning and tool calls in the order in which they are thought, said and done.
 *
 * @param mintId gives an id to a call that came without one, by its place among the calls
 */
export function decodeAssistant(
  source: TextSource,
  reader: FieldReader,
  mintId: (place: number) => string,
): readonly Part[] {
  const reasoning = decodeReasoning(source, reader)
  const content = reader.take('content', value => value) ?? ''
  const refusal = reader.take('refusal', wordOf)
  const audio = reader.take('audio', decodeAudio)
  const images = reader.take('images', value => decodeImages(source, value)) ?? []
  const calls = decodeCalls(source, reader, mintId)
  const said = content === '' ? [] : decodeContent(source, content)
  return [
    ...(reasoning ? [reasoning] : []),
    ...said,
    ...(refusal === undefined ? [] : [{ type: 'refusal' as const, text: refusal }]),
    ...(audio ? [audio] : []),
    ...images,
    ...calls,
  ]
}

function decodeReasoning(source: TextSource, reader: FieldReader): ReasoningPart | undefined {
  const texts = REASONING_FIELDS.map(field => reader.take(field, stringOf))
  const text = texts.find(each => each !== undefined && each !== '')
  const details = reader.take('reasoning_details', value => detailsState(source, value))
  if (text === undefined && details === undefined) return undefined
  return compact({
    type: 'reasoning',
    visibility: text === undefined ? 'hidden' : 'full',
    chunks: text === undefined ? [] : [text],
    state: details && [details],
  })
}

/** OpenRouter's `reasoning_details`, to be sent back verbatim and in order (conversion.md E109). */
function detailsState(source: TextSource, value: unknown): OpaqueState | undefined {
  const details = arrayOf(value)
  if (details === undefined || details.length === 0) return undefined
  return { scheme: 'openrouter.details', value: source.textOf(details) }
}

/** A reply has `data`; a request only names the earlier audio by its id. */
function decodeAudio(value: unknown): Part | undefined {
  const fields = objectOf(value)
  const id = wordOf(fields?.id)
  const data = wordOf(fields?.data)
  if (fields === undefined || (data === undefined && id === undefined)) return undefined
  const { id: _id, data: _data, ...more } = fields
  const rest = Object.entries(more).map(([key, each]) => [key, JSON.stringify(each)] as const)
  return compact({
    type: 'media',
    kind: 'audio',
    id,
    source: data === undefined ? { fileId: id ?? '', format: FORMAT } : { base64: data },
    extensions: rest.length === 0 ? undefined : { [FORMAT]: Object.fromEntries(rest) },
  })
}

/** Images that a model made, in OpenRouter's `images` (conversion.md E171). */
export function decodeImages(source: TextSource, value: unknown): readonly Part[] | undefined {
  return arrayOf(value) && decodeContent(source, value)
}

function decodeCalls(source: TextSource, reader: FieldReader, mintId: (place: number) => string): readonly Part[] {
  const calls = reader.take('tool_calls', arrayOf) ?? []
  const legacy = reader.take('function_call', objectOf)
  return [
    ...calls.map((call, place) => decodeCall(source, call, mintId(place))),
    ...(legacy ? [decodeCall(source, { function: legacy }, mintId(calls.length))] : []),
  ]
}

/** @param id what to call it when it has no id of its own */
function decodeCall(source: TextSource, value: unknown, id: string): Part {
  const fields = objectOf(value) ?? {}
  const reader = new FieldReader(source, fields)
  reader.skip('type', 'index')
  const called = calledTool(source, reader)
  if (called === undefined) return { type: 'opaque', format: FORMAT, label: 'tool_call', json: source.textOf(value) }
  const state = decodeCallState(reader)
  return compact({
    ...called,
    callId: reader.take('id', wordOf) ?? id,
    state: state && [state],
    extensions: reader.extensions(FORMAT),
  })
}

type Called = Pick<ToolCallPart, 'type' | 'kind' | 'name' | 'arguments'>

function calledTool(source: TextSource, reader: FieldReader): Called | undefined {
  const custom = reader.take('custom', objectOf)
  const name = wordOf(custom?.name)
  if (name !== undefined) {
    return { type: 'tool-call', kind: 'custom', name, arguments: stringOf(custom?.input) ?? '' }
  }
  const called = reader.take('function', objectOf)
  const functionName = wordOf(called?.name)
  if (called === undefined || functionName === undefined) return undefined
  return { type: 'tool-call', kind: 'function', name: functionName, arguments: argumentsOf(source, called) }
}

/** Arguments are JSON text in a string; some servers send the object itself. */
export function argumentsOf(source: TextSource, called: Fields): string {
  const args = called.arguments
  if (typeof args === 'string') return args
  return args === undefined || args === null ? '' : source.textOf(args)
}

/** Gemini's signature as its Chat-compatible endpoint carries it: `extra_content.google.thought_signature`. */
export function decodeCallState(reader: FieldReader): OpaqueState | undefined {
  return reader.take('extra_content', value => {
    const signature = wordOf(objectOf(objectOf(value)?.google)?.thought_signature)
    return signature === undefined ? undefined : { scheme: 'gemini.thought-signature', value: signature }
  })
}
