/** Prompt caches: marks, and prefixes that stay as they are. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, carryReply, type Fields, type FormatName } from './convert.ts'

const MARK = { type: 'ephemeral', ttl: '1h' }

function fromClaude(more: Fields, to: FormatName, model?: string) {
  const asked = { model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }], ...more }
  return carry('anthropic-messages', to, asked, model === undefined ? {} : { model })
}

const LOOP = [
  { role: 'user', content: [{ type: 'text', text: 'Look.' }] },
  {
    role: 'assistant',
    content: [{ type: 'tool_use', id: 'toolu_1', name: 'look', input: { z: 1, a: 2.0 }, cache_control: MARK }],
  },
  {
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'seen', cache_control: { type: 'ephemeral' } }],
  },
]
const TOOL = { name: 'look', input_schema: { type: 'object' } }

const section: CaseSection = {
  title: 'Prompt caching',
  order: 90,
  cases: [
    {
      id: 'E172',
      title: 'Cache marks on tools, calls, results and images, with their time to live',
      decision: 'carried',
      outcome: 'A call that is written anew for Anthropic has each mark where it stood, an hour included.',
      prove: () => {
        const image = { type: 'image', source: { type: 'url', url: 'https://a.example/a.png' }, cache_control: MARK }
        const tools = [{ ...TOOL, cache_control: MARK }]
        const messages = [...LOOP.slice(0, 2), { role: 'user', content: [LOOP[2]?.content[0], image] }]
        const { body } = fromClaude({ tools, messages }, 'anthropic-messages')
        expect(body.tools).toMatchObject([{ cache_control: MARK }])
        expect(body.messages).toMatchObject([
          {},
          { content: [{ cache_control: MARK }] },
          { content: [{ cache_control: { type: 'ephemeral' } }, { cache_control: MARK }] },
        ])
      },
    },
    {
      id: 'E173',
      title: 'More than four cache marks',
      decision: 'left out',
      outcome: 'Anthropic takes four: four are kept, and a loss names each of the others.',
      prove: () => {
        const text = (name: string) => ({ type: 'text', text: name, cache_control: { type: 'ephemeral' } })
        const messages = [{ role: 'user', content: ['a', 'b', 'c', 'd', 'e', 'f'].map(text) }]
        const { text: sent, lost } = fromClaude({ messages }, 'anthropic-messages')
        expect(sent.match(/cache_control/g)).toHaveLength(4)
        expect(lost).toHaveLength(2)
        expect(lost.every(loss => loss.endsWith('.cache dropped'))).toBe(true)
      },
    },
    {
      id: 'E174',
      title: 'Marks of an hour before marks of five minutes',
      decision: 'carried',
      outcome: 'Marks are never moved past one another, so the order that Anthropic wants stays as the client had it.',
      prove: () => {
        const system = [{ type: 'text', text: 'Be kind.', cache_control: MARK }]
        const { text } = fromClaude({ system, tools: [TOOL], messages: LOOP.slice(0, 1) }, 'anthropic-messages')
        const asked = fromClaude({ system, tools: [TOOL], messages: LOOP }, 'anthropic-messages').text
        expect(text).toContain('"ttl":"1h"')
        const ttls = [...asked.matchAll(/"cache_control":(\{[^}]*\})/g)].map(([, mark]) => JSON.parse(mark ?? '').ttl)
        expect(ttls).toEqual(['1h', '1h', undefined])
      },
    },
    {
      id: 'E175',
      title: 'The order of keys, by which prompt caches go',
      decision: 'carried',
      outcome: 'Tools, then system, then messages; inside of arguments and schemas the very text of the client.',
      prove: () => {
        const text =
          '{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"look","input":{"z":1,"2":1.0,"a":12345678901234567890}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1"}]}],"system":"Be kind.","tools":[{"name":"look","input_schema":{"type":"object","properties":{"z":{},"1":{}}}}],"max_tokens":9,"model":"m"}'
        const again = carry('anthropic-messages', 'anthropic-messages', text)
        expect(Object.keys(again.body)).toEqual(['model', 'max_tokens', 'tools', 'system', 'messages'])
        for (const to of ['anthropic-messages', 'gemini'] as const) {
          const sent = carry('anthropic-messages', to, text).text
          expect(sent).toContain('{"z":1,"2":1.0,"a":12345678901234567890}')
          expect(sent).toContain('{"type":"object","properties":{"z":{},"1":{}}}')
        }
        const keys = Object.keys(carry('anthropic-messages', 'openai-responses', text).body)
        expect(keys.indexOf('tools')).toBeLessThan(keys.indexOf('input'))
      },
    },
    {
      id: 'E176',
      title: 'Ids and texts that a conversion makes up',
      decision: 'carried',
      outcome: 'They come of what was said: the same call twice is the same bytes twice.',
      prove: () => {
        const call = { functionCall: { name: 'look', args: {} } }
        const contents = [
          { role: 'user', parts: [{ text: 'Look.' }] },
          { role: 'model', parts: [call, call] },
          { role: 'user', parts: [1, 2].map(() => ({ functionResponse: { name: 'look', response: {} } })) },
        ]
        for (const to of ['openai-chat', 'openai-responses', 'anthropic-messages'] as const) {
          expect(carry('gemini', to, { contents }).text).toBe(carry('gemini', to, { contents }).text)
        }
      },
    },
    {
      id: 'E177',
      title: 'A client that sets no marks, at Anthropic, which caches nothing without one',
      decision: 'not offered',
      outcome: 'None are guessed, since writing a cache costs money; `set` puts `cache_control` on the call if wished.',
      prove: () => {
        const asked = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
        expect(carry('openai-chat', 'anthropic-messages', asked).text).not.toContain('cache_control')
        const whole = fromClaude({ cache_control: { type: 'ephemeral' } }, 'anthropic-messages')
        expect(whole.body.cache_control).toEqual({ type: 'ephemeral' })
      },
    },
    {
      id: 'E178',
      title: 'A conversation that grows by a turn',
      decision: 'carried',
      outcome: 'What was written for the turns before is written again byte by byte.',
      prove: () => {
        const longer = [...LOOP, { role: 'assistant', content: 'Ok.' }, { role: 'user', content: 'And now?' }]
        for (const to of ['openai-chat', 'openai-responses', 'gemini'] as const) {
          const items = [LOOP, longer].map(messages => {
            const { body } = fromClaude({ tools: [TOOL], messages }, to)
            return (body.messages ?? body.input ?? body.contents) as readonly unknown[]
          })
          const [before = [], after = []] = items
          expect(JSON.stringify(after.slice(0, before.length))).toBe(JSON.stringify(before))
        }
      },
    },
    {
      id: 'E179',
      title: 'What was read from and written to a cache',
      decision: 'carried',
      outcome: 'Told both ways, within the input of OpenAI and Google and beside that of Anthropic, by time to live.',
      prove: () => {
        const usage = {
          input_tokens: 10,
          cache_read_input_tokens: 20,
          cache_creation_input_tokens: 5,
          cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 3 },
          output_tokens: 1,
        }
        const reply = {
          id: 'm',
          type: 'message',
          role: 'assistant',
          model: 'm',
          content: [],
          stop_reason: 'end_turn',
          usage,
        }
        expect(carryReply('anthropic-messages', 'openai-chat', reply).body.usage).toMatchObject({
          prompt_tokens: 35,
          prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 5 },
        })
        expect(carryReply('anthropic-messages', 'anthropic-messages', reply).body.usage).toMatchObject(usage)
        const chat = {
          id: 'c',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: 'Ok' }, finish_reason: 'stop' }],
          usage: {
            prompt_tokens: 35,
            completion_tokens: 1,
            prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 5 },
          },
        }
        expect(carryReply('openai-chat', 'anthropic-messages', chat).body.usage).toMatchObject({
          input_tokens: 10,
          cache_read_input_tokens: 20,
          cache_creation_input_tokens: 5,
        })
      },
    },
  ],
}

export default section
