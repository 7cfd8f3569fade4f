/** JSON Schemas for Gemini and for OpenAI's strict mode. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, type Fields, type FormatName } from './convert.ts'

const HI = [{ role: 'user', content: 'Hi' }]
const CLOSED = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }

/** What Gemini gets as the schema of the one function, and what is lost of it. */
function atGemini(properties: Fields, more: Fields = {}) {
  const parameters = { type: 'object', properties, ...more }
  const tools = [{ type: 'function', function: { name: 'look', parameters } }]
  const { body, lost, text } = carry('openai-chat', 'gemini', { model: 'm', messages: HI, tools })
  const schema: Fields = Object(body.tools)[0].functionDeclarations[0].parametersJsonSchema
  return { schema, lost, text }
}

function answerAt(to: FormatName, schema: unknown) {
  const asked = {
    model: 'm',
    max_tokens: 100,
    messages: HI,
    output_config: { format: { type: 'json_schema', schema } },
  }
  return carry('anthropic-messages', to, asked)
}

const section: CaseSection = {
  title: 'Schemas: Gemini, and strict at OpenAI',
  order: 71,
  cases: [
    {
      id: 'E151',
      title: 'Types with "or null"',
      decision: 'carried',
      outcome: 'Gemini takes them in JSON Schema as they are; arguments that come back as null are left so.',
      prove: () => {
        const nullable = { a: { type: ['string', 'null'] }, b: { anyOf: [{ type: 'string' }, { type: 'null' }] } }
        expect(atGemini(nullable)).toMatchObject({ schema: { properties: nullable }, lost: [] })
      },
    },
    {
      id: 'E152',
      title: 'Lists of values that hold other things than texts and numbers, for Gemini',
      decision: 'approximated',
      outcome: 'Numbers stay; what Gemini does not take among the values goes, with a loss.',
      prove: () => {
        const { schema, lost } = atGemini({ a: { enum: [1, 2] }, b: { type: ['string', 'null'], enum: ['x', null] } })
        expect(schema.properties).toEqual({ a: { enum: [1, 2] }, b: { type: ['string', 'null'], enum: ['x'] } })
        expect(lost).toEqual(['tools[0].schema approximated'])
      },
    },
    {
      id: 'E153',
      title: 'A required property that there is not',
      decision: 'approximated',
      outcome: 'Gemini would refuse the request: the name goes from the list, with a loss.',
      prove: () => {
        const { schema, lost } = atGemini({ a: { type: 'string' } }, { required: ['a', 'ghost'] })
        expect([schema.required, lost]).toEqual([['a'], ['tools[0].schema approximated']])
      },
    },
    {
      id: 'E154',
      title: 'A list without a schema of its items',
      decision: 'carried',
      outcome: 'In JSON Schema, which Gemini is given, that is a list of anything: nothing is put in.',
      prove: () => {
        const { schema, lost } = atGemini({ a: { type: 'array' } })
        expect([schema.properties, lost]).toEqual([{ a: { type: 'array' } }, []])
      },
    },
    {
      id: 'E155',
      title: 'Definitions and references, also in a circle',
      decision: 'carried',
      outcome: 'Gemini reads them in JSON Schema: they stay where they are, and nothing is written out.',
      prove: () => {
        const $defs = { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } }
        const { schema, lost } = atGemini({ a: { $ref: '#/$defs/node' } }, { $defs })
        expect([schema, lost]).toEqual([{ type: 'object', properties: { a: { $ref: '#/$defs/node' } }, $defs }, []])
      },
    },
    {
      id: 'E156',
      title: 'Strict schemas at OpenAI, of clients that did not ask for strictness, or whose strict mode asks for less',
      decision: 'approximated',
      outcome:
        'Nobody is made strict; a strict schema that breaks the rules of OpenAI is sent as not strict, with a loss.',
      prove: () => {
        const loose = { type: 'object', properties: { a: { type: 'string' } } }
        const tools = [
          { name: 'f', input_schema: loose },
          { name: 'g', input_schema: CLOSED, strict: true },
          { name: 'h', input_schema: loose, strict: true },
        ]
        const asked = { model: 'm', max_tokens: 100, messages: HI, tools }
        const responses = carry('anthropic-messages', 'openai-responses', asked)
        expect((responses.body.tools as readonly Fields[]).map(({ strict }) => strict)).toEqual([false, true, false])
        const chat = carry('anthropic-messages', 'openai-chat', asked)
        const sent = (chat.body.tools as readonly Fields[]).map(each => Object(each.function).strict)
        expect(sent).toEqual([undefined, true, false])
        for (const { lost } of [responses, chat]) expect(lost).toEqual(['tools[2].strict approximated'])
      },
    },
    {
      id: 'E157',
      title: 'Patterns with a look ahead, and `propertyNames`, which the strict mode of OpenAI refuses',
      decision: 'approximated',
      outcome: 'A schema with them is sent as not strict, with a loss; without strictness they stay.',
      prove: () => {
        const ahead = { ...CLOSED, properties: { a: { type: 'string', pattern: '^(?=x)y' } } }
        const names = { ...CLOSED, propertyNames: { pattern: '^a' } }
        for (const schema of [ahead, names]) {
          const tools = [{ name: 'f', input_schema: schema, strict: true }]
          const asked = { model: 'm', max_tokens: 100, messages: HI, tools }
          for (const to of ['openai-chat', 'openai-responses'] as const) {
            const { text, lost } = carry('anthropic-messages', to, asked)
            expect(text).toContain('"strict":false')
            expect(text).toContain(JSON.stringify(schema))
            expect(lost).toEqual(['tools[0].strict approximated'])
          }
        }
      },
    },
    {
      id: 'E158',
      title: 'A schema that is nothing but a reference to one of its definitions',
      decision: 'passed on',
      outcome: 'It goes out as it is: no format needs it written out where strictness was not asked for.',
      prove: () => {
        const schema = { $ref: '#/$defs/a', $defs: { a: CLOSED } }
        expect(answerAt('openai-responses', schema).body.text).toMatchObject({ format: { schema } })
        expect(answerAt('gemini', schema).body.generationConfig).toMatchObject({ responseJsonSchema: schema })
      },
    },
    {
      id: 'E159',
      title: 'The name of a schema, which OpenAI wants and others do not have',
      decision: 'carried',
      outcome: 'It is called `response`; a name that OpenAI would not take is no loss elsewhere.',
      prove: () => {
        expect(answerAt('openai-chat', CLOSED).body.response_format).toMatchObject({
          json_schema: { name: 'response' },
        })
        expect(answerAt('openai-responses', CLOSED).body.text).toMatchObject({ format: { name: 'response' } })
        const named = { type: 'json_schema', json_schema: { name: 'x', schema: CLOSED } }
        const asked = { model: 'm', messages: HI, response_format: named }
        expect(carry('openai-chat', 'gemini', asked).lost).toEqual([])
      },
    },
    {
      id: 'E160',
      title: 'The same schema again, which a prompt cache should know',
      decision: 'carried',
      outcome: 'The same bytes in are the same bytes out, in the same order of keys.',
      prove: () => {
        const odd = {
          z: { oneOf: [{ const: 1 }], minimum: 1 },
          2: { type: 'string' },
          a: { type: 'array', uniqueItems: true },
        }
        expect(atGemini(odd).text).toBe(atGemini(odd).text)
        const text =
          '{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"z":{"type":"string"},"2":{"type":"string"},"a":{"minimum":1.0}}}}}]}'
        expect(carry('openai-chat', 'anthropic-messages', text).text).toContain(
          '{"type":"object","properties":{"z":{"type":"string"},"2":{"type":"string"},"a":{"minimum":1.0}}}',
        )
      },
    },
  ],
}

export default section
