/** What a client of Gemini sees of a stream. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carryStream, type Fields, sse } from './convert.ts'
import { chat, claude } from './provider-frames.ts'
import { ask } from './through-gateway.ts'

const TO = 'gemini'
const THINKING = { generationConfig: { thinkingConfig: { includeThoughts: true } } }

const section: CaseSection = {
  title: 'Streams to Gemini clients',
  order: 130,
  cases: [
    {
      id: 'E216',
      title: 'What the SDK must find in a stream',
      decision: 'carried',
      outcome: 'Each event is one line of `data:`, and the last chunk has content and the `finishReason`.',
      prove: () => {
        const { text, frames } = told(chat.chunk({ content: 'a\nb' }), chat.chunk({}, 'stop'))
        expect(text).toMatch(/^(?:data: [^\n]*\n\n)+$/)
        expect(frames.at(-1)).toMatchObject({
          candidates: [{ finishReason: 'STOP', content: { parts: [expect.anything()], role: 'model' } }],
        })
      },
    },
    {
      id: 'E217',
      title: 'A call whose arguments come in pieces',
      decision: 'carried',
      outcome: 'It is told when it is whole: one `functionCall` with all its `args`.',
      prove: () => {
        const { frames } = told(
          chat.call(0, { id: 'call_1', function: { name: 'look', arguments: '{"at"' } }),
          chat.call(0, { function: { arguments: ':12345678901234567890}' } }),
          chat.chunk({}, 'tool_calls'),
        )
        expect(frames).toHaveLength(2)
        expect(frames[0]).toMatchObject({ candidates: [{ content: { parts: [{ functionCall: { name: 'look' } }] } }] })
        expect(
          told(
            chat.call(0, { function: { name: 'look', arguments: '{"at":12345678901234567890}' } }),
            chat.chunk({}, 'stop'),
          ).text,
        ).toContain('"args":{"at":12345678901234567890}')
      },
    },
    {
      id: 'E218',
      title: 'Thinking, for clients that asked for thoughts and for others',
      decision: 'carried',
      outcome:
        'Only with `includeThoughts` is it told, as `thought` parts; signatures go with the part that they are of.',
      prove: () => {
        const signed = claude.block(
          0,
          { type: 'thinking', thinking: '', signature: '' },
          { type: 'thinking_delta', thinking: 'Hmm.' },
          { type: 'signature_delta', signature: 'c2lnbmVk' },
        )
        const stream = sse(claude.start(), ...signed, ...claude.text(1, 'Hi'), ...claude.end('end_turn'))
        const stateKey = Buffer.alloc(32, 1)
        const asked = carryStream('anthropic-messages', TO, stream, { request: THINKING, stateKey })
        const parts = partsOf(asked.frames)
        expect(parts[0]).toEqual({ text: 'Hmm.', thought: true })
        expect(parts[1]).toEqual({ text: '', thought: true, thoughtSignature: expect.any(String) })
        expect(carryStream('anthropic-messages', TO, stream, { stateKey }).text).not.toContain('Hmm.')
      },
    },
    {
      id: 'E219',
      title: 'Usage',
      decision: 'carried',
      outcome: '`usageMetadata` is in the last chunk, thinking counted apart from the answer.',
      prove: () => {
        const details = { completion_tokens_details: { reasoning_tokens: 4 } }
        const usage = chat.usage({ prompt_tokens: 3, completion_tokens: 6, total_tokens: 9, ...details })
        expect(told(chat.chunk({ content: 'Hi' }), chat.chunk({}, 'stop'), usage).frames.at(-1)).toMatchObject({
          usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, thoughtsTokenCount: 4, totalTokenCount: 9 },
        })
      },
    },
    {
      id: 'E220',
      title: 'A stream without `alt=sse`, and one that fails',
      decision: 'carried',
      outcome: 'Both are one JSON array, the second with the error as its last member.',
      prove: () => {
        const array = { framing: 'array' } as const
        const whole = sse(chat.chunk({ content: 'Hi' }), chat.chunk({}, 'stop'), chat.done)
        expect(JSON.parse(carryText(whole, array))).toMatchObject([
          { candidates: [{}] },
          { candidates: [{ finishReason: 'STOP' }] },
        ])
        const broken = sse(chat.chunk({ content: 'Hi' }))
        expect(JSON.parse(carryText(broken, array))).toMatchObject([{ candidates: [{}] }, { error: { code: 502 } }])
        expect(JSON.parse(carryText(sse(), array))).toMatchObject([{ error: { code: 502 } }])
      },
    },
    {
      id: 'E221',
      title: 'A key in the query: `?key=`',
      decision: 'carried',
      outcome: "It is taken as the caller's key, and goes no further: not to the provider, who gets its own.",
      prove: async () => {
        const steps = '[[pipelines.main.processors]]\nuse = "auth"\nkeys = [{ name = "me", key = "caller-secret" }]'
        const path = (key: string) => `/v1beta/models/m:generateContent?key=${key}`
        const body = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }
        const answer = { candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] }
        const taken = await ask('gemini', { path: path('caller-secret'), body, steps }, { json: answer })
        expect([taken.status, taken.sent[0]?.url]).toEqual([200, '/base/models/m:generateContent'])
        expect(taken.sent[0]?.headers['x-goog-api-key']).toBe('sk-upstream-secret')
        expect((await ask('gemini', { path: path('wrong'), body, steps })).status).toBe(401)
      },
    },
  ],
}

export default section

function told(...frames: readonly Fields[]) {
  return carryStream('openai-chat', TO, sse(...frames, chat.done))
}

function partsOf(frames: readonly Fields[]): readonly unknown[] {
  type Chunk = { readonly candidates: readonly { readonly content: { readonly parts: readonly unknown[] } }[] }
  return frames.flatMap(frame => (frame as unknown as Chunk).candidates.flatMap(({ content }) => content.parts))
}

/** An array is no stream of events, so that there are no frames to look at. */
function carryText(stream: string, more: { readonly framing: 'array' }): string {
  return carryStream('openai-chat', TO, stream, more).text
}
