/** What providers stream that is cut off, wrong, early or odd. */
import { expect } from 'vitest'
import { TRUNCATED } from '../../../src/formats/reply-faults.ts'
import { SseParser } from '../../../src/stream/sse.ts'
import { framesOf } from '../../support/frames.ts'
import type { CaseSection } from './case.ts'
import { carryStream, type Fields, type FormatName, sse, streamEvents } from './convert.ts'
import { chat, claude, google, responses } from './provider-frames.ts'
import { ask } from './through-gateway.ts'

const MESSAGE = { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }], stream: true }

const section: CaseSection = {
  title: "Providers' streams: ends, errors, framing",
  order: 140,
  cases: [
    {
      id: 'E222',
      title: 'A stream that ends without saying that it does',
      decision: 'carried',
      outcome:
        'It is an error in the same words, whatever the format; a Chat stream with a `finish_reason` but no `[DONE]` is whole.',
      prove: () => {
        const cut: Readonly<Partial<Record<FormatName, string>>> = {
          'openai-chat': sse(chat.chunk({ content: 'He' })),
          'anthropic-messages': sse(claude.start(), ...claude.text(0, 'He')),
          'openai-responses': sse(responses.created, ...responses.text('He')),
          gemini: sse(google.text('He')),
        }
        for (const [from, text] of Object.entries(cut)) {
          expect(streamEvents(from as FormatName, text).at(-1)).toEqual({ type: 'error', error: TRUNCATED })
        }
        const whole = streamEvents('openai-chat', sse(chat.chunk({ content: 'Hi' }, 'stop')))
        expect(whole.at(-1)).toEqual({ type: 'end' })
      },
    },
    {
      id: 'E223',
      title: 'JSON or a web page with status 200 instead of a stream',
      decision: 'carried',
      outcome: 'Nothing was sent yet, so that the client gets a status: the error that the JSON tells, or 502.',
      prove: async () => {
        const asking = { path: '/v1/messages', body: MESSAGE, client: 'openai-chat' }
        const json = await ask('anthropic-messages', asking, { json: { error: { message: 'No.', code: 429 } } })
        expect([json.status, json.json]).toMatchObject([429, { error: { type: 'rate_limit_error', message: 'No.' } }])
        const page = { body: '<html>Blocked</html>', headers: { 'content-type': 'text/html' } }
        const html = await ask('anthropic-messages', asking, page)
        expect([html.status, html.json]).toMatchObject([502, { type: 'error', error: { type: 'api_error' } }])
      },
    },
    {
      id: 'E224',
      title: 'An error in a chunk without choices, or as a bare line of JSON',
      decision: 'carried',
      outcome: 'It is an error, never an empty answer.',
      prove: () => {
        const error = { choices: [], error: { message: 'Upstream is down.', code: 502 } }
        const { frames } = carryStream('openai-chat', 'anthropic-messages', sse(error, chat.done))
        expect(frames).toMatchObject([{ type: 'error', error: { message: 'Upstream is down.' } }])
        expect(streamEvents('openai-chat', '{"error":"no such model"}\n').at(-1)).toMatchObject({ type: 'error' })
      },
    },
    {
      id: 'E225',
      title: 'An error as the first thing in a stream',
      decision: 'carried',
      outcome:
        'The client gets a status, and `retry` and `fallback` can act, because nothing is sent before the first content.',
      prove: async () => {
        const failed = {
          type: 'response.failed',
          response: { error: { code: 'rate_limit_exceeded', message: 'Wait.' } },
        }
        const asking = { path: '/v1/messages', body: MESSAGE, client: 'openai-responses' }
        const stream = { chunks: [sse(responses.created, failed)] }
        const { status, json } = await ask('anthropic-messages', asking, stream)
        expect([status, json]).toMatchObject([429, { error: { type: 'rate_limit_error', message: 'Wait.' } }])
        const steps =
          '[[pipelines.main.processors]]\nuse = "retry"\nattempts = 2\non = ["error_in_200"]\nbase_delay = "1ms"'
        const retried = await ask('anthropic-messages', { ...asking, steps }, stream, {
          chunks: [sse(responses.created, ...responses.text('Hi'), responses.end('completed', []))],
        })
        expect([retried.status, retried.sent.length]).toEqual([200, 2])
      },
    },
    {
      id: 'E226',
      title: "Azure's first chunk: no choices, and no id or model",
      decision: 'carried',
      outcome: 'It says nothing; the reply is named by the first chunk that has names.',
      prove: () => {
        const filter = { id: '', model: '', choices: [], prompt_filter_results: [{ prompt_index: 0 }] }
        const events = streamEvents('openai-chat', sse(filter, chat.chunk({ content: 'Hi' }, 'stop'), chat.done))
        expect(events[0]).toMatchObject({ type: 'start', id: 'chatcmpl-1', model: 'gpt-5' })
        const bare = { ...chat.chunk({}), choices: [{ index: 0, finish_reason: null }] }
        expect(streamEvents('openai-chat', sse(filter, bare, chat.chunk({ content: 'Hi' }, 'stop'))).at(-1)).toEqual({
          type: 'end',
        })
      },
    },
    {
      id: 'E227',
      title: 'Line ends, byte order mark, comments, lines of one event, no last empty line',
      decision: 'carried',
      outcome: 'All of them are read as the standard for server-sent events says, also when the bytes come one by one.',
      prove: () => {
        const [a, b] = ['{"x":', '1}']
        for (const end of ['\n', '\r\n', '\r']) {
          const text = `\uFEFF: hello${end}event: e${end}data:${a}${end}data: ${b}${end}${end}data: é${end}`
          const expected = [{ event: 'e', data: `${a}\n${b}` }, { data: 'é' }]
          expect(framesOf(text)).toEqual(expected)
          const parser = new SseParser()
          const frames = [...Buffer.from(text)].flatMap(byte => parser.push(Buffer.of(byte)))
          expect([...frames, parser.end()].filter(frame => frame !== undefined)).toEqual(expected)
        }
      },
    },
    {
      id: 'E228',
      title: 'Content in pieces that are lists of parts',
      decision: 'carried',
      outcome: 'Texts and thoughts in the list are told as text and thinking.',
      prove: () => {
        const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'Hmm.' }] }
        const list = [thinking, { type: 'text', text: 'Hi' }]
        const { frames } = carryStream('openai-chat', 'anthropic-messages', sse(chat.chunk({ content: list }, 'stop')))
        const deltas = frames.filter(({ type }) => type === 'content_block_delta').map(({ delta }) => delta)
        expect(deltas).toMatchObject([{ thinking: 'Hmm.' }, { text: 'Hi' }])
      },
    },
    {
      id: 'E229',
      title: 'Pieces of calls without an index, with one index for all, from another number on, or in the old form',
      decision: 'carried',
      outcome: 'Each call is put together from its own pieces, told apart by index, else by id, else by name.',
      prove: () => {
        const piece = (more: Fields, name: string | undefined, text: string): Fields =>
          chat.chunk({ role: '', tool_calls: [{ ...more, function: { ...(name && { name }), arguments: text } }] })
        const ways: readonly (readonly Fields[])[] = [
          [piece({ id: 'a' }, 'f', '{"n":'), piece({ id: 'a' }, undefined, '1}'), piece({ id: 'b' }, 'g', '{}')],
          [piece({ index: 0, id: 'a' }, 'f', '{"n":1}'), piece({ index: 0, id: 'b' }, 'g', '{}')],
          [piece({ index: 1, id: 'a' }, 'f', '{"n":1}'), piece({ index: 7, id: 'b' }, 'g', '{}')],
          [piece({}, 'f', '{"n":'), piece({}, undefined, '1}'), piece({}, 'g', '{}')],
        ]
        for (const way of ways) expect(callsOf(...way, chat.chunk({}, 'tool_calls'))).toEqual(['f {"n":1}', 'g {}'])
        const old = [{ name: 'f', arguments: '{"n"' }, { arguments: ':1}' }].map(call =>
          chat.chunk({ function_call: call }),
        )
        expect(callsOf(...old, chat.chunk({}, 'function_call'))).toEqual(['f {"n":1}'])
      },
    },
    {
      id: 'E230',
      title: 'A second `message_start`',
      decision: 'carried',
      outcome: 'The same message again is passed over; another one inside the first is an error.',
      prove: () => {
        const answer = [...claude.text(0, 'Hi'), ...claude.end('end_turn')]
        const again = streamEvents('anthropic-messages', sse(claude.start(), claude.start(), ...answer))
        expect(again.filter(({ type }) => type === 'start')).toHaveLength(1)
        expect(again.at(-1)).toEqual({ type: 'end' })
        const other = { type: 'message_start', message: { id: 'msg_2', model: 'm', content: [], usage: {} } }
        const mixed = streamEvents('anthropic-messages', sse(claude.start(), other, ...answer))
        expect(mixed.at(-1)).toMatchObject({ type: 'error', error: { code: 'upstream_failed' } })
      },
    },
    {
      id: 'E231',
      title: 'Counts of the input that come twice, the later ones higher',
      decision: 'carried',
      outcome: 'The last count that was given holds.',
      prove: () => {
        const usage = { input_tokens: 40, cache_read_input_tokens: 2, output_tokens: 7 }
        const frames = [
          claude.start({ input_tokens: 3, cache_creation_input_tokens: 5, output_tokens: 1 }),
          ...claude.text(0, 'Hi'),
        ]
        const told = streamEvents('anthropic-messages', sse(...frames, ...claude.end('end_turn', {}, usage)))
        expect(told.find(({ type }) => type === 'usage')).toMatchObject({
          usage: { input: 47, cacheRead: 2, cacheWrite: 5, output: 7 },
        })
      },
    },
  ],
}

export default section

function callsOf(...frames: readonly Fields[]): readonly string[] {
  const told = carryStream('openai-chat', 'openai-responses', sse(...frames, chat.done)).frames.at(-1) ?? {}
  const output = (told.response as Fields).output as readonly Fields[]
  return output.filter(({ type }) => type === 'function_call').map(each => `${each.name} ${each.arguments}`)
}
