/** Who says what: names, old forms, items of Responses, contents of Gemini. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, carryReply, type Fields, refusal } from './convert.ts'
import { chat, google, responses } from './request-bodies.ts'
import { ask } from './through-gateway.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const
const gemini = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }

const section: CaseSection = {
  title: 'Roles: names, old forms, items and contents',
  order: 11,
  cases: [
    {
      id: 'E13',
      title: 'The conversation ends with calls that nobody answered',
      decision: 'refused',
      outcome:
        "For Anthropic and Gemini a 400 names the ids, and nothing is made up; OpenAI's APIs get it as it is and judge it.",
      prove: () => {
        const body = chat.body({ messages: [chat.hello, chat.calls(chat.call('call_7'))], tools: [chat.tool('look')] })
        for (const to of [A, G] as const) {
          const { status, message } = refusal(() => carry(C, to, body))
          expect([status, message]).toEqual([400, expect.stringContaining('call_7')])
        }
        expect(carry(C, R, body).body).toMatchObject({ input: [{}, { call_id: 'call_7' }] })
      },
    },
    {
      id: 'E14',
      title: 'Names of participants',
      decision: 'left out',
      outcome: 'Only Chat has them. Nothing is put into the text; a loss says so.',
      prove: () => {
        const body = chat.body({ messages: [{ ...chat.hello, name: 'ada' }] })
        for (const to of [A, R, G] as const) {
          expect(carry(C, to, body).lost).toEqual(['turns[0].name dropped'])
          expect(carry(C, to, body).text).not.toContain('ada')
        }
        expect(carry(C, C, body).body).toMatchObject({ messages: [{ name: 'ada' }] })
      },
    },
    {
      id: 'E15',
      title: 'The old `functions`, `function_call` and the role `function`',
      decision: 'carried',
      outcome: 'They are tools, calls and results; ids, which they lack, follow from their place and never change.',
      prove: () => {
        const messages = [
          chat.hello,
          { role: 'assistant', content: null, function_call: { name: 'look', arguments: '{"a":1}' } },
          { role: 'function', name: 'look', content: 'ok' },
        ]
        const functions = [{ name: 'look', parameters: { type: 'object', properties: {} } }]
        const body = chat.body({ messages, functions, function_call: { name: 'look' } })
        expect(carry(C, A, body)).toMatchObject({
          body: {
            tools: [{ name: 'look' }],
            tool_choice: { type: 'tool', name: 'look' },
            messages: [
              {},
              { content: [{ type: 'tool_use', id: 'call_1', input: { a: 1 } }] },
              { content: [{ type: 'tool_result', tool_use_id: 'call_1' }] },
            ],
          },
          lost: [],
        })
        const longer = chat.body({ messages: [...messages, chat.hello], functions })
        expect(carry(C, R, longer).body).toMatchObject({
          input: [{}, { call_id: 'call_1' }, { call_id: 'call_1' }, {}],
        })
      },
    },
    {
      id: 'E16',
      title: 'Refusals among what the assistant said',
      decision: 'carried',
      outcome: 'Chat and Responses have them in common; Anthropic and Gemini read them as text.',
      prove: () => {
        const refused = { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }
        const body = chat.body({ messages: [chat.hello, refused, chat.hello] })
        expect(carry(C, R, body).body).toMatchObject({
          input: [{}, { content: [{ type: 'refusal', refusal: 'No.' }] }, {}],
        })
        expect(carry(C, A, body).body).toMatchObject({
          messages: [{}, { content: [{ type: 'text', text: 'No.' }] }, {}],
        })
        expect(carry(C, G, body).body).toMatchObject({ contents: [{}, { parts: [{ text: 'No.' }] }, {}] })
      },
    },
    {
      id: 'E17',
      title: 'Messages of Responses in their short forms',
      decision: 'carried',
      outcome:
        'A missing `type` and plain strings are understood; what goes out says `"type":"message"`, as Azure wants it.',
      prove: () => {
        const input = [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: [{ type: 'output_text', text: 'b' }] },
          { role: 'assistant', content: 'c' },
          { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'd' }] },
        ]
        expect(carry(R, C, responses.body({ input })).body).toMatchObject({
          messages: [{ content: 'a' }, { content: 'b' }, { content: 'c' }, { content: 'd' }],
        })
        const items = carry(
          C,
          R,
          chat.body({ messages: [chat.hello, { role: 'assistant', content: 'b' }, chat.hello] }),
        ).body
        expect(items.input).toEqual([
          { type: 'message', role: 'user', content: 'Hi' },
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'b', annotations: [] }] },
          { type: 'message', role: 'user', content: 'Hi' },
        ])
      },
    },
    {
      id: 'E18',
      title: 'Whether a message is commentary or the final answer (`phase`)',
      decision: 'carried',
      outcome: "It is told to Responses clients and sent back by them; other formats' clients could not repeat it.",
      prove: () => {
        const message: Fields = {
          type: 'message',
          role: 'assistant',
          phase: 'commentary',
          content: [{ type: 'output_text', text: 'Looking.', annotations: [] }],
        }
        expect(carry(R, R, responses.body({ input: [responses.hello, message, responses.hello] })).body).toMatchObject({
          input: [{}, { phase: 'commentary' }, {}],
        })
        const reply = {
          id: 'resp_1',
          object: 'response',
          model: 'm',
          status: 'completed',
          output: [{ id: 'msg_1', ...message }],
        }
        expect(carryReply(R, R, reply).body).toMatchObject({ output: [{ phase: 'commentary' }] })
      },
    },
    {
      id: 'E19',
      title: 'Tools and settings that change in the middle',
      decision: 'approximated',
      outcome:
        'Tools are offered from the beginning and the last settings hold, with a loss; Responses and new Claude models change their effort in place.',
      prove: () => {
        const late = { type: 'additional_tools', role: 'developer', tools: [responses.tool('late')] }
        const tools = responses.body({ input: [responses.hello, late, responses.hello] })
        for (const to of [A, C, G] as const) {
          expect(carry(R, to, tools).text).toContain('"late"')
          expect(carry(R, to, tools).lost).toEqual(['turns[1].parts[0] approximated'])
        }
        const change = { type: 'configuration_update', reasoning: { effort: 'low' } }
        const settings = responses.body({ input: [responses.hello, change, responses.hello] })
        expect(carry(R, A, settings, { model: 'claude-opus-5' })).toMatchObject({
          body: { messages: [{}, { role: 'system', output_config: { effort: 'low' } }, {}] },
          lost: [],
        })
        expect(carry(R, C, settings)).toMatchObject({
          body: { reasoning_effort: 'low' },
          lost: ['turns[1] approximated'],
        })
        expect(carry(R, G, settings)).toMatchObject({
          body: { generationConfig: { thinkingConfig: { thinkingLevel: 'low' } } },
          lost: ['turns[1] approximated'],
        })
      },
    },
    {
      id: 'E20',
      title: 'Gemini contents without a role, or of the old role `function`',
      decision: 'carried',
      outcome: "Both are the user's.",
      prove: () => {
        const body = {
          contents: [
            { parts: [{ text: 'Hi' }] },
            google.said(google.call('look')),
            { role: 'function', parts: [google.result('look')] },
          ],
          tools: [{ functionDeclarations: [{ name: 'look' }] }],
        }
        expect(carry(G, C, body).body).toMatchObject({
          messages: [chat.hello, { role: 'assistant' }, { role: 'tool', content: 'ok' }],
        })
      },
    },
    {
      id: 'E21',
      title: 'Gemini fields in snake case',
      decision: 'carried',
      outcome: 'Both ways of writing are understood; a call that is not converted keeps its own, byte for byte.',
      prove: async () => {
        const body = {
          system_instruction: { parts: [{ text: 'S' }] },
          contents: [
            { role: 'user', parts: [{ inline_data: { mime_type: 'image/png', data: 'iVBORw0KGgo=' } }] },
            { role: 'model', parts: [{ function_call: { name: 'look', args: { a: 1 } } }] },
            { role: 'user', parts: [{ function_response: { name: 'look', response: { output: 'ok' } } }] },
          ],
          tools: [{ function_declarations: [{ name: 'look' }] }],
          generation_config: { max_output_tokens: 50 },
        }
        expect(carry(G, C, body)).toMatchObject({
          body: {
            max_completion_tokens: 50,
            messages: [{ content: 'S' }, { content: [{ type: 'image_url' }] }, {}, { role: 'tool', content: 'ok' }],
          },
          lost: [],
        })
        const path = '/v1beta/models/gemini-3-flash:generateContent'
        const { sent } = await ask(G, { path, body }, { json: { candidates: [] } })
        expect(sent[0]?.body.toString()).toBe(JSON.stringify(body))
      },
    },
    {
      id: 'E22',
      title: "Gemini's model and streaming stand in the path",
      decision: 'carried',
      outcome: 'Another model changes the path; the body stays byte for byte.',
      prove: async () => {
        const steps =
          '[[pipelines.main.processors]]\nuse = "models"\nrules = [{ match = "*", model = "gemini-3-pro" }]\n'
        const path = '/v1beta/models/asked:streamGenerateContent?alt=sse'
        const { sent } = await ask(G, { path, body: gemini, steps }, { json: { candidates: [] } })
        expect(sent[0]?.url).toContain('/models/gemini-3-pro:streamGenerateContent?alt=sse')
        expect(sent[0]?.body.toString()).toBe(JSON.stringify(gemini))
      },
    },
  ],
}

export default section
