/** Results of tools: what is in them. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, refusal } from './convert.ts'
import { chat, claude, responses } from './request-bodies.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const

/** What Gemini is told that the tool gave. */
function toldGemini(content: unknown): unknown {
  const body = claude.loop([claude.call('t1')], [claude.result('t1', content)])
  const { contents } = carry(A, G, body).body as {
    contents: { parts: { functionResponse?: { response: unknown } }[] }[]
  }
  return contents[2]?.parts[0]?.functionResponse?.response
}

const section: CaseSection = {
  title: 'Tool results: what is in them',
  order: 41,
  cases: [
    {
      id: 'E76',
      title: 'Gemini wants an object as a result',
      decision: 'carried',
      outcome:
        'A text goes as `output`, an object as the source text that it is, unless `$ref` in it would mean something else.',
      prove: () => {
        expect(toldGemini('plain')).toEqual({ output: 'plain' })
        expect(toldGemini('[1]')).toEqual({ output: '[1]' })
        expect(toldGemini('{"a":1}')).toEqual({ a: 1 })
        expect(toldGemini('{"$ref":"x"}')).toEqual({ output: '{"$ref":"x"}' })
        const body = claude.loop([claude.call('t1')], [claude.result('t1', '{"2":1.0,"1":12345678901234567890}')])
        expect(carry(A, G, body).text).toContain('"response":{"2":1.0,"1":12345678901234567890}')
      },
    },
    {
      id: 'E77',
      title: 'Gemini wants the name of the function with its result',
      decision: 'refused',
      outcome: 'It is that of the call with the same id; without such a call it is a 400 that names the result.',
      prove: () => {
        expect(carry(C, G, chat.loop('c1')).body).toMatchObject({
          contents: [{}, {}, { parts: [{ functionResponse: { name: 'look' } }] }],
        })
        const orphan = chat.body({ messages: [chat.hello, chat.result('c9')] })
        expect(refusal(() => carry(C, G, orphan))).toMatchObject({
          status: 400,
          param: 'turns[1].parts[0]',
          message: expect.stringContaining('"c9"'),
        })
      },
    },
    {
      id: 'E78',
      title: "Gemini's object, for formats that take a text",
      decision: 'carried',
      outcome: 'Exactly `{"output": text}` is that text; anything else goes as its JSON, as it was written.',
      prove: () => {
        const body = (response: string) =>
          `{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"look","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"look","response":${response}}}]}]}`
        for (const [response, text] of [
          ['{"output":"plain"}', 'plain'],
          ['{"output":"plain","n":1.0}', '{"output":"plain","n":1.0}'],
          ['{"rows": [1.0]}', '{"rows": [1.0]}'],
        ] as const) {
          expect(carry(G, C, body(response)).body).toMatchObject({ messages: [{}, {}, { content: text }] })
          expect(carry(G, R, body(response)).body).toMatchObject({ input: [{}, {}, { output: text }] })
          expect(carry(G, A, body(response)).body).toMatchObject({
            messages: [{}, {}, { content: [{ content: [claude.text(text)] }] }],
          })
        }
      },
    },
    {
      id: 'E79',
      title: 'Documents, search results and references to tools in results',
      decision: 'approximated',
      outcome:
        'Their text goes in the result; references, which say nothing elsewhere, are left out; losses tell both.',
      prove: () => {
        const content = [
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'The text.' } },
          { type: 'search_result', source: 's', title: 't', content: [claude.text('Found.')] },
          { type: 'tool_reference', tool_name: 'find' },
        ]
        const body = claude.loop([claude.call('t1')], [claude.result('t1', content)])
        for (const to of [C, R] as const) {
          const sent = carry(A, to, body)
          expect(sent.text).toContain('The text.')
          expect(sent.text).toContain('Found.')
          expect(sent.lost).toEqual(
            ['approximated', 'approximated', 'dropped'].map(
              (action, at) => `turns[2].parts[0].content[${at}] ${action}`,
            ),
          )
          expect(sent.losses[2]?.reason).toContain('tool_reference')
        }
        expect(carry(A, G, body).lost).toContain('turns[2].parts[0].content[2] dropped')
      },
    },
    {
      id: 'E80',
      title: 'Results with nothing in them',
      decision: 'carried',
      outcome:
        "Legal everywhere: no content for Anthropic, an empty text for OpenAI's APIs, an empty `output` for Gemini.",
      prove: () => {
        const messages = [chat.hello, chat.calls(chat.call('c1')), chat.result('c1', '')]
        const sent = carry(C, A, chat.body({ messages, tools: [chat.tool('look')] }))
        expect(sent.body).toMatchObject({
          messages: [{}, {}, { content: [{ type: 'tool_result', tool_use_id: 'c1' }] }],
        })
        expect(sent.lost).toEqual([])
        const body = claude.loop([claude.call('t1')], [{ type: 'tool_result', tool_use_id: 't1' }])
        expect(carry(A, C, body).body).toMatchObject({ messages: [{}, {}, { content: '' }] })
        expect(carry(A, R, body).body).toMatchObject({ input: [{}, {}, { output: '' }] })
        expect(toldGemini('')).toEqual({ output: '' })
      },
    },
    {
      id: 'E81',
      title: 'Results of Responses that say by name which call they are of',
      decision: 'refused',
      outcome:
        'Only Responses can pair them: elsewhere a 400 names the item, since without it the model would wait in vain.',
      prove: () => {
        const late = { type: 'function_call_output', name: 'look', output: 'ok' }
        const body = responses.body({ input: [responses.hello, late] })
        expect(carry(R, R, body).body).toMatchObject({ input: [{}, late] })
        for (const to of [A, C, G] as const) {
          const { status, message } = refusal(() => carry(R, to, body))
          expect([status, message]).toEqual([400, expect.stringContaining('"function_call_output"')])
        }
      },
    },
    {
      id: 'E82',
      title: 'Results of calls of free text',
      decision: 'carried',
      outcome: 'They are results of the function that stands for the tool; for Responses they are what its call was.',
      prove: () => {
        const custom = { type: 'custom', name: 'patch' }
        const input = [
          responses.hello,
          { type: 'custom_tool_call', call_id: 'c1', name: 'patch', input: 'x' },
          { type: 'custom_tool_call_output', call_id: 'c1', output: 'done' },
        ]
        expect(carry(R, A, responses.body({ input, tools: [custom] })).body).toMatchObject({
          messages: [{}, {}, { content: [{ type: 'tool_result', tool_use_id: 'c1', content: [claude.text('done')] }] }],
        })
        const call = { id: 'c1', type: 'custom', custom: { name: 'patch', input: 'x' } }
        const messages = [chat.hello, chat.calls(call), chat.result('c1', 'done')]
        expect(
          carry(C, R, chat.body({ messages, tools: [{ type: 'custom', custom: { name: 'patch' } }] })).body,
        ).toMatchObject({
          input: [{}, { type: 'custom_tool_call' }, { type: 'custom_tool_call_output', output: 'done' }],
        })
      },
    },
    {
      id: 'E83',
      title: 'One call answered twice',
      decision: 'left out',
      outcome: 'The later answer counts; a loss names the other one.',
      prove: () => {
        const twice = [chat.hello, chat.calls(chat.call('c1')), chat.result('c1', 'first'), chat.result('c1', 'second')]
        for (const to of [A, R, G] as const) {
          const sent = carry(C, to, chat.body({ messages: twice, tools: [chat.tool('look')] }))
          expect(sent.text).toContain('second')
          expect(sent.text).not.toContain('first')
          expect(sent.lost).toHaveLength(1)
        }
        const body = claude.loop([claude.call('t1')], [claude.result('t1', 'first'), claude.result('t1', 'second')])
        expect(carry(A, C, body)).toMatchObject({
          body: { messages: [{}, {}, { content: 'second' }] },
          lost: ['turns[2].parts[0] dropped'],
        })
      },
    },
  ],
}

export default section
