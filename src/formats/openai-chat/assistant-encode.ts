/** Assistant turns of a request → messages. */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { MediaPart, OpaqueState, Part, ToolCallPart, Turn } from '../conversation.ts'
import { isIssuedBy } from '../issuer.ts'
import { flatName } from '../tool-names.ts'
import { encodeContent } from './content-encode.ts'
import { argumentsFor } from './free-text-tools.ts'
import { ownFields } from './ledger.ts'
import { FORMAT } from './name.ts'
import { replayReasoning } from './reasoning-replay.ts'
import type { Target } from './target.ts'

type WireFields = { readonly [key: string]: Writable }

/** @param isLast nothing follows: the model is asked to go on with this turn */
export function encodeAssistant(turn: Turn, path: string, isLast: boolean, target: Target): WireFields {
  const parts = `${path}.parts`
  noteOrder(turn.parts, parts, target)
  const own = ownFields(turn.extensions)
  const calls = turn.parts.filter(part => part.type === 'tool-call')
  const reasoning = replayReasoning(turn.parts, parts, target)
  return {
    role: 'assistant',
    name: turn.name,
    content: encodeSaid(turn.parts, parts, reasoning.thinking, target),
    ...encodeRefusal(turn.parts),
    ...reasoning.fields,
    ...encodeAudio(turn.parts),
    ...encodeCalls(turn.parts, parts, target),
    ...(isLast && calls.length === 0 && !('prefix' in own) ? encodePrefill(path, target) : {}),
    ...own,
  }
}

/** Content comes before calls on the wire (conversion.md E54). */
function noteOrder(parts: readonly Part[], path: string, { ledger }: Target): void {
  const firstCall = parts.findIndex(part => part.type === 'tool-call')
  const lastText = parts.findLastIndex(part => part.type === 'text')
  if (firstCall >= 0 && lastText > firstCall) {
    ledger.approximated(`${path}[${lastText}]`, 'Chat Completions puts all text before the tool calls')
  }
}

/** @param thinking Mistral's content part of the reasoning, `undefined` elsewhere */
function encodeSaid(parts: readonly Part[], path: string, thinking: Writable | undefined, target: Target): Writable {
  const said = parts.map((part, index) => (isSaid(part, `${path}[${index}]`, target) ? part : LEFT_OUT))
  const content = encodeContent(merged(said), path, target)
  const isEmpty = content === '' && !parts.some(part => part.type === 'text')
  if (thinking !== undefined) return [thinking, ...(isEmpty ? [] : asParts(content))]
  return isEmpty ? target.dialect.noContent : content
}

/** Keeps the places of the others; encodes to nothing. */
const LEFT_OUT: Part = { type: 'tools-delta', add: [], remove: [] }

function asParts(content: Writable): readonly Writable[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : Array.isArray(content) ? content : []
}

function isSaid(part: Part, path: string, { ledger }: Target): boolean {
  switch (part.type) {
    case 'tool-call':
    case 'reasoning':
    case 'refusal':
      return false
    case 'opaque':
      return part.label !== 'tool_call'
    case 'media':
      if (audioId(part) === undefined)
        ledger.dropped(path, `Chat Completions takes no ${part.kind} back as said by the assistant`)
      return false
    default:
      return true
  }
}

/** Texts of one turn go on from each other: another separator would change what was said (conversion.md E28). */
function merged(parts: readonly Part[]): readonly Part[] {
  const isPlain = parts.every(part => part === LEFT_OUT || (part.type === 'text' && !part.extensions && !part.cache))
  const texts = parts.filter(part => part.type === 'text')
  return isPlain && texts.length > 1 ? [mergedText(texts)] : parts
}

function mergedText(texts: readonly Extract<Part, { type: 'text' }>[]): Part {
  return { type: 'text', text: texts.map(part => part.text).join('') }
}

function encodeRefusal(parts: readonly Part[]): WireFields {
  const refusals = parts.filter(part => part.type === 'refusal')
  return refusals.length === 0 ? {} : { refusal: refusals.map(part => part.text).join('') }
}

function encodeAudio(parts: readonly Part[]): WireFields {
  const id = parts.map(part => (part.type === 'media' ? audioId(part) : undefined)).find(each => each !== undefined)
  return id === undefined ? {} : { audio: { id } }
}

/** Earlier audio is named by the id that the reply gave it; audio that came from elsewhere has none. */
function audioId({ kind, source, id }: MediaPart): string | undefined {
  if (kind !== 'audio') return undefined
  return 'fileId' in source ? source.fileId : id
}

function encodeCalls(parts: readonly Part[], path: string, target: Target): WireFields {
  const calls = parts
    .map((part, index) => encodeCall(part, `${path}[${index}]`, target))
    .filter(call => call !== undefined)
  return calls.length === 0 ? {} : { tool_calls: calls }
}

function encodeCall(part: Part, path: string, target: Target): WireFields | RawJson | undefined {
  if (part.type === 'opaque' && part.format === FORMAT && part.label === 'tool_call') return new RawJson(part.json)
  if (part.type !== 'tool-call') return undefined
  const { ledger, ids } = target
  ledger.foreign(part.extensions, path)
  if (part.caller !== undefined) ledger.dropped(`${path}.caller`, 'Chat Completions cannot say who called a tool')
  const name = flatName(part)
  const isFreeText = part.kind === 'custom' && target.dialect.customTools
  const said = isFreeText
    ? { custom: { name, input: part.arguments } }
    : { function: { name, arguments: argumentsOf(part) } }
  return {
    id: ids.of(part.callId),
    type: isFreeText ? 'custom' : 'function',
    ...said,
    ...encodeCallState(part.state ?? [], path, target),
    ...ownFields(part.extensions),
  }
}

/** No arguments are an empty object: servers parse this (conversion.md E44). */
function argumentsOf(part: ToolCallPart): string {
  if (part.kind === 'custom') return argumentsFor(part.arguments)
  return part.arguments === '' ? '{}' : part.arguments
}

function encodeCallState(
  states: readonly OpaqueState[],
  path: string,
  { dialect, ledger, provider }: Target,
): WireFields {
  let fields: WireFields = {}
  for (const state of states) {
    const { scheme, value } = state
    if (isIssuedBy(state, provider) && scheme === 'gemini.thought-signature' && dialect.thoughtSignatures) {
      fields = { extra_content: { google: { thought_signature: value } } }
    } else {
      ledger.dropped(`${path}.state`, `this server did not issue the ${scheme} state`)
    }
  }
  return fields
}

function encodePrefill(path: string, { dialect, ledger }: Target): WireFields {
  if (dialect.prefix) return { prefix: true }
  ledger.approximated(path, 'this server answers a last assistant turn instead of going on with it')
  return {}
}
