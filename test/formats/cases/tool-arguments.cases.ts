/** Calls of tools: their arguments, torn ones too. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, carryStream, decoded, sse } from './convert.ts'
import * as provider from './provider-frames.ts'
import { chat } from './request-bodies.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const

const section: CaseSection = {
  title: 'Tool calls: arguments',
  order: 31,
  cases: [
    {
      id: 'E42',
      title: 'Arguments that were cut off and are no JSON',
      decision: 'approximated',
      outcome:
        'Where an object is wanted they stand in one as text, `_raw`, with a loss; elsewhere they stay as they are.',
      prove: () => {
        const body = chat.loop('c1', '{"a":')
        expect(carry(C, A, body)).toMatchObject({
          body: { messages: [{}, { content: [{ input: { _raw: '{"a":' } }] }, {}] },
          lost: ['turns[1].parts[0].arguments approximated'],
        })
        expect(carry(C, G, body).text).toContain('"args":{"_raw":"{\\"a\\":"}')
        expect(carry(C, R, body)).toMatchObject({ body: { input: [{}, { arguments: '{"a":' }, {}] }, lost: [] })
      },
    },
    {
      id: 'E43',
      title: 'Arguments that are JSON and no object',
      decision: 'approximated',
      outcome: 'As E42: the text as it is, in `_raw`.',
      prove: () => {
        for (const text of ['"look"', '[1]', '7', 'null']) {
          expect(carry(C, A, chat.loop('c1', text))).toMatchObject({
            body: { messages: [{}, { content: [{ input: { _raw: text } }] }, {}] },
            lost: ['turns[1].parts[0].arguments approximated'],
          })
        }
      },
    },
    {
      id: 'E44',
      title: 'No arguments at all',
      decision: 'carried',
      outcome: 'An empty object, also at the end of a stream: clients parse what they get.',
      prove: () => {
        expect(carry(C, A, chat.loop('c1', '')).body).toMatchObject({
          messages: [{}, { content: [{ input: {} }] }, {}],
        })
        expect(carry(C, R, chat.loop('c1', '')).body).toMatchObject({ input: [{}, { arguments: '{}' }, {}] })
        const block = provider.claude.block(0, { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} })
        const { text } = carryStream(A, C, sse(provider.claude.start(), ...block, ...provider.claude.end('tool_use')))
        expect([...text.matchAll(/"arguments":"([^"]*)"/g)].map(([, piece]) => piece).join('')).toBe('{}')
      },
    },
    {
      id: 'E45',
      title: 'Big integers, `1.0` and the order of keys in arguments',
      decision: 'carried',
      outcome: 'Arguments travel as the text that they are.',
      prove: () => {
        const text = '{"9":1,"1":12345678901234567890,"x":1.0}'
        for (const to of [A, G] as const) expect(carry(C, to, chat.loop('c1', text)).text).toContain(text)
        const body = `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"look","input":${text}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}]}`
        expect(carry(A, R, body).body).toMatchObject({ input: [{}, { arguments: text }, {}] })
      },
    },
    {
      id: 'E46',
      title: 'Arguments encoded twice',
      decision: 'passed on',
      outcome: 'They are left as the model gave them: a repair could change what is meant.',
      prove: () => {
        const text = '{"a":"{\\"b\\":1}"}'
        expect(carry(C, A, chat.loop('c1', text)).text).toContain(`"input":${text}`)
      },
    },
    {
      id: 'E47',
      title: 'Arguments of a stream that already are JSON, before they are whole',
      decision: 'carried',
      outcome: 'A call is whole when its format says so, never because what has come can be parsed.',
      prove: () => {
        const { chunk, call, done } = provider.chat
        const begun = call(0, { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } })
        const whole = carryStream(
          C,
          G,
          sse(begun, call(0, { function: { arguments: ' ' } }), chunk({}, 'tool_calls'), done),
        )
        expect(whole.text.match(/functionCall/g)).toHaveLength(1)
        const cut = carryStream(C, G, sse(begun))
        expect(cut.text).not.toContain('functionCall')
        expect(cut.frames.at(-1)).toHaveProperty('error')
      },
    },
    {
      id: 'E48',
      title: 'An answer that was cut off in the middle of a call',
      decision: 'carried',
      outcome:
        "The arguments stay the torn text that they are, beside the word for length; Gemini's clients get it in `_raw`.",
      prove: () => {
        const { chunk, call, done } = provider.chat
        const stream = sse(
          call(0, { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"a":' } }),
          chunk({}, 'length'),
          done,
        )
        const claudes = carryStream(C, A, stream).text
        expect(claudes).toContain('"partial_json":"{\\"a\\":"')
        expect(claudes).toContain('"stop_reason":"max_tokens"')
        expect(carryStream(C, R, stream).frames.at(-1)).toMatchObject({
          type: 'response.incomplete',
          response: { output: [{ status: 'incomplete', arguments: '{"a":' }] },
        })
        const googles = carryStream(C, G, stream)
        expect(googles.text).toContain('"_raw"')
        expect(googles.text).toContain('"MAX_TOKENS"')
        expect(googles.lost).toEqual(['candidates[0].parts[0].arguments approximated'])
        expect(decoded(C, chat.loop('c1', '{"a":')).turns[1]?.parts[0]).toMatchObject({ arguments: '{"a":' })
      },
    },
  ],
}

export default section
