/** Which headers pass, in which direction, and what an error may say. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, refusal } from './convert.ts'
import { ask } from './through-gateway.ts'

const HI = { role: 'user', content: 'Hi' }
const MESSAGES = { path: '/v1/messages', body: { model: 'm', max_tokens: 9, messages: [HI] } }
const COMPLETIONS = { path: '/v1/chat/completions', body: { model: 'm', messages: [HI] } }
const CLAUDE = {
  json: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [{ type: 'text', text: 'Hi' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 2 },
  },
}

const section: CaseSection = {
  title: 'Headers and what errors say',
  order: 171,
  cases: [
    {
      id: 'E259',
      title: "A provider's own headers: cookies, organisation, limits of its key, how the body travelled",
      decision: 'left out',
      outcome:
        "They are the gateway's business; the client gets the reply's own headers, and the provider's request id under another name.",
      prove: async () => {
        const headers = {
          'set-cookie': 'a=b',
          'openai-organization': 'us',
          'x-ratelimit-remaining-tokens': '5',
          'anthropic-ratelimit-requests-remaining': '5',
          'request-id': 'req_theirs',
        }
        const reply = await ask('anthropic-messages', MESSAGES, { ...CLAUDE, headers })
        expect(reply.status).toBe(200)
        for (const name of Object.keys(headers).slice(0, 4)) expect(reply.headers).not.toHaveProperty(name)
        expect(reply.headers['request-id']).not.toBe('req_theirs')
        expect(Object.values(reply.headers)).toContain('req_theirs')
      },
    },
    {
      id: 'E260',
      title: '`anthropic-beta` of an Anthropic client',
      decision: 'passed on',
      outcome:
        'To Anthropic it goes word by word, new betas too, and beside what a conversion needs; to other formats it means nothing. Bedrock and Vertex are not among the providers.',
      prove: async () => {
        const headers = { 'anthropic-beta': 'brand-new-2027-01-01,other-2026-02-02' }
        const { sent } = await ask('anthropic-messages', { ...MESSAGES, headers }, CLAUDE)
        expect(sent[0]?.headers['anthropic-beta']).toBe('brand-new-2027-01-01,other-2026-02-02')
        const answer = { json: { choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }] } }
        const other = await ask('anthropic-messages', { ...MESSAGES, headers, client: 'openai-chat' }, answer)
        expect(other.sent[0]?.headers).not.toHaveProperty('anthropic-beta')
      },
    },
    {
      id: 'E261',
      title: '`anthropic-version`',
      decision: 'carried',
      outcome:
        "The client's version goes to Anthropic and shapes what a conversion answers; clients of other formats speak 2023-06-01.",
      prove: async () => {
        const headers = { 'anthropic-version': '2026-10-21' }
        const { sent } = await ask('anthropic-messages', { ...MESSAGES, headers }, CLAUDE)
        expect(sent[0]?.headers['anthropic-version']).toBe('2026-10-21')
        const answer = { json: { choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }] } }
        const converted = await ask('anthropic-messages', { ...MESSAGES, headers, client: 'openai-chat' }, answer)
        expect(converted.json).toMatchObject({ stop_details: null, container: null })
        const other = await ask('openai-chat', { ...COMPLETIONS, client: 'anthropic-messages' }, CLAUDE)
        expect(other.sent[0]?.headers['anthropic-version']).toBe('2023-06-01')
      },
    },
    {
      id: 'E262',
      title: 'The id of a request',
      decision: 'carried',
      outcome:
        'Every reply has one in the headers that SDKs look into, a new one each time; in an Anthropic error it is the same in the body.',
      prove: async () => {
        const asking = { ...MESSAGES, body: { model: 'm', messages: 3 } }
        const first = await ask('anthropic-messages', asking)
        const second = await ask('anthropic-messages', asking)
        const id = first.headers['request-id']
        expect([first.status, first.headers['x-request-id'], first.json]).toMatchObject([400, id, { request_id: id }])
        expect(second.headers['request-id']).not.toBe(id)
      },
    },
    {
      id: 'E263',
      title: '`idempotency-key`, and when a stream may be asked for again',
      decision: 'passed on',
      outcome:
        'The key goes to a provider of the same format; a further attempt is only made while the client has not been sent a byte.',
      prove: async () => {
        const headers = { 'idempotency-key': 'once-1' }
        const steps =
          '[[pipelines.main.processors]]\nuse = "retry"\nbase_delay = "1ms"\non = ["truncated", "reset", "status_500"]'
        const body = { ...COMPLETIONS.body, stream: true }
        const begun = 'data: {"choices":[{"index":0,"delta":{"content":"He"}}]}\n\n'
        const asking = { ...COMPLETIONS, body, headers, steps }
        const broken = await ask('openai-chat', asking, { chunks: [begun], ending: 'cut' })
        expect([broken.sent.length, broken.sent[0]?.headers['idempotency-key']]).toEqual([1, 'once-1'])
        expect(broken.text).toContain('"error"')
        const whole = { chunks: [begun, 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'] }
        const again = await ask('openai-chat', asking, { status: 500, json: {} }, whole)
        expect([again.status, again.sent.length]).toEqual([200, 2])
      },
    },
    {
      id: 'E264',
      title: 'What an error must not say, and which field it names',
      decision: 'carried',
      outcome:
        "Neither the provider's key nor its address; the field is named as the client wrote it, or, where only a conversion failed, by its canonical path.",
      prove: async () => {
        const secretive = {
          status: 400,
          json: { error: { message: 'Bad key sk-upstream-secret at Bearer abcdefghijklmnop' } },
        }
        const told = await ask('anthropic-messages', { ...MESSAGES, client: 'openai-chat' }, secretive)
        expect(told.text).not.toMatch(/sk-upstream-secret|abcdefghijklmnop/)
        const down = await ask('openai-chat', COMPLETIONS, { refuse: 'reset' })
        expect([down.status, /127\.0\.0\.1|base/.test(down.text)]).toEqual([502, false])
        const wrong = await ask('openai-chat', { ...COMPLETIONS, body: { model: 'm', messages: [{ role: 7 }] } })
        expect(wrong.json).toMatchObject({
          error: { param: 'messages[0].role', message: '"messages[0].role" must be a string.' },
        })
        const many = refusal(() => carry('openai-chat', 'anthropic-messages', { ...COMPLETIONS.body, n: 2 }))
        expect([many.status, many.param, many.message]).toEqual([
          400,
          'candidates',
          expect.stringMatching(/^"candidates"/),
        ])
      },
    },
  ],
}

export default section
