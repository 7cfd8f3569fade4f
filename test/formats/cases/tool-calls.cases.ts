/** Calls of tools: their ids and names. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, carryReply, carryStream, type Fields, refusal, sse } from './convert.ts'
import * as provider from './provider-frames.ts'
import { chat, claude, google, responses } from './request-bodies.ts'
import { ask } from './through-gateway.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const

/** The ids of the calls, and of what they were answered, in the order of the body. */
function ids(text: string): readonly string[] {
  return [...text.matchAll(/"(?:id|tool_use_id|call_id|tool_call_id)":"([^"]+)"/g)].map(([, id]) => id ?? '')
}

const section: CaseSection = {
  title: 'Tool calls: ids and names',
  order: 30,
  cases: [
    {
      id: 'E32',
      title: 'Ids that Anthropic does not take (`functions.Bash:0`)',
      decision: 'carried',
      outcome: 'They become acceptable ones, the same for call and result, and never two of them the same.',
      prove: () => {
        const [one, other] = ['functions.Bash:0', 'functions_Bash_0']
        const messages = [
          chat.hello,
          chat.calls(chat.call(one), chat.call(other)),
          chat.result(one),
          chat.result(other),
        ]
        const { text } = carry(C, A, chat.body({ messages, tools: [chat.tool('look')] }))
        const [first, second, ...answered] = ids(text)
        expect(answered).toEqual([first, second])
        expect(new Set([first, second]).size).toBe(2)
        for (const id of answered) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/)
        expect(second).toBe(other)
      },
    },
    {
      id: 'E33',
      title: 'Ids for Mistral: nine letters and digits',
      decision: 'carried',
      outcome: "They are derived from the client's ids, alike for call and result, and for Mistral only.",
      prove: () => {
        const body = claude.loop(
          [claude.call('toolu_1'), claude.call('toolu_2')],
          [claude.result('toolu_1'), claude.result('toolu_2')],
        )
        const [first, second, ...answered] = ids(carry(A, C, body, { dialect: 'mistral' }).text)
        expect(answered).toEqual([first, second])
        expect(first).not.toBe(second)
        for (const id of answered) expect(id).toMatch(/^[a-zA-Z0-9]{9}$/)
        expect(ids(carry(A, C, body).text)).toContain('toolu_1')
      },
    },
    {
      id: 'E34',
      title: 'Ids of more than 64 characters, for OpenAI',
      decision: 'carried',
      outcome: 'They become shorter ones, alike for call and result; nothing is ever put into an id to be carried.',
      prove: () => {
        const long = `toolu_${'x'.repeat(90)}`
        for (const to of [C, R] as const) {
          const [call, result] = ids(carry(A, to, claude.loop([claude.call(long)], [claude.result(long)])).text)
          expect(call?.length).toBeLessThanOrEqual(64)
          expect(result).toBe(call)
        }
      },
    },
    {
      id: 'E35',
      title: 'Responses has two ids for a call',
      decision: 'carried',
      outcome:
        "The call's own id goes to others; items that come from others get no item id, which OpenAI would look up.",
      prove: () => {
        const body = responses.loop(responses.call('call_1', { id: 'fc_9' }), responses.result('call_1'))
        for (const to of [A, C, G] as const) {
          expect(carry(R, to, body).text).toContain('"call_1"')
          expect(carry(R, to, body).text).not.toContain('fc_9')
        }
        expect(carry(R, R, body).body).toMatchObject({ input: [{}, { id: 'fc_9', call_id: 'call_1' }, {}] })
        const items = carry(A, R, claude.loop([claude.call('toolu_1')], [claude.result('toolu_1')])).body
          .input as Fields[]
        for (const item of items) expect(item).not.toHaveProperty('id')
      },
    },
    {
      id: 'E36',
      title: 'Calls of Gemini without ids',
      decision: 'carried',
      outcome: 'They get ids, which results find by id, else by name and order; Gemini never sees an id made up here.',
      prove: () => {
        const body = google.loop(
          [google.call('look'), google.call('find')],
          [google.result('find'), google.result('look')],
        )
        const [look, find, ...answered] = ids(carry(G, C, body).text)
        expect(answered).toEqual([find, look])
        expect(carry(C, G, chat.loop(look ?? '')).text).not.toContain(look)
        expect(carry(C, G, chat.loop('call_of_model')).text).toContain('call_of_model')
      },
    },
    {
      id: 'E37',
      title: 'One id for several calls of a conversation',
      decision: 'carried',
      outcome:
        'From the second call on they get a number, with their results, where ids must differ; Chat and Gemini pair by place.',
      prove: () => {
        const loop = [chat.calls(chat.call('c1')), chat.result('c1')]
        const body = chat.body({ messages: [chat.hello, ...loop, ...loop], tools: [chat.tool('look')] })
        for (const to of [A, R] as const) expect(ids(carry(C, to, body).text)).toEqual(['c1', 'c1', 'c1_2', 'c1_2'])
      },
    },
    {
      id: 'E38',
      title: 'Calls of a stream without an id, or with an empty one',
      decision: 'carried',
      outcome: 'Each gets one id, once; an empty text is no id.',
      prove: () => {
        const { chunk, call, done } = provider.chat
        const stream = sse(
          call(0, { id: '', type: 'function', function: { name: 'look', arguments: '{"a"' } }),
          call(0, { id: '', function: { arguments: ':1}' } }),
          chunk({}, 'tool_calls'),
          done,
        )
        for (const to of [A, R] as const) {
          const known = new Set(carryStream(C, to, stream).text.match(/"(?:id|call_id)":"call_[^"]+"/g))
          expect(known.size).toBe(1)
        }
      },
    },
    {
      id: 'E39',
      title: 'Ids that an Anthropic client sees',
      decision: 'passed on',
      outcome:
        "An upstream's id that Anthropic would take is kept as it is; any other one is changed so that no two meet.",
      prove: () => {
        const reply = (...calls: readonly string[]) => ({
          id: 'x',
          object: 'chat.completion',
          choices: [
            {
              index: 0,
              message: { content: null, tool_calls: calls.map(id => chat.call(id)) },
              finish_reason: 'tool_calls',
            },
          ],
        })
        const { content } = carryReply(C, A, reply('call_1', 'a.b', 'a_b')).body as { content: Fields[] }
        expect(content.map(({ id }) => id)).toEqual(['call_1', expect.stringMatching(/^toolu_a_b_[\w-]+$/), 'a_b'])
      },
    },
    {
      id: 'E40',
      title: 'Tool names that the other format does not take',
      decision: 'carried',
      outcome:
        'The provider gets a name that it takes, alike in declaration, choice and history, with a hash of the whole; calls come back under the client’s own.',
      prove: async () => {
        const asked = chat.body({ tools: [chat.tool('mcp.files/read')] })
        for (const to of [A, R, G] as const) {
          const { text, lost } = carry(C, to, asked)
          expect(text).toMatch(/"mcp[._]files_read_[0-9a-f]{10}"/)
          expect(lost).toEqual([])
        }
        expect(carry(A, C, claude.body({ tools: [claude.tool('n'.repeat(65))] })).text).toMatch(
          /"n{17}_n{34}_[0-9a-f]{10}"/,
        )
        const { json } = await ask(C, { path: '/v1/chat/completions', client: A, body: asked }, request => {
          const { tools } = request.json() as { tools: readonly Fields[] }
          const content = [{ type: 'tool_use', id: 'toolu_1', name: tools[0]?.name, input: {} }]
          const usage = { input_tokens: 3, output_tokens: 2 }
          return { json: { id: 'msg_1', type: 'message', role: 'assistant', content, stop_reason: 'tool_use', usage } }
        })
        expect(json).toMatchObject({
          choices: [{ message: { tool_calls: [{ function: { name: 'mcp.files/read' } }] } }],
        })
      },
    },
    {
      id: 'E41',
      title: 'Two tools of one name',
      decision: 'refused',
      outcome: 'A 400 names the tool, also when only the prefix of a namespace makes them equal.',
      prove: () => {
        for (const to of [A, R, G] as const) {
          expect(
            refusal(() => carry(C, to, chat.body({ tools: [chat.tool('look'), chat.tool('look')] }))).message,
          ).toContain('"look"')
        }
        const inner = { type: 'namespace', name: 'a', description: '', tools: [responses.tool('b')] }
        for (const to of [A, C, G] as const) {
          expect(
            refusal(() => carry(R, to, responses.body({ tools: [inner, responses.tool('a__b')] }))).message,
          ).toContain('a__b')
        }
      },
    },
  ],
}

export default section
