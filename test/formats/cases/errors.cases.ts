/** What becomes of an error on its way from a provider of one format to a client of another. */
import { expect } from 'vitest'
import { parseDocument } from '../../../src/json/document.ts'
import type { CaseSection } from './case.ts'
import { type Fields, type FormatName, formats } from './convert.ts'
import { ask } from './through-gateway.ts'

const MESSAGES = {
  path: '/v1/messages',
  body: { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] },
}
const COMPLETIONS = { path: '/v1/chat/completions', body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] } }

const section: CaseSection = {
  title: 'Errors',
  order: 170,
  cases: [
    {
      id: 'E254',
      title: "The provider rejects the gateway's key",
      decision: 'carried',
      outcome:
        'The client gets a 502 that says so, not a 401, which would make it log in again; with `api_key = "client"` the 401 is its own.',
      prove: async () => {
        const refused = {
          status: 401,
          json: { error: { message: 'Incorrect API key: sk-up…', type: 'invalid_request_error' } },
        }
        const ours = await ask('anthropic-messages', { ...MESSAGES, client: 'openai-chat' }, refused)
        expect([ours.status, ours.json]).toMatchObject([
          502,
          { error: { type: 'api_error', message: expect.stringContaining("gateway's key") } },
        ])
        expect(ours.text).not.toContain('sk-up')
        const theirs = { ...MESSAGES, client: 'openai-chat', headers: { 'x-api-key': 'own-key' } }
        const passed = await ask('anthropic-messages', { ...theirs, ofProvider: 'api_key = "client"' }, refused)
        expect([passed.status, passed.json]).toMatchObject([401, { error: { type: 'authentication_error' } }])
      },
    },
    {
      id: 'E255',
      title: 'The prompt is too long for the model',
      decision: 'carried',
      outcome:
        'Anthropic clients get the sentence that Claude Code takes the numbers from, OpenAI clients the code `context_length_exceeded`.',
      prove: () => {
        const openai = {
          error: {
            message:
              "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
            code: 'context_length_exceeded',
          },
        }
        expect(told('openai-chat', 'anthropic-messages', 400, openai)).toMatchObject({
          error: { type: 'invalid_request_error', message: 'prompt is too long: 9001 tokens > 8192 maximum' },
        })
        const vllm = {
          object: 'error',
          message:
            "This model's maximum context length is 100 tokens. However, you requested 130 tokens (80 in the messages, 50 in the completion).",
        }
        expect(told('openai-chat', 'anthropic-messages', 400, vllm)).toMatchObject({
          error: { message: 'input length and `max_tokens` exceed context limit: 80 + 50 > 100' },
        })
        const claude = {
          type: 'error',
          error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' },
        }
        for (const to of ['openai-chat', 'openai-responses'] as const)
          expect(told('anthropic-messages', to, 400, claude)).toMatchObject({
            error: { code: 'context_length_exceeded' },
          })
      },
    },
    {
      id: 'E256',
      title: 'Overloaded: 529 and 503',
      decision: 'carried',
      outcome:
        "Anthropic's 529 is a 503 for OpenAI clients, and a 503 a 529 for Anthropic's; `retry-after` goes with it.",
      prove: async () => {
        const json = { type: 'error', error: { type: 'overloaded_error', message: 'Busy.' } }
        const busy = { status: 529, json, headers: { 'retry-after': '7' } }
        const openai = await ask('openai-chat', { ...COMPLETIONS, client: 'anthropic-messages' }, busy)
        expect([openai.status, openai.headers['retry-after']]).toEqual([503, '7'])
        const down = { status: 503, json: { error: { message: 'Busy.' } }, headers: { 'retry-after': '7' } }
        const claude = await ask('anthropic-messages', { ...MESSAGES, client: 'openai-chat' }, down)
        expect([claude.status, claude.headers['retry-after'], claude.json]).toMatchObject([
          529,
          '7',
          { error: { type: 'overloaded_error' } },
        ])
      },
    },
    {
      id: 'E257',
      title: 'How long to wait, and whether asking again helps at all',
      decision: 'carried',
      outcome:
        "Google's `RetryInfo` becomes `retry-after`; a quota that is used up says `x-should-retry: false`, and `retry` heeds it.",
      prove: async () => {
        const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '21.5s' }]
        const google = {
          status: 429,
          json: { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Wait.', details } },
        }
        const waiting = await ask('openai-chat', { ...COMPLETIONS, client: 'gemini' }, google)
        expect([waiting.headers['retry-after'], waiting.headers['retry-after-ms']]).toEqual(['22', '21500'])
        const broke = { status: 429, json: { error: { message: 'Pay first.', code: 'insufficient_quota' } } }
        const steps = '[[pipelines.main.processors]]\nuse = "retry"'
        const paying = await ask('anthropic-messages', { ...MESSAGES, client: 'openai-chat', steps }, broke)
        expect([paying.headers['x-should-retry'], paying.sent.length]).toEqual(['false', 1])
      },
    },
    {
      id: 'E258',
      title: 'Errors in a list, as a bare text, or as JSON within the message',
      decision: 'carried',
      outcome: 'The innermost message, at most three levels in, is what the client is told.',
      prove: () => {
        const inner = JSON.stringify({ error: { message: 'The real reason.' } })
        const bodies: readonly unknown[] = [
          [{ error: { message: 'The real reason.', code: 400 } }],
          { error: 'The real reason.' },
          { error: { message: 'Provider returned error', metadata: { raw: inner } } },
          { error: { message: inner } },
        ]
        for (const body of bodies)
          expect(told('openai-chat', 'gemini', 400, body)).toMatchObject({ error: { message: 'The real reason.' } })
      },
    },
  ],
}

export default section

function told(from: FormatName, to: FormatName, status: number, body: unknown): Fields {
  const view = formats[from].decodeError(status, parseDocument(JSON.stringify(body)))
  return JSON.parse(formats[to].encodeError(view, 'req-1').body)
}
