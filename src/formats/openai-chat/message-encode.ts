/** Turns → messages of a Chat request (conversion.md C.3). */
import type { Writable } from '../../json/raw.ts'
import type { MediaPart, Turn } from '../conversation.ts'
import { encodeAssistant } from './assistant-encode.ts'
import { encodeContent } from './content-encode.ts'
import { ownFields } from './ledger.ts'
import { encodeMediaPart } from './media-encode.ts'
import type { Target } from './target.ts'
import { encodeResult, isResult, resultMedia } from './tool-result-encode.ts'
import { arrangeTurns } from './turn-order.ts'

type Message = { readonly [key: string]: Writable }

/** @throws Refusal 400 when something must not be dropped and cannot be said */
export function encodeMessages(turns: readonly Turn[], target: Target): readonly Message[] {
  const messages: Message[] = []
  /** Media of tool results, which stand in a user message behind all results of the turn (conversion.md E74). */
  let media: Writable[] = []
  const placed = arrangeTurns(turns, target)
  for (const [place, { turn, path }] of placed.entries()) {
    const results = turn.parts.filter(isResult)
    const others = results.length === 0 ? turn.parts : turn.parts.filter(part => !isResult(part))
    if (results.length > 0) target.ledger.foreign(turn.extensions, path)
    for (const result of results) {
      messages.push(encodeResult(result, turn, `${path}.parts[${turn.parts.indexOf(result)}]`, target))
      if (!target.dialect.toolMedia) media.push(...mediaMessageParts(result.name, resultMedia(result), path, target))
    }
    if (results.length > 0 && others.length === 0) continue
    if (media.length > 0) messages.push({ role: 'user', content: media })
    media = []
    const said = results.length === 0 ? turn : { ...turn, parts: others }
    const message = encodeTurn(said, path, place === placed.length - 1, target)
    if (!isSilent(message, turn)) messages.push(message)
  }
  return media.length > 0 ? [...messages, { role: 'user', content: media }] : messages
}

function encodeTurn(turn: Turn, path: string, isLast: boolean, target: Target): Message {
  target.ledger.foreign(turn.extensions, path)
  if (turn.role === 'assistant') return encodeAssistant(turn, path, isLast, target)
  const content = encodeContent(turn.parts, `${path}.parts`, target)
  return { role: roleOf(turn.role, target), content, name: turn.name, ...ownFields(turn.extensions) }
}

/** Nothing of it could be said, or an assistant said nothing: a message without anything is refused by most servers. */
function isSilent(message: Message, { role, parts }: Turn): boolean {
  if (message.content !== null && message.content !== '') return false
  const { role: _, content: nothing, ...more } = message
  if (Object.values(more).some(value => value !== undefined)) return false
  return role === 'assistant' || (parts.length > 0 && !parts.some(part => part.type === 'text'))
}

/** What is left of a turn of role `tool` once its results are taken out was said by the user. */
function roleOf(role: Turn['role'], { dialect }: Target): string {
  if (role === 'developer' && !dialect.developer) return 'system'
  return role === 'tool' ? 'user' : role
}

function mediaMessageParts(
  tool: string | undefined,
  media: readonly MediaPart[],
  path: string,
  target: Target,
): readonly Writable[] {
  if (media.length === 0) return []
  target.ledger.approximated(`${path}.parts`, 'this server takes no media in tool results; a user message holds them')
  const head = {
    type: 'text',
    text: tool === undefined ? 'Media of the tool result:' : `Media of the result of ${tool}:`,
  }
  return [head, ...media.map(part => encodeMediaPart(part, path, target))]
}
