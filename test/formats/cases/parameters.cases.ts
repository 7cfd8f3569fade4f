/** Limits, sampling and stop sequences. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { type Carrying, carry, carryReply, carryStream, type Fields, type FormatName, refusal, sse } from './convert.ts'
import { chat } from './provider-frames.ts'
import { ask } from './through-gateway.ts'

const HI = [{ role: 'user', content: 'Hi' }]

function fromChat(more: Fields, to: FormatName, how: Carrying = {}) {
  return carry('openai-chat', to, { model: 'm', messages: HI, ...more }, how)
}

function fromClaude(more: Fields, to: FormatName, how: Carrying = {}) {
  return carry('anthropic-messages', to, { model: 'm', max_tokens: 100, messages: HI, ...more }, how)
}

function config({ body }: { readonly body: Fields }): unknown {
  return body.generationConfig
}

const section: CaseSection = {
  title: 'Parameters: limits, sampling, stops',
  order: 60,
  cases: [
    {
      id: 'E115',
      title: 'The two names of the cap at Chat servers',
      decision: 'carried',
      outcome: 'One of them is sent: `max_completion_tokens` to OpenAI, `max_tokens` to those who know only that.',
      prove: () => {
        const openai = fromClaude({}, 'openai-chat').body
        expect([openai.max_completion_tokens, openai.max_tokens]).toEqual([100, undefined])
        const mistral = fromClaude({}, 'openai-chat', { dialect: 'mistral' }).body
        expect([mistral.max_completion_tokens, mistral.max_tokens]).toEqual([undefined, 100])
      },
    },
    {
      id: 'E116',
      title: 'A Chat client says both `max_tokens` and `max_completion_tokens`',
      decision: 'carried',
      outcome: '`max_completion_tokens` counts.',
      prove: () => {
        const asked = { max_tokens: 5, max_completion_tokens: 7 }
        expect(fromChat(asked, 'anthropic-messages').body.max_tokens).toBe(7)
      },
    },
    {
      id: 'E117',
      title: 'A cap above what the model can say (Claude Code asks small models for 32,000)',
      decision: 'approximated',
      outcome: 'Cut to what the model is known to give, and not cut where nothing is known of it.',
      prove: () => {
        const small = fromClaude({ max_tokens: 32_000 }, 'anthropic-messages', { model: 'claude-3-5-haiku' })
        expect([small.body.max_tokens, small.lost]).toEqual([8192, ['maxOutputTokens approximated']])
        const unknown = fromClaude({ max_tokens: 32_000 }, 'openai-chat', { dialect: 'vllm', model: 'my-model' })
        expect([unknown.body.max_tokens, unknown.lost]).toEqual([32_000, []])
      },
    },
    {
      id: 'E118',
      title: '`max_tokens: 0`, with which Anthropic fills its prompt cache',
      decision: 'refused',
      outcome:
        'By Gemini, where 0 means no cap at all, and the Responses API; Chat servers get the 0 and judge for themselves.',
      prove: () => {
        expect(fromClaude({ max_tokens: 0 }, 'anthropic-messages').body.max_tokens).toBe(0)
        expect(fromClaude({ max_tokens: 0 }, 'openai-chat').body.max_completion_tokens).toBe(0)
        for (const to of ['openai-responses', 'gemini'] as const) {
          const { status, param } = refusal(() => fromClaude({ max_tokens: 0 }, to))
          expect([to, status, param]).toEqual([to, 400, 'maxOutputTokens'])
        }
      },
    },
    {
      id: 'E119',
      title: 'A cap below 16 for the Responses API',
      decision: 'approximated',
      outcome: '16, the least that it takes, and a loss tells so.',
      prove: () => {
        const { body, lost } = fromClaude({ max_tokens: 5 }, 'openai-responses')
        expect([body.max_output_tokens, lost]).toEqual([16, ['maxOutputTokens approximated']])
      },
    },
    {
      id: 'E120',
      title: 'A temperature of up to 2 for Anthropic, which takes up to 1',
      decision: 'approximated',
      outcome: 'Cut to 1, not scaled; nothing that the client did not say is sent.',
      prove: () => {
        const model = 'claude-sonnet-4-5'
        const { body, lost } = fromChat({ temperature: 1.7 }, 'anthropic-messages', { model })
        expect([body.temperature, lost]).toEqual([1, ['sampling.temperature approximated']])
        const silent = fromChat({}, 'anthropic-messages', { model }).body
        expect(Object.keys(silent).toSorted()).toEqual(['max_tokens', 'messages', 'model'])
      },
    },
    {
      id: 'E121',
      title: 'Temperature and `top_p` together for Claude 4',
      decision: 'left out',
      outcome: '`top_p` is left out, since Claude refuses both at once, and a loss tells so.',
      prove: () => {
        const asked = { temperature: 0.5, top_p: 0.5 }
        const { body, lost } = fromChat(asked, 'anthropic-messages', { model: 'claude-sonnet-4-5' })
        expect([body.temperature, body.top_p, lost]).toEqual([0.5, undefined, ['sampling.topP dropped']])
      },
    },
    {
      id: 'E122',
      title: 'Sampling for a Claude that takes none any more',
      decision: 'left out',
      outcome: 'Left out with a loss, unless it says no more than the default.',
      prove: () => {
        const asked = fromChat({ temperature: 0.5 }, 'anthropic-messages', { model: 'claude-opus-4-8' })
        expect([asked.body.temperature, asked.lost]).toEqual([undefined, ['sampling.temperature dropped']])
        expect(fromChat({ temperature: 1, top_p: 1 }, 'anthropic-messages', { model: 'claude-opus-4-8' }).lost).toEqual(
          [],
        )
      },
    },
    {
      id: 'E123',
      title: 'A temperature beside a budget of thinking at Anthropic',
      decision: 'left out',
      outcome: 'Thinking fixes it: left out, and a loss tells so.',
      prove: () => {
        const asked = { temperature: 0.5, reasoning_effort: 'high' }
        const { body, lost } = fromChat(asked, 'anthropic-messages', { model: 'claude-sonnet-4-5' })
        expect(body).not.toHaveProperty('temperature')
        expect(body.thinking).toMatchObject({ type: 'enabled' })
        expect(lost).toEqual(['sampling.temperature dropped'])
      },
    },
    {
      id: 'E124',
      title: 'Stop sequences for OpenAI models that take none, for the Responses API, and more than a provider takes',
      decision: 'approximated',
      outcome:
        'Sluice ends the reply at them itself and lets go of the upstream; a loss tells that the rest may be paid for.',
      prove: async () => {
        for (const [to, model] of [['openai-chat', 'o3'] as const, ['openai-responses', 'gpt-5'] as const]) {
          const { body, lost } = fromClaude({ stop_sequences: ['END'] }, to, { model })
          expect([body.stop, lost]).toEqual([undefined, ['stop approximated']])
        }
        const six = fromClaude({ stop_sequences: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'gemini')
        expect(config(six)).toMatchObject({ stopSequences: ['a', 'b', 'c', 'd', 'e'] })
        expect(six.lost).toEqual(['stop approximated'])
        const chunks = [
          sse(chat.chunk({ role: 'assistant', content: 'one E' })),
          sse(chat.chunk({ content: 'ND two' })),
        ]
        const body = { model: 'o3', max_tokens: 100, messages: HI, stop_sequences: ['END'], stream: true }
        const { text, sent } = await ask(
          'anthropic-messages',
          { path: '/v1/messages', client: 'openai-chat', ofProvider: 'dialect = "openai"', body },
          { headers: { 'content-type': 'text/event-stream' }, chunks, ending: 'stall' },
        )
        expect(text).toContain('"text":"one "')
        expect(text).not.toContain('two')
        expect(text).toContain('"stop_reason":"stop_sequence","stop_sequence":"END"')
        await sent[0]?.aborted
      },
    },
    {
      id: 'E125',
      title: 'A stop sequence that is a string, is empty, or is blank',
      decision: 'carried',
      outcome:
        'A string is a list of one; empty ones stop nothing and go; a blank one, which Anthropic refuses, is a loss.',
      prove: () => {
        expect(config(fromChat({ stop: 'END' }, 'gemini'))).toEqual({ stopSequences: ['END'] })
        const { body, lost } = fromChat({ stop: ['', ' ', 'END'] }, 'anthropic-messages')
        expect(body.stop_sequences).toEqual(['END'])
        expect(lost).toEqual(['stop[0] dropped'])
      },
    },
    {
      id: 'E126',
      title: 'Which stop sequence ended a reply of a Chat server',
      decision: 'carried',
      outcome:
        'Where vLLM or SGLang tell it, an Anthropic client gets `stop_sequence`; OpenAI does not, so `end_turn`.',
      prove: () => {
        const reply = (more: Fields) => ({
          id: 'c',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: 'Ok' }, finish_reason: 'stop', ...more }],
        })
        const stops = [{ stop_reason: 'END' }, { matched_stop: 'END' }, { stop_reason: 151_645 }, {}].map(more => {
          const { body } = carryReply('openai-chat', 'anthropic-messages', reply(more))
          return [body.stop_reason, body.stop_sequence]
        })
        expect(stops).toEqual([
          ['stop_sequence', 'END'],
          ['stop_sequence', 'END'],
          ['end_turn', null],
          ['end_turn', null],
        ])
        const last = chat.chunk({}, 'stop', { stop_reason: 'END' })
        const text = sse(chat.chunk({ role: 'assistant', content: 'Ok' }), last, chat.done)
        const { frames } = carryStream('openai-chat', 'anthropic-messages', text)
        expect(frames.find(({ type }) => type === 'message_delta')).toMatchObject({
          delta: { stop_reason: 'stop_sequence', stop_sequence: 'END' },
        })
      },
    },
    {
      id: 'E127',
      title: 'A seed of more than 32 bits for Gemini',
      decision: 'refused',
      outcome: 'A 400 names `seed`; 0 is a seed like any other.',
      prove: () => {
        expect(refusal(() => fromChat({ seed: 2 ** 40 }, 'gemini'))).toMatchObject({ status: 400, param: 'seed' })
        expect(config(fromChat({ seed: 0 }, 'gemini'))).toEqual({ seed: 0 })
      },
    },
    {
      id: 'E128',
      title: 'Zero and false where a value may stand',
      decision: 'carried',
      outcome: 'They are values and go out as they are.',
      prove: () => {
        const asked = { temperature: 0, top_p: 0, parallel_tool_calls: false, tools: [TOOL] }
        const { body } = fromChat(asked, 'openai-responses', { model: 'gpt-4o' })
        expect(body).toMatchObject({ temperature: 0, top_p: 0, parallel_tool_calls: false })
        expect(config(fromChat({ temperature: 0, top_p: 0 }, 'gemini'))).toEqual({ temperature: 0, topP: 0 })
      },
    },
    {
      id: 'E129',
      title: '`null` for "not set", as OpenAI’s clients say it',
      decision: 'carried',
      outcome: 'Nothing of it goes out, and nothing of it is a loss.',
      prove: () => {
        const optional = ['temperature', 'top_p', 'stop', 'tools', 'tool_choice', 'n', 'user', 'metadata', 'seed']
        const more = ['response_format', 'max_tokens', 'stream_options', 'logit_bias', 'service_tier', 'prediction']
        const nothing = Object.fromEntries([...optional, ...more].map(key => [key, null]))
        const { body, lost } = fromChat(nothing, 'gemini')
        expect([Object.keys(body), lost]).toEqual([['contents'], []])
        const bare = {
          model: 'm',
          input: 'Hi',
          instructions: null,
          reasoning: null,
          text: null,
          tools: null,
          store: null,
        }
        expect(Object.keys(carry('openai-responses', 'gemini', bare).body)).toEqual(['contents'])
      },
    },
    {
      id: 'E130',
      title: 'Several answers are asked for',
      decision: 'refused',
      outcome:
        'By Anthropic and the Responses API, which give one; Chat servers and Gemini are asked, and keep them apart.',
      prove: () => {
        for (const to of ['anthropic-messages', 'openai-responses'] as const) {
          expect(refusal(() => fromChat({ n: 2 }, to))).toMatchObject({ status: 400, param: 'candidates' })
        }
        expect(config(fromChat({ n: 2 }, 'gemini'))).toEqual({ candidateCount: 2 })
        const piece = (index: number, content: string) => ({
          ...chat.chunk({}),
          choices: [{ index, delta: { content } }],
        })
        const end = (index: number) => ({ ...chat.chunk({}), choices: [{ index, delta: {}, finish_reason: 'stop' }] })
        const text = sse(piece(0, 'a'), piece(1, 'x'), piece(0, 'b'), piece(1, 'y'), end(0), end(1), chat.done)
        const { frames } = carryStream('openai-chat', 'gemini', text)
        const said = [0, 1].map(index =>
          frames
            .flatMap(frame => Object(frame).candidates ?? [])
            .filter(candidate => (candidate.index ?? 0) === index)
            .flatMap(candidate => candidate.content?.parts?.map((part: Fields) => part.text) ?? [])
            .join(''),
        )
        expect(said).toEqual(['ab', 'xy'])
      },
    },
  ],
}

const TOOL = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }

export default section
