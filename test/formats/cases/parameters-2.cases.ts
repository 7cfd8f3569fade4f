/** Who asks, how it is served, how hard the model thinks, and what only some servers know. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { type Carrying, carry, carryReply, type Fields, type FormatName } from './convert.ts'
import { ask } from './through-gateway.ts'

const HI = [{ role: 'user', content: 'Hi' }]
const TOOL = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }

function fromChat(more: Fields, to: FormatName, how: Carrying = {}) {
  return carry('openai-chat', to, { model: 'm', messages: HI, ...more }, how)
}

function fromClaude(more: Fields, to: FormatName, how: Carrying = {}) {
  return carry('anthropic-messages', to, { model: 'm', max_tokens: 100, messages: HI, ...more }, how)
}

const section: CaseSection = {
  title: 'Parameters: who asks, how it is served',
  order: 61,
  cases: [
    {
      id: 'E131',
      title: 'Log probabilities between Gemini and Chat',
      decision: 'carried',
      outcome: 'Both ways; the bytes of a token, which Gemini does not tell, are those of its UTF-8.',
      prove: () => {
        const { body } = fromChat({ logprobs: true, top_logprobs: 2 }, 'gemini')
        expect(body.generationConfig).toEqual({ responseLogprobs: true, logprobs: 2 })
        const chosen = { token: 'é', logProbability: -0.1 }
        const logprobsResult = { chosenCandidates: [chosen], topCandidates: [{ candidates: [chosen] }] }
        const content = { role: 'model', parts: [{ text: 'é' }] }
        const reply = { candidates: [{ content, finishReason: 'STOP', index: 0, logprobsResult }] }
        const token = { token: 'é', logprob: -0.1, bytes: [0xc3, 0xa9] }
        expect(carryReply('gemini', 'openai-chat', reply).body).toMatchObject({
          choices: [{ logprobs: { content: [{ ...token, top_logprobs: [token] }] } }],
        })
      },
    },
    {
      id: 'E132',
      title: 'The id of an end user that is longer than 64 characters, as that of Claude Code',
      decision: 'carried',
      outcome: 'OpenAI gets its hash as `safety_identifier`; a short one as it is.',
      prove: () => {
        const long = JSON.stringify({ device_id: 'd'.repeat(64), session_id: 's' })
        for (const to of ['openai-chat', 'openai-responses'] as const) {
          const { body } = fromClaude({ metadata: { user_id: long } }, to)
          expect(body.safety_identifier).toMatch(/^[0-9a-f]{64}$/)
          expect(body).not.toHaveProperty('user')
          expect(fromClaude({ metadata: { user_id: 'u' } }, to).body.safety_identifier).toBe('u')
        }
      },
    },
    {
      id: 'E133',
      title: 'Service tiers, which each provider names after its own fashion',
      decision: 'approximated',
      outcome:
        'Told in the words of the target where it has the tier, a loss where not; the served tier comes back likewise.',
      prove: () => {
        expect(fromClaude({ service_tier: 'standard_only' }, 'openai-chat').body.service_tier).toBe('default')
        expect(fromChat({ service_tier: 'flex' }, 'gemini').body.serviceTier).toBe('flex')
        expect(fromChat({ service_tier: 'flex' }, 'anthropic-messages').lost).toEqual(['serviceTier dropped'])
        const usage = { input_tokens: 1, output_tokens: 1, service_tier: 'standard' }
        const reply = {
          id: 'm',
          type: 'message',
          role: 'assistant',
          model: 'm',
          content: [],
          stop_reason: 'end_turn',
          usage,
        }
        expect(carryReply('anthropic-messages', 'openai-chat', reply).body.service_tier).toBe('default')
      },
    },
    {
      id: 'E134',
      title: 'A key for the prompt cache, for clients that know none',
      decision: 'carried',
      outcome:
        'OpenAI gets the hash of the user or session, the same for every call of it; a key of the client goes first.',
      prove: () => {
        for (const to of ['openai-chat', 'openai-responses'] as const) {
          const keys = [1, 2].map(() => fromClaude({ metadata: { user_id: 'session-1' } }, to).body.prompt_cache_key)
          expect(keys[0]).toMatch(/^[0-9a-f]{64}$/)
          expect(keys[1]).toBe(keys[0])
          expect(fromClaude({}, to).body).not.toHaveProperty('prompt_cache_key')
        }
        const own = fromChat({ prompt_cache_key: 'k', safety_identifier: 'u' }, 'openai-responses')
        expect(own.body.prompt_cache_key).toBe('k')
      },
    },
    {
      id: 'E135',
      title: '`stream_options`, and usage that the gateway needs though the client did not ask for it',
      decision: 'carried',
      outcome:
        'Left away where nothing is streamed; else asked for upstream, and the chunk with it hidden from the client.',
      prove: async () => {
        expect(fromChat({ stream_options: { include_usage: true } }, 'openai-chat').body).not.toHaveProperty(
          'stream_options',
        )
        const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
        const choice = { index: 0, delta: { role: 'assistant', content: 'Ok' }, finish_reason: 'stop' }
        const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
        const frames = [
          { ...chunk, choices: [choice] },
          { ...chunk, choices: [], usage },
        ]
        const body = `${frames.map(frame => `data: ${JSON.stringify(frame)}\n\n`).join('')}data: [DONE]\n\n`
        const { text, sent } = await ask(
          'openai-chat',
          { path: '/v1/chat/completions', body: { model: 'm', messages: HI, stream: true } },
          { headers: { 'content-type': 'text/event-stream' }, body },
        )
        expect(sent[0]?.json()).toMatchObject({ stream_options: { include_usage: true } })
        expect(text).toContain('"content":"Ok"')
        expect(text).not.toContain('usage')
      },
    },
    {
      id: 'E136',
      title: 'An effort for a model that does not reason',
      decision: 'left out',
      outcome: 'It would be refused: left out with a loss. "none" is what the model does anyway, and no loss.',
      prove: () => {
        const asked = fromChat({ reasoning_effort: 'high' }, 'openai-chat', { model: 'gpt-4o' })
        expect([asked.body.reasoning_effort, asked.lost]).toEqual([undefined, ['reasoning.effort dropped']])
        expect(fromChat({ reasoning_effort: 'none' }, 'openai-chat', { model: 'gpt-4o' }).lost).toEqual([])
      },
    },
    {
      id: 'E137',
      title: 'Functions and reasoning together at a model that takes them in the Responses API only (GPT-5.6)',
      decision: 'approximated',
      outcome: 'By Chat it gets its functions and no reasoning, with a loss; by the Responses API it gets both.',
      prove: () => {
        const asked = { reasoning_effort: 'high', tools: [TOOL] }
        const byChat = fromChat(asked, 'openai-chat', { model: 'gpt-5.6' })
        expect([byChat.body.reasoning_effort, byChat.lost]).toEqual(['none', ['reasoning.effort approximated']])
        expect(fromChat(asked, 'openai-responses', { model: 'gpt-5.6' }).body.reasoning).toEqual({ effort: 'high' })
      },
    },
    {
      id: 'E138',
      title: 'How wordy the answer shall be (`verbosity`)',
      decision: 'left out',
      outcome: 'Only OpenAI has such a setting; for others a loss tells that it is gone.',
      prove: () => {
        expect(fromChat({ verbosity: 'low' }, 'openai-responses').body.text).toEqual({ verbosity: 'low' })
        for (const to of ['anthropic-messages', 'gemini'] as const) {
          expect(fromChat({ verbosity: 'low' }, to).lost).toEqual(['verbosity dropped'])
        }
      },
    },
    {
      id: 'E139',
      title: 'Azure refuses fields that its `api-version` does not know',
      decision: 'not offered',
      outcome:
        'There is no list for each version; what no version knows is left out with a loss, the rest Azure judges.',
      prove: () => {
        const { body, lost } = fromChat({ safety_identifier: 'u', seed: 1 }, 'openai-chat', { dialect: 'azure' })
        expect(body).not.toHaveProperty('safety_identifier')
        expect([body.seed, lost]).toEqual([1, ['endUser dropped']])
      },
    },
    {
      id: 'E140',
      title: "Gemini's safety settings",
      decision: 'left out',
      outcome: 'None are made up for Gemini; those of a Gemini client mean nothing elsewhere, and a loss tells so.',
      prove: () => {
        expect(fromChat({}, 'gemini').body).not.toHaveProperty('safetySettings')
        const safetySettings = [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }]
        const asked = { contents: [{ parts: [{ text: 'Hi' }] }], safetySettings }
        expect(carry('gemini', 'gemini', asked).body.safetySettings).toEqual(safetySettings)
        expect(carry('gemini', 'openai-chat', asked).lost).toEqual(['safetySettings dropped'])
      },
    },
    {
      id: 'E141',
      title: 'Several candidates of a Gemini model that gives one (previews, streams)',
      decision: 'passed on',
      outcome: 'Which model gives how many is not known here: the wish goes out, and Gemini says if it will not.',
      prove: () => {
        const { body, lost } = fromChat({ n: 2 }, 'gemini', { stream: true, model: 'gemini-3-pro-preview' })
        expect([body.generationConfig, lost]).toEqual([{ candidateCount: 2 }, []])
      },
    },
    {
      id: 'E142',
      title: 'Fields of one kind of Chat server (`chat_template_kwargs`)',
      decision: 'passed on',
      outcome: 'Chat servers get them as they came; to other formats they do not go, and a loss names them.',
      prove: () => {
        const asked = { chat_template_kwargs: { enable_thinking: false } }
        const vllm = fromChat(asked, 'openai-chat', { dialect: 'vllm' })
        expect([vllm.body.chat_template_kwargs, vllm.lost]).toEqual([{ enable_thinking: false }, []])
        expect(fromChat(asked, 'gemini').lost).toEqual(['chat_template_kwargs dropped'])
      },
    },
  ],
}

export default section
