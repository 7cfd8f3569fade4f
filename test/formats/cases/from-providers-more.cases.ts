/** What providers stream that is new, in Google's own ways, or no longer wanted. */
import { expect } from 'vitest'
import { startTestGateway } from '../../support/gateway.ts'
import { post } from '../../support/sse-client.ts'
import { startUpstream } from '../../support/upstream.ts'
import type { CaseSection } from './case.ts'
import { carryStream, type Fields, sse, streamEvents } from './convert.ts'
import { chat, claude, google, responses } from './provider-frames.ts'

const section: CaseSection = {
  title: "Providers' streams: what is new, Google's ways, clients that leave",
  order: 141,
  cases: [
    {
      id: 'E232',
      title: 'Events, deltas and blocks of a kind that nobody knew when this was written',
      decision: 'left out',
      outcome:
        'The rest of the answer is told, a loss names what is missing, and clients of the same format get them unchanged.',
      prove: () => {
        const unknown = [
          ...claude.block(0, { type: 'hologram', pixels: 3 }),
          { type: 'content_weather', sunny: true },
          ...claude.text(1, 'Hi'),
        ]
        const stream = sse(claude.start(), ...unknown, ...claude.end('brand_new_reason'))
        const { text, lost } = carryStream('anthropic-messages', 'openai-chat', stream)
        expect(text).toContain('"content":"Hi"')
        expect(text).toContain('"finish_reason":"stop"')
        expect(lost).toEqual(expect.arrayContaining(['raw dropped', 'candidates[0].parts[0] dropped']))
        const same = carryStream('anthropic-messages', 'anthropic-messages', stream).frames
        expect(same).toContainEqual({ type: 'content_weather', sunny: true })
        expect(same).toContainEqual(expect.objectContaining({ content_block: { type: 'hologram', pixels: 3 } }))
      },
    },
    {
      id: 'E233',
      title: 'Gemini says `STOP` in a chunk after the one with the call',
      decision: 'carried',
      outcome: 'The call is remembered: the answer ends as one that calls tools.',
      prove: () => {
        const call = google.chunk([{ functionCall: { name: 'look', args: {} } }])
        const stream = sse(call, google.text('', { finishReason: 'STOP' }))
        const ends = carryStream('gemini', 'anthropic-messages', stream).frames.find(
          ({ type }) => type === 'message_delta',
        )
        expect(ends).toMatchObject({ delta: { stop_reason: 'tool_use' } })
      },
    },
    {
      id: 'E234',
      title: 'Gemini stops for now and offers to go on (`CONTINUATION`, with a token)',
      decision: 'not offered',
      outcome:
        'Sluice does not ask for the rest: Gemini clients get reason and token and can; others get the end for length, and a loss.',
      prove: () => {
        const stream = sse(google.text('Once', { finishReason: 'CONTINUATION', continuationToken: 'dG9r' }))
        expect(carryStream('gemini', 'gemini', stream).frames.at(-1)).toMatchObject({
          candidates: [{ finishReason: 'CONTINUATION', continuationToken: 'dG9r' }],
        })
        const others = (['anthropic-messages', 'openai-chat', 'openai-responses'] as const).map(to =>
          carryStream('gemini', to, stream),
        )
        expect(others[0]?.frames.at(-2)).toMatchObject({ delta: { stop_reason: 'max_tokens' } })
        expect(others[1]?.text).toContain('"finish_reason":"length"')
        expect(others[2]?.frames.at(-1)).toMatchObject({ type: 'response.incomplete' })
        for (const { lost } of others) expect(lost).toContainEqual(expect.stringMatching(/finish approximated$/))
      },
    },
    {
      id: 'E235',
      title: "Vertex's arguments in pieces, by their place in the object, and calls without any",
      decision: 'carried',
      outcome:
        'They become one JSON object; a place that only a hostile provider would name is an error, not a change of prototypes.',
      prove: () => {
        const piece = (jsonPath: string, value: Fields, more: Fields = {}): Fields =>
          google.chunk([{ functionCall: { partialArgs: [{ jsonPath, ...value }], willContinue: true, ...more } }])
        const start = google.chunk([{ functionCall: { name: 'look', willContinue: true } }])
        const end = google.chunk([{ functionCall: {} }], { finishReason: 'STOP' })
        const told = sse(start, piece('$.at[1].x', { numberValue: 1 }), piece('$.__proto__', { stringValue: 'y' }), end)
        const { text } = carryStream('gemini', 'openai-chat', told)
        expect(argumentsIn(text)).toBe('{"at":[null,{"x":1}],"__proto__":"y"}')
        expect(Object.hasOwn(Object.prototype, 'y')).toBe(false)
        const far = streamEvents('gemini', sse(start, piece('$.at[99999999]', { numberValue: 1 }), end))
        expect(far.at(-1)).toMatchObject({ type: 'error' })
        const bare = sse(google.chunk([{ functionCall: { name: 'look' } }], { finishReason: 'STOP' }))
        expect(argumentsIn(carryStream('gemini', 'openai-chat', bare).text)).toBe('{}')
      },
    },
    {
      id: 'E236',
      title: "Google's error in a stream, by name only",
      decision: 'carried',
      outcome: 'The name tells the status.',
      prove: () => {
        const error = { error: { status: 'RESOURCE_EXHAUSTED', message: 'Too much.' } }
        expect(streamEvents('gemini', sse(google.text('He'), error)).at(-1)).toMatchObject({
          type: 'error',
          error: { kind: 'rate-limit', status: 429, message: 'Too much.' },
        })
      },
    },
    {
      id: 'E237',
      title: 'Padding against eavesdroppers, and events that only keep a connection alive',
      decision: 'left out',
      outcome: 'Neither means anything: nothing of them reaches a client of another format.',
      prove: () => {
        const padded = chat.chunk({ content: 'Hi' }, 'stop', { obfuscation: 'x7' })
        const alive = { type: 'keepalive', sequence_number: 3 }
        const one = carryStream('openai-chat', 'gemini', sse({ ...padded, obfuscation: 'qqqq' }, chat.done))
        expect(one.text).not.toMatch(/obfuscation|qqqq/)
        const output = [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }]
        const stream = sse(responses.created, alive, ...responses.text('Hi'), responses.end('completed', output))
        const two = carryStream('openai-responses', 'openai-chat', stream)
        expect([two.text.includes('keepalive'), two.lost]).toEqual([false, []])
      },
    },
    {
      id: 'E238',
      title: 'A client that leaves in the middle',
      decision: 'carried',
      outcome:
        'The request upstream is given up at once, so that nobody pays for the rest; what was counted so far is.',
      prove: async () => {
        await using upstream = await startUpstream({
          chunks: [sse(claude.start({ input_tokens: 30, output_tokens: 1 }), ...claude.text(0, 'Hi').slice(0, 2))],
          ending: 'stall',
        })
        await using gateway = await startTestGateway(`
[providers.up]
client = "anthropic-messages"
base_url = "${upstream.url}/v1"
api_key = "k"
[pipelines.main]
parsers = ["openai-chat"]
provider = "up"
[[pipelines.main.processors]]
use = "convert"
`)
        const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] }
        const reply = await post(`${gateway.url}/v1/chat/completions`, body)
        await reply.until('"content":"Hi"')
        reply.abort()
        await (await upstream.request(0)).aborted
        await upstream.idle()
        const counted = /gen_ai_client_token_usage_sum\{[^}]*gen_ai_token_type="input"[^}]*\} 30/
        await expect.poll(() => gateway.metrics()).toMatch(counted)
      },
    },
  ],
}

export default section

function argumentsIn(text: string): string {
  return [...text.matchAll(/"arguments":("(?:[^"\\]|\\.)*")/g)].map(([, json = '""']) => JSON.parse(json)).join('')
}
