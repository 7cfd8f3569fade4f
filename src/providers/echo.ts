import { hash } from 'node:crypto'
import type { Conversation, Part, ReplyEvent } from '../contract.ts'
import { estimateTokens, textTokens } from '../formats/count-tokens.ts'
import type { EmbeddedKind } from '../pipeline/provider-kind.ts'

export default {
  summary:
    'Says the last prompt again, word by word, in every format and without any key: for a first call, for demos and for tests.',
  genAiName: 'sluice.echo',
  embedded: true,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      pace: {
        type: 'string',
        format: 'duration',
        default: '20ms',
        description: 'Time between two words of a streamed answer; `0s` sends them as fast as they go.',
      },
    },
  },
  connect: ({ options, clock }) => ({
    send(call) {
      const { operation } = call
      if (operation === 'list-models') return call.answer({ models: [{ id: 'echo', ownedBy: 'sluice' }] })
      if (operation === 'count-tokens')
        return call.answer({ tokens: estimateTokens(call.conversation), estimated: true })
      const events =
        operation === 'embed'
          ? embeddings(call.conversation, call.id, call.model)
          : words(call.conversation, call.id, call.model)
      const pace = Number(options.pace)
      if (!call.stream || pace === 0) return call.answer({ events })
      return call.answer({ events: paced(events, ms => clock.sleep(ms, call.signal), pace) })
    },
  }),
} as const satisfies EmbeddedKind

/** The answer as events: the prompt's words, then the usage. */
function words(conversation: Conversation, id: string, model: string): ReplyEvent[] {
  const text = lastPrompt(conversation)
  const usage = { input: estimateTokens(conversation), output: textTokens(text), estimated: true }
  return [
    { type: 'start', id, model, usage: { ...usage, output: 0 } },
    { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
    ...(text.match(/\s*\S+\s*$|\s*\S+|\s+/g) ?? []).map(word => ({
      type: 'text-delta' as const,
      index: 0,
      text: word,
    })),
    { type: 'part-end', index: 0 },
    { type: 'finish', candidate: 0, reason: 'stop' },
    { type: 'usage', usage },
    { type: 'end' },
  ]
}

async function* paced(
  events: readonly ReplyEvent[],
  sleep: (ms: number) => Promise<void>,
  pace: number,
): AsyncGenerator<ReplyEvent> {
  let first = true
  for (const event of events) {
    if (event.type === 'text-delta' && !first) await sleep(pace)
    if (event.type === 'text-delta') first = false
    yield event
  }
}

function lastPrompt({ turns }: Conversation): string {
  const turn = turns.findLast(({ role }) => role === 'user' || role === 'tool')
  return (
    turn?.parts
      .map(textOf)
      .filter(text => text !== '')
      .join('\n') ?? ''
  )
}

function textOf(part: Part): string {
  if (part.type === 'text') return part.text
  if (part.type === 'tool-result') return part.structured ?? part.content.map(textOf).join('\n')
  return part.type === 'media' ? `[${part.kind}]` : ''
}

/** A vector of eight numbers for each input: of length one, and the same for the same text. */
function embeddings(conversation: Conversation, id: string, model: string): ReplyEvent[] {
  const inputs = conversation.turns.map(({ parts }) => parts.map(textOf).join('\n'))
  const tokens = inputs.reduce((sum, text) => sum + textTokens(text), 0)
  return [
    { type: 'start', id, model },
    ...inputs.map((text, input) => ({ type: 'embedding' as const, input, values: vectorOf(text) })),
    { type: 'finish', candidate: 0, reason: 'stop' },
    { type: 'usage', usage: { input: tokens, output: 0, estimated: true } },
    { type: 'end' },
  ]
}

function vectorOf(text: string): readonly number[] {
  const digest = hash('sha256', text, 'buffer')
  const numbers = Array.from({ length: 8 }, (_, index) => digest.readInt32BE(index * 4))
  const length = Math.hypot(...numbers)
  return numbers.map(number => number / length)
}
