/** What becomes of a setting that the other format has not: answer, sampling, limits. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, type FormatName, refusal } from './convert.ts'
import { chat, claude, google } from './request-bodies.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const
/** A model that takes every sampling parameter of its format. */
const FREE: Readonly<Record<string, string>> = {
  [A]: 'claude-opus-4-5',
  [C]: 'gpt-4.1',
  [R]: 'gpt-4.1',
  [G]: 'gemini-3-flash',
}

function chatTo(to: FormatName, more: object) {
  return carry(C, to, chat.body({ ...more }), { model: FREE[to] ?? '' })
}

const section: CaseSection = {
  title: 'Policy: settings that the other format does not have',
  order: 0,
  cases: [
    {
      id: 'D0.1',
      title: 'Several answers (`n`, `candidateCount`)',
      decision: 'refused',
      outcome: 'Chat and Gemini are asked for as many; to Anthropic and Responses it is a 400, since they give one.',
      prove: () => {
        expect(chatTo(G, { n: 2 }).body).toMatchObject({ generationConfig: { candidateCount: 2 } })
        expect(carry(G, C, google.body({ generationConfig: { candidateCount: 2 } })).body).toMatchObject({ n: 2 })
        for (const to of [A, R] as const) {
          expect(refusal(() => chatTo(to, { n: 2 }))).toMatchObject({ status: 400, param: 'candidates' })
        }
        expect(chatTo(A, { n: 1 }).lost).toEqual([])
      },
    },
    {
      id: 'D0.2',
      title: 'Log probabilities',
      decision: 'left out',
      outcome: "Chat, Responses and Gemini tell them in each other's words; Anthropic cannot, and a loss says so.",
      prove: () => {
        const asked = { logprobs: true, top_logprobs: 2 }
        expect(chatTo(A, asked).lost).toEqual(['logprobs dropped'])
        expect(chatTo(R, asked)).toMatchObject({
          body: { top_logprobs: 2, include: expect.arrayContaining(['message.output_text.logprobs']) },
          lost: [],
        })
        expect(chatTo(G, asked)).toMatchObject({
          body: { generationConfig: { responseLogprobs: true, logprobs: 2 } },
          lost: [],
        })
      },
    },
    {
      id: 'D0.3',
      title: 'Tokens made likelier or less likely (`logit_bias`)',
      decision: 'left out',
      outcome: 'Only Chat servers take it; to all others it is a told loss.',
      prove: () => {
        for (const to of [A, R, G] as const) {
          expect(chatTo(to, { logit_bias: { 50: -100 } }).lost).toEqual(['sampling.logitBias dropped'])
        }
        expect(chatTo(C, { logit_bias: { 50: -100 } }).body).toMatchObject({ logit_bias: { 50: -100 } })
      },
    },
    {
      id: 'D0.4',
      title: 'A seed',
      decision: 'left out',
      outcome: 'Chat and Gemini take it, zero too; to Anthropic and Responses it is a told loss.',
      prove: () => {
        expect(chatTo(G, { seed: 0 })).toMatchObject({ body: { generationConfig: { seed: 0 } }, lost: [] })
        for (const to of [A, R] as const) expect(chatTo(to, { seed: 0 }).lost).toEqual(['sampling.seed dropped'])
      },
    },
    {
      id: 'D0.5',
      title: 'Penalties for repetition',
      decision: 'left out',
      outcome: 'Chat and Gemini take them; to Anthropic and Responses each is a told loss.',
      prove: () => {
        const asked = { frequency_penalty: 0.5, presence_penalty: 0.25 }
        expect(chatTo(G, asked)).toMatchObject({
          body: { generationConfig: { frequencyPenalty: 0.5, presencePenalty: 0.25 } },
          lost: [],
        })
        for (const to of [A, R] as const) {
          expect(chatTo(to, asked).lost).toEqual([
            'sampling.frequencyPenalty dropped',
            'sampling.presencePenalty dropped',
          ])
        }
      },
    },
    {
      id: 'D0.6',
      title: 'Sampling among the k likeliest tokens (`top_k`)',
      decision: 'left out',
      outcome: "Gemini, Claude models that sample and vLLM take it; OpenAI's APIs do not, and a loss says so.",
      prove: () => {
        const body = claude.body({ top_k: 40 })
        expect(carry(A, G, body).body).toMatchObject({ generationConfig: { topK: 40 } })
        expect(carry(A, C, body, { dialect: 'vllm', model: 'qwen' }).body).toMatchObject({ top_k: 40 })
        const google40 = google.body({ generationConfig: { topK: 40 } })
        expect(carry(G, A, google40, { model: 'claude-opus-4-5' }).body).toMatchObject({ top_k: 40 })
        expect(carry(G, A, google40, { model: 'claude-opus-5' }).lost).toEqual(['sampling.topK dropped'])
        for (const to of [C, R] as const) expect(carry(A, to, body).lost).toEqual(['sampling.topK dropped'])
      },
    },
    {
      id: 'D0.7',
      title: 'A temperature above 1, for Claude',
      decision: 'approximated',
      outcome: 'It becomes 1, the most that Anthropic takes, and a loss says so; others get it as it is.',
      prove: () => {
        const asked = chatTo(A, { temperature: 1.5 })
        expect(asked.body).toMatchObject({ temperature: 1 })
        expect(asked.lost).toEqual(['sampling.temperature approximated'])
        expect(chatTo(G, { temperature: 1.5 })).toMatchObject({
          body: { generationConfig: { temperature: 1.5 } },
          lost: [],
        })
      },
    },
    {
      id: 'D0.8',
      title: 'A temperature for a model whose sampling is fixed',
      decision: 'left out',
      outcome: 'It is not sent, so that the call is not refused, and a loss says so; the default is no loss.',
      prove: () => {
        const body = claude.body({ temperature: 0.5 })
        expect(carry(A, C, body, { model: 'gpt-5' }).lost).toEqual(['sampling.temperature dropped'])
        expect(carry(A, R, body, { model: 'gpt-5' }).lost).toEqual(['sampling.temperature dropped'])
        const ofChat = carry(C, A, chat.body({ temperature: 0.5 }), { model: 'claude-opus-5' })
        expect(ofChat.lost).toEqual(['sampling.temperature dropped'])
        expect(ofChat.body).not.toHaveProperty('temperature')
        expect(carry(C, A, chat.body({ temperature: 1 }), { model: 'claude-opus-5' }).lost).toEqual([])
      },
    },
    {
      id: 'D0.9',
      title: 'Stop sequences where there are none, or more than the limit',
      decision: 'approximated',
      outcome:
        'Sluice watches for those that the provider does not take and ends the answer there itself; a loss says so.',
      prove: () => {
        const stops = ['a', 'b', 'c', 'd', 'e', 'f']
        const body = claude.body({ stop_sequences: stops })
        expect(carry(C, A, chat.body({ stop: 'END' })).body).toMatchObject({ stop_sequences: ['END'] })
        for (const [to, model] of [
          [R, 'gpt-4.1'],
          [C, 'gpt-5'],
          [G, 'gemini-3-flash'],
        ] as const) {
          expect(carry(A, to, body, { model }).lost).toEqual(['stop approximated'])
        }
        expect(carry(A, G, claude.body({ stop_sequences: ['END'] })).lost).toEqual([])
      },
    },
    {
      id: 'D0.10',
      title: 'No limit on the answer',
      decision: 'carried',
      outcome: 'Anthropic, which wants one, is told the most that the model gives; others are told none.',
      prove: () => {
        expect(carry(C, A, chat.body(), { model: 'claude-opus-4-5' }).body).toMatchObject({ max_tokens: 64_000 })
        expect(carry(C, R, chat.body()).body).not.toHaveProperty('max_output_tokens')
        expect(carry(C, G, chat.body()).body).not.toHaveProperty('generationConfig')
      },
    },
    {
      id: 'D0.11',
      title: 'A limit below 16 tokens, for Responses',
      decision: 'approximated',
      outcome: 'It becomes 16, the least that the API takes, and a loss says so; others get it as it is.',
      prove: () => {
        const asked = carry(C, R, chat.body({ max_completion_tokens: 5 }))
        expect(asked.body).toMatchObject({ max_output_tokens: 16 })
        expect(asked.lost).toEqual(['maxOutputTokens approximated'])
        expect(carry(C, A, chat.body({ max_completion_tokens: 5 }))).toMatchObject({
          body: { max_tokens: 5 },
          lost: [],
        })
      },
    },
    {
      id: 'D0.12',
      title: 'JSON mode without a schema',
      decision: 'approximated',
      outcome: 'Claude is asked for JSON in the system prompt, and a loss says so; the others have such a mode.',
      prove: () => {
        const asked = { response_format: { type: 'json_object' } }
        const claudes = carry(C, A, chat.body(asked))
        expect(claudes.body).toMatchObject({ system: [{ text: expect.stringContaining('JSON') }] })
        expect(claudes.lost).toEqual(['outputFormat approximated'])
        expect(carry(C, R, chat.body(asked)).body).toMatchObject({ text: { format: { type: 'json_object' } } })
        expect(carry(C, G, chat.body(asked)).body).toMatchObject({
          generationConfig: { responseMimeType: 'application/json' },
        })
      },
    },
    {
      id: 'D0.13',
      title: 'An answer held to a schema',
      decision: 'carried',
      outcome:
        'Every format has its own field for it; Claude models without structured outputs give it as the arguments of a tool, with a loss.',
      prove: () => {
        const schema = {
          type: 'object',
          properties: { a: { type: 'string' } },
          required: ['a'],
          additionalProperties: false,
        }
        const body = chat.body({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } })
        expect(carry(C, A, body).body).toMatchObject({ output_config: { format: { type: 'json_schema', schema } } })
        expect(carry(C, R, body).body).toMatchObject({ text: { format: { type: 'json_schema', name: 'x', schema } } })
        expect(carry(C, G, body).body).toMatchObject({ generationConfig: { responseJsonSchema: schema } })
        const old = carry(C, A, body, { model: 'claude-opus-4-20250514' })
        expect(old.lost).toEqual(['outputFormat.schema approximated'])
        expect(old.body).toMatchObject({ tool_choice: { type: 'tool' }, tools: [{ input_schema: schema }] })
      },
    },
  ],
}

export default section
