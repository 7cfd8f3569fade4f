/** All sixteen pairs of an official SDK and a provider's format, by what they understand of each other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SdkClient } from './sdk/client.ts'
import { CLIENTS } from './sdk/clients.ts'
import { heardBy } from './sdk/heard.ts'
import { sayAs } from './sdk/providers.ts'
import { MODELS, SdkStage, SPOKEN, type Spoken } from './sdk/stage.ts'
import { type Call, type Question, type Said, withoutIds } from './sdk/talk.ts'

const PAIRS = CLIENTS.flatMap(client => SPOKEN.map(to => ({ client, from: client.format, to })))
const BOTH = [false, true]

let stage: SdkStage
beforeAll(async () => {
  stage = await SdkStage.start()
})
afterAll(() => stage[Symbol.asyncDispose]())

const usage = { input: 20, cached: 5, output: 7 }
const text: Said = { text: 'Héllo, wörld 👋', calls: [], finish: 'stop', usage }
const hello: Question = { turns: [{ user: 'Say hello' }] }

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const tools = [
  { name: 'get_weather', description: 'Weather of a city', schema },
  { name: 'get_time', description: 'Time of a city', schema },
]
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** Puts the question and has it answered so. @returns what each side understood */
async function talk(
  client: SdkClient,
  to: Spoken,
  question: Question,
  answer: Said,
  stream: boolean,
): Promise<{ readonly heard: Question; readonly said: Said; readonly body: unknown }> {
  const index = stage.upstream.requests.length
  stage.upstream.otherwise(sayAs(to, answer, stream))
  const said = await client.ask(stage.urlTo(to), MODELS[to], question, stream)
  const request = await stage.upstream.request(index)
  return { heard: withoutIds(heardBy(to, request)), said, body: request.json() }
}

const calls = (...made: readonly Call[]): Said => ({ text: '', calls: made, finish: 'calls', usage })
const paris: Call = { id: 'call_paris', name: 'get_weather', input: { city: 'Paris' } }
const rome: Call = { id: 'call_rome', name: 'get_weather', input: { city: 'Röma' } }
const time: Call = { id: 'call_time', name: 'get_time', input: { city: 'Paris' } }
const anyId = (made: readonly Call[]): unknown[] => made.map(call => ({ ...call, id: expect.any(String) }))

describe.each(PAIRS)('the SDK for $from and a provider of $to', ({ client, to }) => {
  describe.each(BOTH)('streamed: %s', stream => {
    it('exchange text, and its usage', async () => {
      const { heard, said } = await talk(client, to, hello, text, stream)
      expect(heard).toEqual(hello)
      expect(said).toEqual(text)
    })

    it('know that an answer was cut short', async () => {
      const cut: Said = { ...text, finish: 'length' }
      expect((await talk(client, to, hello, cut, stream)).said).toEqual(cut)
    })

    it('exchange thoughts', async () => {
      const thoughtful: Said = { ...text, thinking: 'Hm, let me see.' }
      expect((await talk(client, to, { ...hello, thoughts: true }, thoughtful, stream)).said).toEqual(thoughtful)
    })

    it('exchange a call with its arguments', async () => {
      const question: Question = { turns: [{ user: 'Weather in Paris?' }], tools }
      const { heard, said } = await talk(client, to, question, calls(paris), stream)
      expect(heard).toEqual(question)
      expect(said).toEqual({ ...calls(paris), calls: anyId([paris]) })
    })

    it('exchange text and several calls, and take the results back', async () => {
      const opening: Question = { turns: [{ user: 'Compare' }], tools }
      const answer: Said = { ...calls(paris, rome, time), text: 'Let me look.' }
      const { said } = await talk(client, to, opening, answer, stream)
      expect(said).toEqual({ ...answer, calls: anyId([paris, rome, time]) })
      expect(new Set(said.calls.map(({ id }) => id)).size).toBe(3)
      const question: Question = {
        tools,
        turns: [
          { user: 'Compare' },
          { assistant: said.text, calls: said.calls },
          { results: said.calls.map((call, index) => ({ call, output: { degrees: index } })) },
        ],
      }
      const second = await talk(client, to, question, text, stream)
      expect(second.heard).toEqual(withoutIds(question))
      expect(second.said).toEqual(text)
    })
  })

  it('exchange a system prompt and several turns', async () => {
    const question: Question = {
      system: 'Be brief.',
      turns: [{ user: 'One' }, { assistant: 'Two' }, { user: 'Three' }],
    }
    expect((await talk(client, to, question, text, false)).heard).toEqual(question)
  })

  it('exchange an image', async () => {
    const question: Question = { turns: [{ user: 'What is this?', png: PNG }] }
    expect((await talk(client, to, question, text, false)).heard).toEqual(question)
  })

  it('exchange the schema of the answer', async () => {
    const json: Said = { ...text, text: '{"city":"Paris"}' }
    const { heard, said } = await talk(client, to, { ...hello, schema }, json, false)
    expect(heard).toEqual({ ...hello, schema })
    expect(said.text).toBe('{"city":"Paris"}')
  })

  it('name the model of the provider', async () => {
    const { body } = await talk(client, to, hello, text, false)
    if (to === 'gemini')
      expect(stage.upstream.requests.at(-1)?.url).toBe(`/v1beta/models/${MODELS.gemini}:generateContent`)
    else expect(body).toHaveProperty('model', MODELS[to])
  })
})
