import type { Answer, Format, ReplyEvent } from '../contract.ts'
import type { Exchange } from './exchange.ts'
import type { Origin, OriginBody } from './origin.ts'
import { EngineReply } from './reply.ts'

/** A reply that no upstream gave. */
export function answerReply(exchange: Exchange, format: Format, answer: Answer): EngineReply {
  const body = bodyOf(exchange, answer)
  const estimated = body.kind === 'tokens' && body.estimated ? { 'x-sluice-token-count': 'estimated' } : {}
  const origin: Origin = {
    provider: '',
    status: 200,
    headers: { ...estimated, ...answer.headers },
    format,
    body,
    cancel: () => {},
  }
  return EngineReply.of(exchange, origin)
}

function bodyOf(exchange: Exchange, answer: Answer): OriginBody {
  if ('text' in answer) return { kind: 'events', events: textEvents(exchange, answer.text) }
  if ('events' in answer) {
    const { events } = answer
    const listed = Symbol.iterator in events ? [...events] : events
    return { kind: 'events', events: listed }
  }
  if ('models' in answer) return { kind: 'models', models: answer.models }
  return { kind: 'tokens', tokens: answer.tokens, estimated: answer.estimated ?? false }
}

function textEvents(exchange: Exchange, text: string): readonly ReplyEvent[] {
  return [
    { type: 'start', id: exchange.id, model: exchange.head.model, created: exchange.created },
    { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text } },
    { type: 'part-end', index: 0 },
    { type: 'finish', candidate: 0, reason: 'stop' },
    { type: 'end' },
  ]
}
