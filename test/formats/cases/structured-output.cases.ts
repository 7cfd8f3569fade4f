/** Answers of a wanted form, and the JSON Schemas that say it. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { type Carrying, carry, type Fields, type FormatName, sse } from './convert.ts'
import { claude } from './provider-frames.ts'
import { ask } from './through-gateway.ts'

const HI = [{ role: 'user', content: 'Hi' }]
const CLOSED = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }

function fromChat(more: Fields, to: FormatName, how: Carrying = {}) {
  return carry('openai-chat', to, { model: 'm', messages: HI, ...more }, how)
}

function fromClaude(more: Fields, to: FormatName, how: Carrying = {}) {
  return carry('anthropic-messages', to, { model: 'm', max_tokens: 100, messages: HI, ...more }, how)
}

function answer(schema: unknown, more: Fields = {}): Fields {
  return { response_format: { type: 'json_schema', json_schema: { name: 'x', schema, ...more } } }
}

function tool(parameters: unknown): Fields {
  return { tools: [{ type: 'function', function: { name: 'look', parameters } }] }
}

/** What Gemini gets as the schema of the one function. */
function geminiSchema(properties: Fields, more: Fields = {}) {
  const { body, lost } = fromChat(tool({ type: 'object', properties, ...more }), 'gemini')
  const [declared] = Object(body.tools)[0].functionDeclarations
  return { schema: declared.parametersJsonSchema as Fields, lost }
}

