/** Tools as they are declared: free text, namespaces, search, other makers' designs. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, carryReply, carryStream, type Fields, refusal, sse } from './convert.ts'
import * as provider from './provider-frames.ts'
import { chat, claude, responses } from './request-bodies.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const

const PATCH: Fields = {
  type: 'custom',
  name: 'patch',
  description: 'Edits.',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
}

/** Claude calls the tool `patch` with one text, in two pieces that cut an escape in half. */
function patched(): string {
  const pieces = ['{"input":"he \\', '"x\\u00e9\\""}'].map(partial_json => ({ type: 'input_json_delta', partial_json }))
  const block = provider.claude.block(0, { type: 'tool_use', id: 'toolu_1', name: 'patch', input: {} }, ...pieces)
  return sse(provider.claude.start(), ...block, ...provider.claude.end('tool_use'))
}

const section: CaseSection = {
  title: 'Tools: how they are declared',
  order: 32,
  cases: [
    {
      id: 'E49',
      title: 'Tools of free text, for providers that have functions only',
      decision: 'approximated',
      outcome:
        'A function of one text stands for each, its grammar in the description, with a loss; calls of it come back as free text.',
      prove: () => {
        const body = responses.body({
          input: [
            responses.hello,
            { type: 'custom_tool_call', call_id: 'c1', name: 'patch', input: 'say "x"' },
            { type: 'custom_tool_call_output', call_id: 'c1', output: 'ok' },
          ],
          tools: [PATCH],
        })
        const sent = carry(R, A, body)
        expect(sent.body).toMatchObject({
          tools: [
            {
              name: 'patch',
              description: expect.stringContaining('start: "x"'),
              input_schema: { required: ['input'] },
            },
          ],
          messages: [{}, { content: [{ type: 'tool_use', input: { input: 'say "x"' } }] }, {}],
        })
        expect(sent.lost).toEqual(['tools[0].grammar approximated'])
        expect(carry(R, C, body).lost).toEqual([])
        expect(carry(R, C, body, { dialect: 'deepseek' }).body).toMatchObject({ tools: [{ type: 'function' }] })
        const back = carryStream(A, R, patched(), { request: { tools: [PATCH] } }).frames
        const deltas = back.filter(({ type }) => type === 'response.custom_tool_call_input.delta')
        expect(deltas.map(({ delta }) => delta).join('')).toBe('he "xé"')
      },
    },
    {
      id: 'E50',
      title: 'One name, once a function and once free text (`apply_patch` of Codex)',
      decision: 'carried',
      outcome: 'What this request declares decides, never the name.',
      prove: () => {
        const tools = [responses.tool('patch')]
        const { frames } = carryStream(A, R, patched(), { request: { tools } })
        expect(frames.at(-1)).toMatchObject({
          response: { output: [{ type: 'function_call', name: 'patch', arguments: '{"input":"he \\"x\\u00e9\\""}' }] },
        })
      },
    },
    {
      id: 'E51',
      title: 'Namespaces of tools',
      decision: 'carried',
      outcome:
        'Elsewhere the tool is called `<namespace>__<name>`, in choices and history too; calls of it come back with both.',
      prove: () => {
        const tools = [{ type: 'namespace', name: 'ns', description: '', tools: [responses.tool('look')] }]
        const input = [responses.hello, responses.call('c1', { namespace: 'ns' }), responses.result('c1')]
        const body = responses.body({ input, tools, tool_choice: { type: 'function', name: 'look' } })
        for (const to of [A, C, G] as const)
          expect(carry(R, to, body).text.match(/"ns__look"/g)?.length).toBeGreaterThanOrEqual(3)
        for (const to of [A, C, G] as const) expect(carry(R, to, body).text).not.toContain('"look"')
        const content = [{ type: 'tool_use', id: 'toolu_1', name: 'ns__look', input: {} }]
        const reply = {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'c',
          content,
          stop_reason: 'tool_use',
          usage: {},
        }
        expect(carryReply(A, R, reply, { request: { tools } }).body).toMatchObject({
          output: [{ type: 'function_call', namespace: 'ns', name: 'look' }],
        })
      },
    },
    {
      id: 'E52',
      title: 'Tools that are loaded when they are searched for',
      decision: 'refused',
      outcome:
        'A search that the provider runs is a 400 elsewhere; beside one that the client runs, or without any, tools that are held back are offered at once, with a loss.',
      prove: () => {
        const search = { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' }
        const claudes = claude.body({ tools: [claude.tool('look', { defer_loading: true }), search] })
        for (const to of [C, R, G] as const) {
          expect(refusal(() => carry(A, to, claudes))).toMatchObject({ status: 400, param: 'tools[1]' })
        }
        expect(carry(A, A, claudes).body).toMatchObject({ tools: [{ defer_loading: true }, search] })
        const own = [
          responses.tool('look', { defer_loading: true }),
          { type: 'tool_search', execution: 'client', parameters: {} },
        ]
        for (const to of [A, C, G] as const) {
          const sent = carry(R, to, responses.body({ tools: own }))
          expect(sent.text).not.toContain('defer_loading')
          expect(sent.lost).toContain('tools[0].deferred approximated')
        }
        const held = claude.body({ tools: [claude.tool('look', { defer_loading: true })] })
        for (const to of [C, R, G] as const) {
          expect(carry(A, to, held).text).not.toContain('defer_loading')
          expect(carry(A, to, held).lost).toEqual(['tools[0].deferred approximated'])
        }
      },
    },
    {
      id: 'E53',
      title: 'Several calls at once',
      decision: 'carried',
      outcome: "They stay in one message of the assistant's, whatever items or turns they came in.",
      prove: () => {
        const body = responses.loop(
          responses.call('c1'),
          responses.call('c2'),
          responses.result('c1'),
          responses.result('c2'),
        )
        expect(carry(R, A, body).body).toMatchObject({
          messages: [
            {},
            { content: [{ id: 'c1' }, { id: 'c2' }] },
            { content: [{ tool_use_id: 'c1' }, { tool_use_id: 'c2' }] },
          ],
        })
        expect(carry(R, C, body).body).toMatchObject({
          messages: [{}, { tool_calls: [{ id: 'c1' }, { id: 'c2' }] }, { tool_call_id: 'c1' }, { tool_call_id: 'c2' }],
        })
        expect(carry(R, G, body).body).toMatchObject({
          contents: [{}, { parts: [{ functionCall: {} }, { functionCall: {} }] }, { parts: [{}, {}] }],
        })
      },
    },
    {
      id: 'E54',
      title: 'Text between two calls',
      decision: 'approximated',
      outcome: 'Chat puts it before the calls, and a loss says so; Responses and Gemini keep the order.',
      prove: () => {
        const said = [claude.call('t1'), claude.text('And.'), claude.call('t2')]
        const body = claude.loop(said, [claude.result('t1'), claude.result('t2')])
        expect(carry(A, C, body)).toMatchObject({
          body: { messages: [{}, { content: 'And.', tool_calls: [{ id: 't1' }, { id: 't2' }] }, {}, {}] },
          lost: ['turns[1].parts[1] approximated'],
        })
        expect(carry(A, R, body)).toMatchObject({
          body: { input: [{}, { call_id: 't1' }, { content: [{ text: 'And.' }] }, { call_id: 't2' }, {}, {}] },
          lost: [],
        })
        expect(carry(A, G, body)).toMatchObject({
          body: { contents: [{}, { parts: [{ functionCall: {} }, { text: 'And.' }, { functionCall: {} }] }, {}] },
        })
      },
    },
    {
      id: 'E55',
      title: 'Calls that a program made, which the provider ran (`caller`)',
      decision: 'left out',
      outcome:
        'Anthropic gets the caller back; elsewhere the call stays and a loss tells of the caller, unless it was the model.',
      prove: () => {
        const body = (caller: Fields) => claude.loop([claude.call('t1', {}, { caller })], [claude.result('t1')])
        const program = { type: 'code_execution_20250825', tool_id: 'srvtoolu_1' }
        expect(carry(A, A, body(program)).body).toMatchObject({
          messages: [{}, { content: [{ caller: program }] }, {}],
        })
        for (const to of [C, R, G] as const) {
          expect(carry(A, to, body(program)).lost).toEqual(['turns[1].parts[0].caller dropped'])
          expect(carry(A, to, body({ type: 'direct' })).lost).toEqual([])
        }
      },
    },
    {
      id: 'E56',
      title: 'Tools without parameters',
      decision: 'carried',
      outcome: 'An empty object of arguments where a schema is wanted; nothing for Gemini.',
      prove: () => {
        const body = chat.body({ tools: [{ type: 'function', function: { name: 'look' } }] })
        const nothing = { type: 'object', properties: {} }
        expect(carry(C, A, body).body.tools).toEqual([{ name: 'look', input_schema: nothing }])
        expect(carry(C, R, body).body).toMatchObject({ tools: [{ parameters: nothing }] })
        expect(carry(C, G, body).body.tools).toEqual([{ functionDeclarations: [{ name: 'look' }] }])
      },
    },
    {
      id: 'E57',
      title: "Tools of Anthropic's design that the client runs: shell, editor, memory, screen",
      decision: 'approximated',
      outcome:
        'Shell, editor and memory are functions of the same arguments elsewhere, with a loss; a screen is refused.',
      prove: () => {
        const shell = claude.body({
          tools: [{ type: 'bash_20250124', name: 'bash' }],
          tool_choice: { type: 'tool', name: 'bash' },
        })
        expect(carry(A, C, shell)).toMatchObject({
          body: {
            tools: [{ function: { name: 'bash', parameters: { properties: { command: {}, restart: {} } } } }],
            tool_choice: { function: { name: 'bash' } },
          },
          lost: ['tools[0] approximated'],
        })
        const more = [
          { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
          { type: 'memory_20250818', name: 'memory' },
        ]
        for (const to of [C, R, G] as const) {
          for (const tool of more)
            expect(carry(A, to, claude.body({ tools: [tool] })).lost).toEqual(['tools[0] approximated'])
          const screen = { type: 'computer_20250124', name: 'computer', display_width_px: 9, display_height_px: 9 }
          expect(refusal(() => carry(A, to, claude.body({ tools: [screen] })))).toMatchObject({
            status: 400,
            param: 'tools[0]',
          })
        }
      },
    },
  ],
}

export default section
