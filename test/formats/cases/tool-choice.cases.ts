/** Which tools may, must and must not be called. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry } from './convert.ts'
import { chat, claude, responses } from './request-bodies.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const
const TWO = [chat.tool('look'), chat.tool('find')]

const section: CaseSection = {
  title: 'Tools: choice and strictness',
  order: 33,
  cases: [
    {
      id: 'E58',
      title: 'An empty list of tools',
      decision: 'carried',
      outcome: 'It is left out, which means the same and is not refused.',
      prove: () => {
        for (const to of [A, R, G] as const) {
          expect(carry(C, to, chat.body({ tools: [] })).body).not.toHaveProperty('tools')
          expect(carry(C, to, chat.body({ tools: [] })).lost).toEqual([])
        }
        expect(carry(A, C, claude.body({ tools: [] })).body).not.toHaveProperty('tools')
      },
    },
    {
      id: 'E59',
      title: 'A choice among no tools',
      decision: 'carried',
      outcome: 'It is left out: there is nothing to choose from, and OpenAI would refuse it.',
      prove: () => {
        for (const to of [A, R, G] as const) {
          const { body, text, lost } = carry(C, to, chat.body({ tool_choice: 'auto' }))
          expect(body).not.toHaveProperty('tool_choice')
          expect(text).not.toContain('functionCallingConfig')
          expect(lost).toEqual([])
        }
        expect(carry(A, C, claude.body({ tool_choice: { type: 'any' } })).body).not.toHaveProperty('tool_choice')
      },
    },
    {
      id: 'E60',
      title: 'Calls in the history, and no tools declared',
      decision: 'carried',
      outcome:
        'Anthropic, which wants them declared, gets their names and the choice of none; `none` never hides tools.',
      prove: () => {
        const messages = [chat.hello, chat.calls(chat.call('c1')), chat.result('c1'), chat.hello]
        expect(carry(C, A, chat.body({ messages })).body).toMatchObject({
          tools: [{ name: 'look', input_schema: { type: 'object' } }],
          tool_choice: { type: 'none' },
        })
        expect(carry(C, R, chat.body({ messages })).body).not.toHaveProperty('tools')
        const none = chat.body({ tools: [chat.tool('look')], tool_choice: 'none' })
        expect(carry(C, A, none).body).toMatchObject({ tools: [{ name: 'look' }], tool_choice: { type: 'none' } })
        expect(carry(C, G, none).body).toMatchObject({
          tools: [{}],
          toolConfig: { functionCallingConfig: { mode: 'NONE' } },
        })
      },
    },
    {
      id: 'E61',
      title: 'A forced call, for Claude models that cannot be forced',
      decision: 'approximated',
      outcome:
        'The model is left to choose, from the one tool if one was named; a loss says so. So it is with thinking by budget.',
      prove: () => {
        const named = { type: 'function', function: { name: 'look' } }
        const asked = (tool_choice: unknown, model: string, more: object = {}) =>
          carry(C, A, chat.body({ tools: TWO, tool_choice, ...more }), { model })
        expect(asked('required', 'claude-opus-5-5')).toMatchObject({
          body: { tool_choice: { type: 'auto' }, tools: [{}, {}] },
          lost: ['toolChoice approximated'],
        })
        const one = asked(named, 'claude-opus-5-5')
        expect(one.body.tool_choice).toEqual({ type: 'auto' })
        expect(one.body.tools).toMatchObject([{ name: 'look' }])
        expect(one.body.tools).toHaveLength(1)
        expect(asked(named, 'claude-opus-5').body).toMatchObject({ tool_choice: { type: 'tool', name: 'look' } })
        expect(asked('required', 'claude-sonnet-4-5', { reasoning_effort: 'high' }).lost).toContain(
          'toolChoice approximated',
        )
      },
    },
    {
      id: 'E62',
      title: 'One call at a time, without a choice among tools',
      decision: 'carried',
      outcome: 'Anthropic gets the choice that holds the switch; Gemini has none, and a loss says so.',
      prove: () => {
        const body = chat.body({ tools: TWO, parallel_tool_calls: false })
        expect(carry(C, A, body).body.tool_choice).toEqual({ type: 'auto', disable_parallel_tool_use: true })
        expect(carry(C, R, body).body).toMatchObject({ parallel_tool_calls: false })
        expect(carry(C, G, body).lost).toEqual(['parallelToolCalls dropped'])
        const back = claude.body({
          tools: [claude.tool('look')],
          tool_choice: { type: 'auto', disable_parallel_tool_use: true },
        })
        expect(carry(A, C, back).body).toMatchObject({ tool_choice: 'auto', parallel_tool_calls: false })
      },
    },
    {
      id: 'E63',
      title: 'The choice `any`, from Chat clients made for Mistral',
      decision: 'carried',
      outcome: 'It is `required`; Mistral gets `any`, whatever the client called it.',
      prove: () => {
        const body = chat.body({ tools: [chat.tool('look')], tool_choice: 'any' })
        expect(carry(C, A, body).body).toMatchObject({ tool_choice: { type: 'any' } })
        expect(carry(C, R, body).body).toMatchObject({ tool_choice: 'required' })
        const claudes = claude.body({ tools: [claude.tool('look')], tool_choice: { type: 'any' } })
        expect(carry(A, C, claudes, { dialect: 'mistral' }).body).toMatchObject({ tool_choice: 'any' })
        expect(carry(A, C, claudes).body).toMatchObject({ tool_choice: 'required' })
      },
    },
    {
      id: 'E64',
      title: 'A choice among some of the tools (`allowed_tools`)',
      decision: 'approximated',
      outcome:
        'Gemini and Responses have it; Claude and plain Chat servers get only those tools, which costs the cache: a loss says so.',
      prove: () => {
        const tool_choice = { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [chat.tool('look')] } }
        const body = chat.body({ tools: TWO, tool_choice })
        const claudes = carry(C, A, body)
        expect(claudes.body.tools).toHaveLength(1)
        expect(claudes.lost).toEqual(['toolChoice.allowed approximated'])
        expect(carry(C, R, body)).toMatchObject({
          body: { tools: [{}, {}], tool_choice: { type: 'allowed_tools', tools: [{ name: 'look' }] } },
          lost: [],
        })
        expect(carry(C, G, body)).toMatchObject({
          body: { toolConfig: { functionCallingConfig: { mode: 'VALIDATED', allowedFunctionNames: ['look'] } } },
          lost: [],
        })
        const some = { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'look' }] }
        const tools = [responses.tool('look'), responses.tool('find')]
        const plain = carry(R, C, responses.body({ tools, tool_choice: some }), { dialect: 'deepseek' })
        expect(plain.body.tools).toHaveLength(1)
        expect(plain.body.tool_choice).toBe('required')
      },
    },
    {
      id: 'E65',
      title: 'Strictness that nobody asked for, in Responses',
      decision: 'carried',
      outcome:
        'Responses would try to be strict unasked, so it is told not to; a schema that cannot be strict is not, with a loss.',
      prove: () => {
        const schema = {
          type: 'object',
          properties: { a: { type: 'string' } },
          required: ['a'],
          additionalProperties: false,
        }
        const strictness = (more: object) => carry(C, R, chat.body({ tools: [chat.tool('look', { ...more })] }))
        expect(strictness({}).body).toMatchObject({ tools: [{ strict: false }] })
        expect(strictness({ strict: true, parameters: schema })).toMatchObject({
          body: { tools: [{ strict: true }] },
          lost: [],
        })
        expect(strictness({ strict: true })).toMatchObject({
          body: { tools: [{ strict: false }] },
          lost: ['tools[0].strict approximated'],
        })
        expect(carry(R, R, responses.body({ tools: [responses.tool('look')] })).text).not.toContain('"strict"')
      },
    },
    {
      id: 'E66',
      title: 'Strict tools, for Gemini and Claude',
      decision: 'carried',
      outcome:
        'Gemini validates, and forced calls stay forced; Claude is strict where the model can be, else a loss says so.',
      prove: () => {
        const strict = { tools: [chat.tool('look', { strict: true })] }
        const mode = (more: object) => ({ toolConfig: { functionCallingConfig: more } })
        expect(carry(C, G, chat.body(strict))).toMatchObject({ body: mode({ mode: 'VALIDATED' }), lost: [] })
        expect(carry(C, G, chat.body({ ...strict, tool_choice: 'required' })).body).toMatchObject(mode({ mode: 'ANY' }))
        expect(carry(C, A, chat.body(strict), { model: 'claude-opus-5' })).toMatchObject({
          body: { tools: [{ strict: true }] },
          lost: [],
        })
        expect(carry(C, A, chat.body(strict), { model: 'claude-opus-4-20250514' }).lost).toEqual([
          'tools[0].strict dropped',
        ])
        const lax = chat.body({ tools: [chat.tool('look', { strict: false })] })
        for (const to of [A, R, G] as const) expect(carry(C, to, lax).lost).toEqual([])
      },
    },
  ],
}

export default section