const section: CaseSection = {
  title: 'Structured output and schemas',
  order: 70,
  cases: [
    {
      id: 'E143',
      title: 'A schema for the answer, to Claude; and the older field `output_format` of an Anthropic client',
      decision: 'carried',
      outcome:
        '`output_config.format`, with words for the keywords that Claude refuses; the older field means the same.',
      prove: () => {
        const schema = { ...CLOSED, properties: { a: { type: 'string', minLength: 2 } } }
        const { body, lost } = fromChat(answer(schema), 'anthropic-messages')
        const described = { a: { type: 'string', description: '{minLength: 2}' } }
        expect(body.output_config).toEqual({
          format: { type: 'json_schema', schema: { ...CLOSED, properties: described } },
        })
        expect(lost).toEqual(['outputFormat.schema approximated'])
        const older = fromClaude({ output_format: { type: 'json_schema', schema: CLOSED } }, 'openai-chat')
        expect(older.body.response_format).toMatchObject({ json_schema: { schema: CLOSED } })
      },
    },
    {
      id: 'E144',
      title: 'A schema that Claude cannot be held to: recursion, free keys, or a model without structured outputs',
      decision: 'approximated',
      outcome:
        'Asked for as the arguments of one tool that must be called; in words where none can be forced. A loss tells.',
      prove: () => {
        const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' } } }
        const recursive = { type: 'object', properties: { a: { $ref: '#/$defs/node' } }, $defs: { node } }
        const free = { type: 'object', additionalProperties: { type: 'string' } }
        for (const [schema, model] of [
          [recursive, 'claude-opus-5'],
          [free, 'claude-opus-5'],
          [CLOSED, 'claude-sonnet-4'],
        ] as const) {
          const { body, lost } = fromChat(answer(schema), 'anthropic-messages', { model })
          expect(body).toMatchObject({
            tools: [{ name: 'final_answer', input_schema: schema }],
            tool_choice: { type: 'tool', name: 'final_answer' },
          })
          expect(lost).toEqual(['outputFormat.schema approximated'])
        }
        const { body } = fromChat(answer(free), 'anthropic-messages', { model: 'claude-opus-5-5' })
        expect(JSON.stringify(body.system)).toContain('additionalProperties')
      },
    },
    {
      id: 'E145',
      title: 'The reply of a model whose answer was asked for as arguments',
      decision: 'carried',
      outcome:
        'A text, streamed as it comes, that has stopped by itself; beside tools of the client it calls or answers.',
      prove: async () => {
        const body = { model: 'claude-sonnet-4', messages: HI, stream: true, ...answer(CLOSED) }
        const chunks = [
          claude.start(),
          ...claude.call(0, 'toolu_1', 'final_answer', '{"a":"b"}'),
          ...claude.end('tool_use'),
        ]
        const { text } = await ask(
          'openai-chat',
          { path: '/v1/chat/completions', client: 'anthropic-messages', body },
          { headers: { 'content-type': 'text/event-stream' }, body: sse(...chunks) },
        )
        expect(text).toContain('"content":"{\\"a\\":\\"b\\"}"')
        expect(text).toContain('"finish_reason":"stop"')
        expect(text).not.toContain('final_answer')
        const beside = fromChat({ ...answer(CLOSED), ...tool(CLOSED) }, 'anthropic-messages', {
          model: 'claude-sonnet-4',
        })
        expect(beside.body.tool_choice).toEqual({ type: 'any', disable_parallel_tool_use: true })
      },
    },
    {
      id: 'E146',
      title: 'JSON without a schema',
      decision: 'approximated',
      outcome: 'Gemini has a mode for it; Claude is told so in the system prompt, and a loss tells that.',
      prove: () => {
        const asked = { response_format: { type: 'json_object' } }
        expect(fromChat(asked, 'gemini').body.generationConfig).toEqual({ responseMimeType: 'application/json' })
        const { body, lost } = fromChat(asked, 'anthropic-messages')
        expect(JSON.stringify(body.system)).toContain('JSON')
        expect(lost).toEqual(['outputFormat approximated'])
      },
    },
    {
      id: 'E147',
      title: 'A schema for the answer beside functions, at a Gemini that does not take both',
      decision: 'approximated',
      outcome:
        'Before Gemini 3 the answer is asked for by a function; where a call is forced, the form is dropped with a loss.',
      prove: () => {
        const asked = { ...answer(CLOSED), ...tool(CLOSED) }
        const old = fromChat(asked, 'gemini', { model: 'gemini-2.5-flash' })
        expect(Object(old.body.tools)[0].functionDeclarations).toMatchObject([
          { name: 'look' },
          { name: 'final_answer', parametersJsonSchema: CLOSED },
        ])
        expect(old.body).toMatchObject({ toolConfig: { functionCallingConfig: { mode: 'ANY' } } })
        expect([old.body.generationConfig, old.lost]).toEqual([undefined, ['outputFormat.schema approximated']])
        expect(fromChat(asked, 'gemini').body.generationConfig).toMatchObject({ responseJsonSchema: CLOSED })
        expect(fromChat({ ...asked, tool_choice: 'required' }, 'gemini').lost).toEqual(['outputFormat dropped'])
      },
    },
    {
      id: 'E148',
      title: 'The two fields for schemas at Gemini',
      decision: 'carried',
      outcome:
        'JSON Schema goes into `parametersJsonSchema` and `responseJsonSchema`; the older fields only go back as they came.',
      prove: () => {
        expect(geminiSchema({ a: { type: 'string' } }).schema).toEqual({
          type: 'object',
          properties: { a: { type: 'string' } },
        })
        const parameters = { type: 'OBJECT', properties: { a: { type: 'STRING', nullable: true } } }
        const asked = {
          contents: [{ parts: [{ text: 'Hi' }] }],
          tools: [{ functionDeclarations: [{ name: 'f', parameters }] }],
        }
        expect(carry('gemini', 'gemini', asked).body.tools).toEqual(asked.tools)
        expect(carry('gemini', 'openai-chat', asked).body.tools).toMatchObject([
          { function: { parameters: { type: 'object', properties: { a: { type: ['string', 'null'] } } } } },
        ])
      },
    },
    {
      id: 'E149',
      title: 'Keywords that Gemini does not know, one of which would make it refuse the whole request',
      decision: 'approximated',
      outcome:
        'Only what Gemini knows stays a keyword; the others become words in the description, and a loss names them.',
      prove: () => {
        const { schema, lost } = geminiSchema({ a: { type: 'number', multipleOf: 2 } }, { strange: 1 })
        expect(schema).toEqual({
          type: 'object',
          properties: { a: { type: 'number', description: '(multipleOf: 2)' } },
          description: '(strange: 1)',
        })
        expect(lost).toEqual(['tools[0].schema approximated'])
      },
    },
    {
      id: 'E150',
      title: 'Properties that are called like keywords',
      decision: 'carried',
      outcome: 'A name is a name: what stands under `properties` stays.',
      prove: () => {
        const named = { const: { type: 'string' }, $ref: { type: 'string' }, pattern: { type: 'string' } }
        expect(geminiSchema(named)).toMatchObject({ schema: { properties: named }, lost: [] })
        const schema = { ...CLOSED, properties: named, required: [] }
        const { body } = fromChat(answer(schema), 'anthropic-messages')
        expect(body.output_config).toEqual({ format: { type: 'json_schema', schema } })
      },
    },
  ],
}

export default section
