/** Free-text tools whose calls came back as calls of a function: a client must find its own tool. */
import { describe, expect, test } from 'vitest'
import { eventsOf } from '../../../src/formats/completion.ts'
import type { Part } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/openai-chat/format.ts'
import type { Completion, ReplyEvent } from '../../../src/formats/reply-events.ts'
import { eventsOfStream, gathered, replyContext, streamOf } from './exchange.ts'

const TOOLS = [
  { type: 'custom', custom: { name: 'patch' } },
  { type: 'function', function: { name: 'look' } },
]

function call(name: string, args: string, kind: 'function' | 'custom' = 'function'): Part {
  return { type: 'tool-call', callId: `call_${name}`, name, kind, arguments: args }
}

function reply(...parts: Part[]): Completion {
  const finish = { type: 'finish', candidate: 0, reason: 'tool-calls' } as const
  return { id: 'r1', model: 'm', candidates: [{ index: 0, parts, finish }], raw: [] }
}

/** Arguments in pieces that no text could be read from alone. */
function inPieces(event: ReplyEvent): readonly ReplyEvent[] {
  if (event.type !== 'part-start' || event.part.type !== 'tool-call') return [event]
  const { index, part } = event
  const pieces = [...part.arguments].map((text): ReplyEvent => ({ type: 'arguments-delta', index, text }))
  return [{ ...event, part: { ...part, arguments: '' } }, ...pieces]
}

function told(completion: Completion, tools: unknown): unknown[] {
  const context = replyContext({ tools })
  const { body } = format.encodeReply(completion, context)
  const [choice] = (JSON.parse(body) as { choices: { message: { tool_calls: unknown[] } }[] }).choices
  const streams = [eventsOf(completion), eventsOf(completion).flatMap(inPieces)]
  const streamed = streams.map(events => gathered(eventsOfStream(streamOf(events, context))).candidates[0]?.parts)
  return [choice?.message.tool_calls, ...streamed]
}

describe('a tool that the client declared as free text', () => {
  test.each([
    ['the text of the stand-in', '{"input":"*** Begin\\n\\"x\\""}', '*** Begin\n"x"'],
    ['an empty text', '{"input":""}', ''],
    ['what is no stand-in, as it came', '{"path":1}', '{"path":1}'],
    ['what is cut off, as it came', '{"inp', '{"inp'],
  ])('is called with %s', (_name, args, input) => {
    const [whole, ...streams] = told(reply(call('patch', args), call('look', '{"a":1}')), TOOLS)
    expect(whole).toEqual([
      { id: 'call_patch', type: 'custom', custom: { name: 'patch', input } },
      { id: 'call_look', type: 'function', function: { name: 'look', arguments: '{"a":1}' } },
    ])
    for (const parts of streams) expect(parts).toEqual([call('patch', input, 'custom'), call('look', '{"a":1}')])
  })

  test('is told by this request’s declarations alone', () => {
    const functions = [{ type: 'function', function: { name: 'patch' } }]
    for (const tools of [functions, [], undefined, [null, { type: 'custom' }]]) {
      const [whole] = told(reply(call('patch', '{"input":"x"}')), tools)
      expect(whole).toMatchObject([{ type: 'function', function: { arguments: '{"input":"x"}' } }])
    }
  })
})
