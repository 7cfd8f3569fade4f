/** What a client of Anthropic Messages sees of the end of a stream, and of streams that were none. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carryReply, carryStream, encodedStream, type Fields, formats, sse, streamEvents } from './convert.ts'
import { chat, claude, google, responses } from './provider-frames.ts'

const TO = 'anthropic-messages'

const section: CaseSection = {
  title: 'Streams to Anthropic clients: silence, errors, ends',
  order: 101,
  cases: [
    {
      id: 'E191',
      title: 'A provider is silent in the middle of a stream',
      decision: 'carried',
      outcome: 'Between two frames the client gets `event: ping`, which its SDK skips.',
      prove: () => {
        expect(formats[TO].heartbeat).toBe('event: ping\ndata: {"type": "ping"}\n\n')
        const [start, ...rest] = typed(sse(...claudeAnswer()))
        const events = streamEvents(TO, `${start}${formats[TO].heartbeat}${rest.join('')}`)
        expect(events.filter(({ type }) => type === 'ping')).toHaveLength(1)
        expect(events.at(-1)).toEqual({ type: 'end' })
      },
    },
    {
      id: 'E192',
      title: 'A provider fails in the middle of its stream',
      decision: 'carried',
      outcome: 'The stream ends in `event: error`; no `message_delta` or `message_stop` makes it look whole.',
      prove: () => {
        const failed = { type: 'response.failed', response: { error: { code: 'server_error', message: 'Broken.' } } }
        const { frames } = carryStream('openai-responses', TO, sse(responses.created, ...responses.text('Hel'), failed))
        expect(frames.at(-1)).toMatchObject({ type: 'error', error: { type: 'api_error', message: 'Broken.' } })
        expect(types(frames)).not.toContain('message_delta')
      },
    },
    {
      id: 'E193',
      title: 'An answer without any content that ends properly, and a stream without anything',
      decision: 'carried',
      outcome: 'The first is an empty message that ends in `end_turn`, the second an error.',
      prove: () => {
        const empty = carryStream('openai-chat', TO, sse(chat.chunk({ role: 'assistant' }, 'stop'), chat.done))
        expect(types(empty.frames)).toEqual(['message_start', 'message_delta', 'message_stop'])
        expect(empty.frames[1]).toMatchObject({ delta: { stop_reason: 'end_turn' } })
        const nothing = carryStream('openai-chat', TO, sse(chat.done))
        expect(types(nothing.frames)).toEqual(['error'])
      },
    },
    {
      id: 'E194',
      title: 'A whole reply for a client that streams, and a stream for a client that does not',
      decision: 'carried',
      outcome: 'Both get all of it, with the signature of the thinking.',
      prove: () => {
        const thinking = { type: 'thinking', thinking: 'Hmm.', signature: 'c2ln' }
        const body = { ...(claude.start().message as Fields), content: [thinking], stop_reason: 'end_turn' }
        const whole = formats[TO].decodeReply(
          { value: body, text: JSON.stringify(body), textOf: JSON.stringify },
          'generate',
        )
        const { frames } = encodedStream(TO, whole)
        expect(frames.map(({ delta }) => delta)).toContainEqual({ type: 'signature_delta', signature: 'c2ln' })
        const again = carryReply(TO, TO, body)
        expect(again.body.content).toEqual([thinking])
      },
    },
    {
      id: 'E195',
      title: 'Fields that an SDK expects although there is nothing to say',
      decision: 'carried',
      outcome:
        '`stop_sequence` is null and the counts of the cache 0, never absent; `stop_details`, too, is null from API version 2026-10-21 on.',
      prove: () => {
        const more = { headers: { 'anthropic-version': '2026-10-21' } }
        const { frames } = carryStream('gemini', TO, sse(google.text('Hi', { finishReason: 'STOP' })), more)
        const last = frames.find(({ type }) => type === 'message_delta')
        expect(last).toMatchObject({ delta: { stop_reason: 'end_turn', stop_sequence: null, stop_details: null } })
        expect(last?.usage).toMatchObject({ cache_read_input_tokens: 0, cache_creation_input_tokens: 0 })
      },
    },
    {
      id: 'E196',
      title: 'Claude refuses after it has said something',
      decision: 'carried',
      outcome:
        'A Chat client gets the text so far, the reason as `refusal`, and `content_filter` or `stop` as the end.',
      prove: () => {
        const why = { type: 'refusal', category: null, explanation: 'Not this.' }
        const told = carryStream(
          TO,
          'openai-chat',
          sse(claude.start(), ...claude.text(0, 'Well'), ...claude.end('refusal', { stop_details: why })),
        )
        const deltas = told.frames.flatMap(({ choices }) => (choices as readonly Fields[] | undefined) ?? [])
        expect(deltas).toContainEqual(expect.objectContaining({ delta: { refusal: 'Not this.' } }))
        expect(deltas.at(-1)).toMatchObject({ finish_reason: 'content_filter' })
      },
    },
  ],
}

export default section

function claudeAnswer(): readonly Fields[] {
  return [claude.start(), ...claude.text(0, 'Hi'), ...claude.end('end_turn')]
}

function types(frames: readonly Fields[]): readonly unknown[] {
  return frames.map(({ type }) => type)
}

/** The frames of a stream's text, each with its end. */
function typed(text: string): readonly string[] {
  return text.split(/(?<=\n\n)/)
}
