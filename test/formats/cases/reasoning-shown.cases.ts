/** Thinking at the servers that speak Chat Completions, and what clients see of thinking. */
import { expect } from 'vitest'
import { startTestGateway } from '../../support/gateway.ts'
import { startUpstream } from '../../support/upstream.ts'
import type { CaseSection } from './case.ts'
import { carry, carryReply, carryStream, type Fields, sse } from './convert.ts'
import { chat } from './provider-frames.ts'
import { assistantOf, CALL, LOOK, toolLoop } from './tool-loop.ts'

const KEY = Buffer.alloc(32, 7)

const section: CaseSection = {
  title: 'Reasoning: Chat servers, and what is shown',
  order: 52,
  cases: [
    {
      id: 'E105',
      title: 'DeepSeek and Moonshot in a tool loop whose thinking is lost',
      decision: 'approximated',
      outcome: 'They get an empty `reasoning_content`, which they want beside calls; others get none.',
      prove: () => {
        for (const dialect of ['deepseek', 'moonshot']) {
          const sent = carry('openai-chat', 'openai-chat', toolLoop([CALL]), { dialect })
          expect(assistantOf(sent)).toMatchObject({ reasoning_content: '' })
        }
        const other = carry('openai-chat', 'openai-chat', toolLoop([CALL]), { dialect: 'groq' })
        expect(assistantOf(other)).not.toHaveProperty('reasoning_content')
      },
    },
    {
      id: 'E106',
      title: 'Thinking turned off, beside an effort, at DeepSeek',
      decision: 'carried',
      outcome: 'Off is off: the effort, which DeepSeek refuses there, is not sent.',
      prove: () => {
        const messages = [{ role: 'user', content: 'Hi' }]
        const asked = { model: 'm', thinking: { type: 'disabled' }, reasoning_effort: 'high', messages }
        const { body } = carry('openai-chat', 'openai-chat', asked, { dialect: 'deepseek' })
        expect(body.thinking).toEqual({ type: 'disabled' })
        expect(body).not.toHaveProperty('reasoning_effort')
      },
    },
    {
      id: 'E107',
      title: 'Thinking between calls, at servers that want it back (Moonshot, Z.ai, Qwen, DeepSeek)',
      decision: 'carried',
      outcome:
        'It goes back as `reasoning_content` of its turn; OpenAI itself, which takes none, gets none, with a loss.',
      prove: () => {
        const asked = toolLoop([CALL], { reasoning_content: 'Hm' })
        for (const dialect of ['moonshot', 'zhipu', 'alibaba', 'deepseek']) {
          expect(assistantOf(carry('openai-chat', 'openai-chat', asked, { dialect }))).toMatchObject({
            reasoning_content: 'Hm',
          })
        }
        const openai = carry('openai-chat', 'openai-chat', asked)
        expect(assistantOf(openai)).not.toHaveProperty('reasoning_content')
        expect(openai.lost).toEqual(['turns[1].parts[0] dropped'])
      },
    },
    {
      id: 'E108',
      title: 'Thinking in `<think>` tags in the middle of a text',
      decision: 'not offered',
      outcome:
        'The text stays as the server sent it, tags and all; servers have a setting that tells thinking apart (vLLM: `--reasoning-parser`).',
      prove: () => {
        const text = sse(chat.chunk({ role: 'assistant', content: '<think>Hm</think>Ok' }), chat.chunk({}, 'stop'))
        const { frames } = carryStream('openai-chat', 'anthropic-messages', text + sse(chat.done))
        expect(frames.filter(({ type }) => type === 'content_block_delta')).toMatchObject([
          { delta: { type: 'text_delta', text: '<think>Hm</think>Ok' } },
        ])
      },
    },
    {
      id: 'E109',
      title: "OpenRouter's `reasoning_details`, piece by piece",
      decision: 'carried',
      outcome: 'Pieces of one index are one item; the items go back to OpenRouter in order, with all of their fields.',
      prove: () => {
        const detail = { type: 'reasoning.text', index: 0, format: 'anthropic-claude-v1' }
        const text = sse(
          chat.chunk({ role: 'assistant', reasoning: 'a', reasoning_details: [{ ...detail, text: 'a' }] }),
          chat.chunk({ reasoning: 'b', reasoning_details: [{ ...detail, text: 'b', signature: 'S' }] }),
          chat.chunk({ content: 'Ok' }),
          chat.chunk({}, 'stop'),
          chat.done,
        )
        const { frames } = carryStream('openai-chat', 'openai-chat', text)
        const details = frames.flatMap(frame => Object(frame).choices?.[0]?.delta?.reasoning_details ?? [])
        expect(details).toEqual([{ ...detail, text: 'ab', signature: 'S' }])
        const asked = toolLoop([CALL], { reasoning: 'ab', reasoning_details: details })
        const back = carry('openai-chat', 'openai-chat', asked, { dialect: 'openrouter' })
        expect(assistantOf(back)).toMatchObject({ reasoning_details: details })
      },
    },
    {
      id: 'E110',
      title: "Mistral's thinking, a part of the content with a signature of its own",
      decision: 'carried',
      outcome: 'It is thinking to every client, and goes back to Mistral as the part that it was, before the others.',
      prove: () => {
        const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }], signature: 'S' }
        const said = { content: [thinking, { type: 'text', text: 'Ok' }] }
        const asked = toolLoop([{ ...CALL, id: 'abcdefghi' }], said)
        const back = carry('openai-chat', 'openai-chat', asked, { dialect: 'mistral' })
        expect(assistantOf(back)).toMatchObject(said)
        const choices = [{ index: 0, message: { role: 'assistant', ...said }, finish_reason: 'stop' }]
        const reply = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices }
        const { body } = carryReply('openai-chat', 'anthropic-messages', reply, { stateKey: KEY })
        expect(body.content).toMatchObject([
          { type: 'thinking', thinking: 'Hm' },
          { type: 'text', text: 'Ok' },
        ])
      },
    },
    {
      id: 'E110a',
      title: 'The two names of the field for thinking: `reasoning` and `reasoning_content`',
      decision: 'carried',
      outcome: 'Both are read; Chat clients get `reasoning_content`.',
      prove: () => {
        const chunks = [{ role: 'assistant', reasoning: 'a' }, { reasoning_content: 'b' }, { content: 'Ok' }]
        const text = sse(...chunks.map(delta => chat.chunk(delta)), chat.chunk({}, 'stop'), chat.done)
        const { frames } = carryStream('openai-chat', 'openai-chat', text)
        const said = frames.map(frame => Object(frame).choices?.[0]?.delta?.reasoning_content ?? '').join('')
        expect(said).toBe('ab')
      },
    },
    {
      id: 'E110b',
      title: 'Thinking as a part of the content that is called `reasoning` (Databricks)',
      decision: 'carried',
      outcome:
        'It is thinking to every client. A Chat client’s part goes back to the server as it was; other clients’ does not, and a loss tells so.',
      prove: () => {
        const part = (text: string, signature: string): Fields => ({
          type: 'reasoning',
          summary: [{ type: 'summary_text', text, signature }],
        })
        const content = [part('Hm', 'EqoB'), { type: 'text', text: 'Ok' }]
        const thinking = { type: 'thinking', thinking: 'Hm', signature: 'EqoB' }
        const whole = { id: 'x', choices: [{ index: 0, message: { content }, finish_reason: 'stop' }] }
        expect(carryReply('openai-chat', 'anthropic-messages', whole).body.content).toEqual([
          thinking,
          { type: 'text', text: 'Ok' },
        ])
        const pieces = [part('H', ''), part('m', ''), part('', 'EqoB')].map(piece => chat.chunk({ content: [piece] }))
        const stream = sse(...pieces, chat.chunk({ content: 'Ok' }), chat.chunk({}, 'stop'), chat.done)
        const { frames } = carryStream('openai-chat', 'anthropic-messages', stream)
        expect(frames.flatMap(({ delta }) => (delta === undefined ? [] : [delta])).slice(0, 4)).toEqual([
          { type: 'thinking_delta', thinking: 'H' },
          { type: 'thinking_delta', thinking: 'm' },
          { type: 'signature_delta', signature: 'EqoB' },
          { type: 'text_delta', text: 'Ok' },
        ])
        const asked = toolLoop([CALL], { content })
        const place = { dialect: 'compatible' }
        expect(assistantOf(carry('openai-chat', 'openai-chat', asked, place))).toMatchObject({ content })
        const messages = [HELLO, { role: 'assistant', content: [thinking, { type: 'text', text: 'Ok' }] }, HELLO]
        expect(
          carry('anthropic-messages', 'openai-chat', { model: 'm', max_tokens: 9, messages }, place).lost,
        ).toContain('turns[1].parts[0] dropped')
      },
    },
    {
      id: 'E111',
      title: 'Thinking on its way to somebody who has no field for it',
      decision: 'left out',
      outcome: 'It is never put into the text: a server without such a field gets none of it, and a loss tells so.',
      prove: () => {
        const { body, lost } = carry(
          'openai-chat',
          'openai-chat',
          toolLoop([CALL], { content: 'Ok', reasoning: 'secret' }),
        )
        expect(JSON.stringify(body)).not.toContain('secret')
        expect(lost).toEqual(['turns[1].parts[0] dropped'])
      },
    },
    {
      id: 'E112',
      title: 'A reply that is thinking and nothing else',
      decision: 'carried',
      outcome:
        'Anthropic clients get a thinking block and `end_turn`, Chat clients `reasoning_content` beside no content.',
      prove: () => {
        const text = sse(chat.chunk({ role: 'assistant', reasoning_content: 'Hm' }), chat.chunk({}, 'stop'), chat.done)
        const { frames } = carryStream('openai-chat', 'anthropic-messages', text)
        expect(frames.find(({ type }) => type === 'message_delta')).toMatchObject({
          delta: { stop_reason: 'end_turn' },
        })
        const reply = {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'm',
          content: [{ type: 'thinking', thinking: 'Hm', signature: '' }],
          stop_reason: 'end_turn',
        }
        expect(carryReply('anthropic-messages', 'openai-chat', reply).body).toMatchObject({
          choices: [{ message: { content: null, reasoning_content: 'Hm' }, finish_reason: 'stop' }],
        })
      },
    },
    {
      id: 'E113',
      title: 'A Chat client that drops the thinking in the middle of a tool loop',
      decision: 'carried',
      outcome: "The state is kept by the call's id and put back; where it is gone, the request is repaired as above.",
      prove: async () => {
        const block = { type: 'thinking', thinking: 'Hm', signature: 'EqQB' }
        const call = { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }
        const { restored, asked } = await loopThroughClaude([block, call])
        expect(restored).toMatchObject([block, { type: 'tool_use', id: asked }])
      },
    },
    {
      id: 'E114a',
      title: 'Newest Claude keeps its thinking to itself unless told otherwise',
      decision: 'carried',
      outcome: 'A client of another format that asked to see it has `display: "summarized"` asked for.',
      prove: () => {
        const asked = { model: 'm', input: 'Hi', reasoning: { effort: 'low', summary: 'auto' } }
        expect(carry('openai-responses', 'anthropic-messages', asked).body).toMatchObject({
          thinking: { type: 'adaptive', display: 'summarized' },
        })
        const unasked = carry('openai-responses', 'anthropic-messages', { ...asked, reasoning: { effort: 'low' } })
        expect(unasked.body.thinking).toEqual({ type: 'adaptive' })
      },
    },
    {
      id: 'E114b',
      title: 'A budget of thinking tokens for a Claude that takes none any more',
      decision: 'approximated',
      outcome: 'It thinks adaptively, at the effort that the budget stands for, and a loss tells so.',
      prove: () => {
        const thinking = { type: 'enabled', budget_tokens: 5000 }
        const asked = { model: 'm', max_tokens: 9000, thinking, messages: [{ role: 'user', content: 'Hi' }] }
        const { body, lost } = carry('anthropic-messages', 'anthropic-messages', asked, { model: 'claude-opus-5-5' })
        expect(body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'medium' } })
        expect(lost).toContain('reasoning.budget approximated')
      },
    },
    {
      id: 'E114',
      title: 'Modes of thinking in token counts, and one that nobody knows',
      decision: 'carried',
      outcome:
        'Counts are asked with the mode of the call; an unknown mode stays for Anthropic and is lost for others.',
      prove: () => {
        const asked = { model: 'm', max_tokens: 9, thinking: { type: 'between_tools' }, messages: [HELLO] }
        const counted = carry('anthropic-messages', 'anthropic-messages', asked, {
          model: 'claude-sonnet-5-5',
          operation: 'count-tokens',
        })
        expect(counted.body.thinking).toEqual({ type: 'between_tools' })
        const unknown = { ...asked, thinking: { type: 'sideways' } }
        expect(carry('anthropic-messages', 'anthropic-messages', unknown).body.thinking).toEqual({ type: 'sideways' })
        expect(carry('anthropic-messages', 'openai-chat', unknown).lost).toEqual(['thinking dropped'])
      },
    },
  ],
}

const HELLO = { role: 'user', content: 'Hi' }

/** Two calls of a Chat client as OpenAI's SDK makes them, with Claude behind the gateway. */
async function loopThroughClaude(content: readonly Fields[]) {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content, stop_reason: 'tool_use' }
  await using upstream = await startUpstream({ json: message }, { json: message })
  await using gateway = await startTestGateway(`
[providers.up]
client = "anthropic-messages"
base_url = "${upstream.url}/v1"
api_key = "sk-upstream"
[pipelines.main]
parsers = ["openai-chat"]
provider = "up"
[[pipelines.main.processors]]
use = "convert"
`)
  const post = async (body: Fields) =>
    (
      await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'claude-opus-4-6', ...body }),
      })
    ).json()
  const first = Object(await post({ tools: [LOOK], messages: [HELLO] }))
  const [{ id: asked, function: called }] = first.choices[0].message.tool_calls
  await post(toolLoop([{ id: asked, type: 'function', function: called }], {}, { model: 'claude-opus-4-6' }))
  const sent = Object(upstream.requests[1]?.json())
  return { restored: sent.messages[1].content as unknown, asked: asked as unknown }
}

export default section
