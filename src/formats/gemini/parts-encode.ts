import type { Writable } from '../../json/raw.ts'
import { Refusal } from '../../refusal.ts'
import { isBillingHeader } from '../billing-header.ts'
import type { Part, ReasoningPart, TextPart, ToolCallPart } from '../conversation.ts'
import { isNeeded, neededReason } from '../needed-parts.ts'
import { flatName } from '../tool-names.ts'
import { encodeArguments } from './arguments.ts'
import { wireId } from './call-ids.ts'
import { extensionMembers, extensionMembersExcept, FORMAT } from './fields.ts'
import type { Losses } from './losses.ts'
import { encodeRequestMedia } from './media.ts'
import { nestedMembers } from './nested.ts'
import { type SignatureReader, signatureOf } from './signatures.ts'

/** Members of one wire part. */
export type WirePart = Readonly<Record<string, Writable>>

/** A part of a request's turn, other than the result of a tool. */
export function encodeRequestPart(
  part: Part,
  path: string,
  reader: SignatureReader,
  losses: Losses,
): readonly WirePart[] {
  losses.foreign(part.extensions, path)
  if (part.type === 'opaque' || part.type === 'reasoning') return encodeKept(part, path, reader, losses)
  const signature = signatureOf(part.state, reader, path, losses)
  const wire = encodeData(part, path, losses)
  const [first, ...others] = wire
  if (!first) return signature === undefined ? [] : [{ text: '', thoughtSignature: signature }]
  return signature === undefined ? wire : [{ ...first, thoughtSignature: signature }, ...others]
}

/** Parts whose state decides whether they may be sent at all. */
function encodeKept(
  part: Extract<Part, { type: 'opaque' | 'reasoning' }>,
  path: string,
  reader: SignatureReader,
  losses: Losses,
): readonly WirePart[] {
  if (part.type === 'opaque') {
    if (part.format === FORMAT) return opaqueMembers(part.json)
    if (isNeeded(part)) throw unsupported(path, `cannot be sent: ${neededReason(part)}.`)
    if (!isBillingHeader(part)) losses.dropped(path, `only ${part.format} knows what ${part.label} is`)
    return []
  }
  const signature = signatureOf(part.state, reader, path, losses)
  const text = part.chunks.join('\n\n')
  if (signature === undefined && !isThoughtSummary(part)) {
    losses.dropped(path, 'reasoning of another provider is not shown to Gemini')
    return []
  }
  return [thoughtPart(text, signature, extensionMembers(part.extensions))]
}

/** Gemini's own thoughts come without a signature as often as with one; other providers' come otherwise. */
function isThoughtSummary({ state, visibility, id }: ReasoningPart): boolean {
  return state === undefined && visibility === 'summary' && id === undefined
}

export function thoughtPart(text: string, signature: string | undefined, rest: WirePart = {}): WirePart {
  return { text, thought: true, thoughtSignature: signature, ...rest }
}

/** A part that was not understood when it came, written back member by member. */
export function opaqueMembers(json: string): readonly WirePart[] {
  const members = nestedMembers({ [FORMAT]: { part: json } }, 'part')
  return Object.keys(members).length === 0 ? [] : [members]
}

function encodeData(
  part: Exclude<Part, { type: 'opaque' | 'reasoning' }>,
  path: string,
  losses: Losses,
): readonly WirePart[] {
  switch (part.type) {
    case 'text':
      return encodeText(part, path, losses)
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }]
    case 'media':
      noteMediaLosses(part, path, losses)
      if ('parts' in part.source)
        return part.source.parts.flatMap((inner, at) => embedded(inner, `${path}.source.parts[${at}]`, losses))
      return [encodeRequestMedia(part, path)]
    case 'tool-call':
      return [encodeCall(part, path, losses)]
    case 'hosted-tool':
      if (part.format === FORMAT)
        return [...opaqueMembers(part.json).map(wire => ({ ...wire, ...extensionMembers(part.extensions) }))]
      losses.dropped(path, `${part.tool} was run by another provider`)
      return []
    case 'search-result':
      losses.approximated(path, 'Gemini takes search results as text')
      return [{ text: `${part.title}\n${part.source}\n${part.content.map(plainText).join('\n')}` }]
    case 'compaction':
      return encodeCompaction(part.summary, path, losses)
    case 'item-reference':
      throw unsupported(path, 'refers to an item that another provider keeps. Send the item itself.')
    default:
      losses.dropped(path, `Gemini has nothing like ${part.type}`)
      return []
  }
}

/** An empty text says nothing, and Gemini refuses it where nothing else stands beside it. */
function encodeText(part: TextPart, path: string, losses: Losses): readonly WirePart[] {
  if (part.citations?.some(citation => citation.format !== FORMAT)) {
    losses.dropped(`${path}.citations`, 'Gemini takes no citations in a request')
  }
  return part.text === '' ? [] : [{ text: part.text, ...extensionMembers(part.extensions) }]
}

function embedded(part: Part, path: string, losses: Losses): readonly WirePart[] {
  losses.approximated(path, 'Gemini has no documents made of parts')
  if (part.type === 'media') return [encodeRequestMedia(part, path)]
  const text = plainText(part)
  return text === '' ? [] : [{ text }]
}

function plainText(part: Part): string {
  return part.type === 'text' || part.type === 'refusal' ? part.text : ''
}

function noteMediaLosses(part: Extract<Part, { type: 'media' }>, path: string, losses: Losses): void {
  for (const field of ['filename', 'title', 'context'] as const) {
    if (part[field] !== undefined) losses.dropped(`${path}.${field}`, `Gemini has no ${field} of a file`)
  }
  if (part.citationsEnabled) losses.dropped(`${path}.citationsEnabled`, 'Gemini cites no documents')
  if (part.detail !== undefined && part.detail !== 'auto') {
    losses.dropped(`${path}.detail`, 'Gemini sets the resolution for the whole request')
  }
}

/** @returns the part with its call; an id that was made up here stays here */
export function encodeCall(call: ToolCallPart, path: string, losses: Losses): WirePart {
  if (call.caller !== undefined) losses.dropped(`${path}.caller`, 'Gemini knows no callers')
  const functionCall = {
    id: wireId(call.callId),
    name: flatName(call),
    args: encodeArguments(call, path, losses),
    ...nestedMembers(call.extensions, 'functionCall'),
  }
  return { functionCall, ...extensionMembersExcept(call.extensions, 'functionCall') }
}

function encodeCompaction(summary: string | undefined, path: string, losses: Losses): readonly WirePart[] {
  if (summary === undefined || summary === '') throw unsupported(path, 'is a summary that only its provider can read.')
  losses.approximated(path, 'the summary goes as text')
  return [{ text: summary }]
}

export function unsupported(param: string, what: string): Refusal {
  return new Refusal(400, 'unsupported_by_target', `"${param}" ${what}`, { param })
}
