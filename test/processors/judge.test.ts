import type { ReplyEvent } from 'sluice'
import { testProcessor, Workbench } from 'sluice/testing'
import { afterAll, describe, expect, test } from 'vitest'
import judge from '../../processors/judge.ts'
import { startJudge } from '../support/judge-server.ts'

const server = await startJudge()
afterAll(() => server[Symbol.asyncDispose]())

const AT = `url = "${server.url}"`
const INPUT = `${AT}\non = ["input"]`
const OUTPUT = `${AT}\non = ["output"]`
const usage = { input: 3, output: 2 }

/** Two parts whose pieces come in turns, a tool call, and log probabilities. */
const mixed: readonly ReplyEvent[] = [
  { type: 'start', id: 'NAME', model: 'NAME' },
  { type: 'part-start', index: 0, candidate: 0, part: { type: 'reasoning', visibility: 'full', chunks: [''] } },
  { type: 'part-start', index: 1, candidate: 0, part: { type: 'text', text: '' } },
  { type: 'text-delta', index: 0, text: 'think of NA' },
  { type: 'text-delta', index: 1, text: 'say N' },
  { type: 'section-break', index: 0 },
  { type: 'text-delta', index: 0, text: 'ME' },
  { type: 'text-delta', index: 1, text: 'AME' },
  { type: 'logprobs', index: 1, logprobs: [{ token: 'NAME', logprob: -1 }] },
  { type: 'part-end', index: 0 },
  { type: 'part-end', index: 1 },
  {
    type: 'part-start',
    index: 2,
    candidate: 0,
    part: { type: 'tool-call', callId: 'NAME', name: 'f', kind: 'function', arguments: '' },
  },
  { type: 'arguments-delta', index: 2, text: '{"to":"NA' },
  { type: 'arguments-delta', index: 2, text: 'ME"}' },
  { type: 'part-end', index: 2 },
  { type: 'finish', candidate: 0, reason: 'tool-calls' },
  { type: 'usage', usage },
  { type: 'end' },
]

const brokenOff: readonly ReplyEvent[] = [
  { type: 'start', id: 'r', model: 'm' },
  { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
  { type: 'text-delta', index: 0, text: 'half a FORBIDDEN' },
]

testProcessor(test, 'judge', judge, {
  accepts: [AT, `${INPUT}\ntimeout = "1s"\nmax_text = "1KiB"\non_error = "open"\nheaders = { x-key = "k" }`],
  rejects: {
    '': 'url: is missing',
    'url = "ftp://judge"': 'must be a URL',
    'url = "http://user:word@judge"': 'must not hold a user name or password',
    [`${AT}\nheaders = { "x key" = "canary" }`]: 'the header "x key" cannot be sent',
    [`${AT}\non_error = "allow"`]: 'must be one of "closed", "open"',
    [`${AT}\non = []`]: 'must not be empty',
  },
  calls: {
    'lets pass what the judge allows, and leaves the bytes of the call alone': {
      options: `${AT}\nheaders = { authorization = "Bearer word" }`,
      call: { prompt: 'Hello', identity: { name: 'alice' }, model: 'gpt-5' },
      expect({ reply, sent, metrics, log }) {
        expect(reply?.text).toBe('ok')
        const [call, answered] = server.asked.slice(-2)
        expect(call?.headers).toMatchObject({ authorization: 'Bearer word', 'content-type': 'application/json' })
        expect(call?.body).toMatchObject({ side: 'call', pipeline: 'main', model: 'gpt-5', key: 'alice' })
        expect(call?.body.texts).toContainEqual({ path: '/turns/0/parts/0/text', role: 'user', text: 'Hello' })
        expect(answered?.body).toMatchObject({ side: 'reply', texts: [{ path: '/parts/0/text', text: 'ok' }] })
        expect(sent).toHaveLength(1)
        const verdicts = metrics.filter(({ name }) => name === 'judge_verdicts_total')
        expect(verdicts.map(({ labels }) => labels)).toEqual([
          { side: 'call', verdict: 'allow' },
          { side: 'reply', verdict: 'allow' },
        ])
        expect(metrics.filter(({ name }) => name === 'judge_seconds')).toHaveLength(2)
        expect(log).toEqual([])
      },
    },
    'sends the judge every text of a call, with who has written it': {
      options: INPUT,
      call: {
        conversation: {
          turns: [
            { role: 'system', parts: [{ type: 'text', text: 'a' }] },
            { role: 'user', parts: [{ type: 'media', kind: 'image', source: { base64: 'NOTEXT' } }] },
            {
              role: 'tool',
              parts: [{ type: 'tool-result', callId: 'NOTEXT', content: [{ type: 'text', text: 'b' }] }],
            },
          ],
          tools: [{ kind: 'function', name: 'send', description: 'c' }],
          extensions: { 'openai-chat': { prediction: '"d"' } },
        },
      },
      expect() {
        const texts = server.asked.at(-1)?.body.texts ?? []
        expect(texts).toContainEqual({ path: '/turns/0/parts/0/text', role: 'system', text: 'a' })
        expect(texts).toContainEqual({ path: '/turns/2/parts/0/content/0/text', role: 'tool', text: 'b' })
        expect(texts).toContainEqual({ path: '/tools/0/description', text: 'c' })
        expect(texts).toContainEqual({ path: '/extensions/openai-chat/prediction', text: '"d"' })
        expect(JSON.stringify(texts)).not.toContain('NOTEXT')
      },
    },
    'refuses a call that the judge denies, before any provider is asked': {
      options: AT,
      calls: [{ prompt: 'FORBIDDEN' }, { prompt: 'RUDE' }],
      expect({ calls, sent, metrics }) {
        expect(calls.map(({ failure }) => failure)).toMatchObject([
          { status: 403, code: 'content_denied', kind: 'content-policy', message: 'The call is not allowed here.' },
          { status: 403, code: 'content_denied', message: 'Be polite.' },
        ])
        expect(sent).toHaveLength(0)
        expect(metrics.find(({ name }) => name === 'judge_verdicts_total')?.labels.verdict).toBe('deny')
      },
    },
    'masks a call': {
      options: INPUT,
      call: { prompt: 'I am NAME.' },
      expect({ sent }) {
        expect(sent[0]?.conversation.turns[0]?.parts).toMatchObject([{ type: 'text', text: 'I am ***.' }])
      },
    },
    'judges calls for vectors and for counts of tokens, and no others': {
      options: AT,
      replies: [{ tokens: 1 }, { models: [] }],
      calls: [
        { operation: 'embed', prompt: 'FORBIDDEN' },
        { operation: 'count-tokens', prompt: 'FORBIDDEN' },
        { operation: 'count-tokens', prompt: 'Hello' },
        { operation: 'list-models', model: '' },
      ],
      expect({ calls }) {
        expect(calls.map(({ failure }) => (failure as { code?: string } | undefined)?.code)).toEqual([
          'content_denied',
          'content_denied',
          undefined,
          undefined,
        ])
      },
    },
    'refuses a whole reply that the judge denies, by its status': {
      options: OUTPUT,
      replies: [{ text: 'a FORBIDDEN thing' }],
      expect: ({ failure }) => expect(failure).toMatchObject({ status: 403, code: 'content_denied' }),
    },
    'lets nothing of a stream out before the judge has allowed all of it': {
      options: OUTPUT,
      replies: [{ text: 'a FORBIDDEN thing' }],
      call: { stream: true },
      expect({ reply }) {
        expect(reply?.text).toBe('')
        expect(reply?.broken).toMatchObject({ status: 403, code: 'content_denied' })
      },
    },
    'passes a stream on that the judge allows': {
      options: OUTPUT,
      replies: [{ text: 'hello', usage }],
      call: { stream: true },
      expect({ reply }) {
        expect(reply?.text).toBe('hello')
        expect(reply?.events?.at(-1)).toEqual({ type: 'end' })
        expect(reply?.events).toContainEqual({ type: 'usage', usage })
      },
    },
    'masks what is in several pieces, and only texts': {
      options: OUTPUT,
      replies: [{ events: mixed }],
      call: { stream: true },
      expect({ reply }) {
        const text = JSON.stringify(reply?.events)
        expect(text.split('NAME')).toHaveLength(4)
        expect(text).toContain('"id":"NAME","model":"NAME"')
        expect(text).toContain('"callId":"NAME"')
        expect(text).toContain('{\\"to\\":\\"***\\"}')
        expect(text).not.toContain('logprob')
        expect(reply?.text).toContain('say ***')
        // What two sections spell together is not one text.
        expect(reply?.text).toContain('think of NAME')
      },
    },
    'judges what had come of a reply that broke off': {
      options: OUTPUT,
      replies: [{ events: brokenOff }],
      call: { stream: true },
      expect({ reply }) {
        expect(reply?.text).toBe('')
      },
    },
    'asks nobody where there is nothing to judge': {
      options: OUTPUT,
      replies: [
        {
          events: [
            { type: 'start', id: 'r', model: 'm' },
            { type: 'finish', candidate: 0, reason: 'stop' },
            { type: 'end' },
          ],
        },
      ],
      call: { stream: true },
      expect: ({ metrics }) => expect(metrics).toEqual([]),
    },
    'lets no more pass than may be judged': {
      options: `${AT}\nmax_text = "1KiB"`,
      replies: [{ text: 'x'.repeat(2000) }],
      calls: [{ prompt: 'x'.repeat(2000) }, {}, { stream: true }],
      expect({ calls, sent, log }) {
        expect(calls[0]?.failure).toMatchObject({ status: 503, code: 'judge_unavailable' })
        expect(calls[1]?.failure).toMatchObject({ status: 503, code: 'judge_unavailable' })
        expect([calls[2]?.reply?.text, calls[2]?.reply?.broken]).toMatchObject(['', { code: 'judge_unavailable' }])
        expect(sent).toHaveLength(2)
        expect(log[0]?.fields).toEqual({ reason: 'more text than max_text' })
      },
    },
    'lets more pass than may be judged where failures are open': {
      options: `${AT}\nmax_text = "1KiB"\non_error = "open"`,
      replies: [{ text: 'x'.repeat(2000), usage }],
      calls: [{ prompt: 'x'.repeat(2000) }, { stream: true }],
      expect({ calls }) {
        expect(calls.map(({ reply }) => reply?.text.length)).toEqual([2000, 2000])
        expect(calls.map(({ reply }) => reply?.events?.at(-1)?.type)).toEqual(['end', 'end'])
      },
    },
  },
})

describe('a judge that fails', () => {
  const FAILURES: readonly (readonly [word: string, reason: string])[] = [
    ['MISCOUNTED', 'as many "texts" as it was sent'],
    ['MISTYPED', 'each a string or null'],
    ['UNDECIDED', 'no "action" that there is'],
    ['SILLY', 'no JSON object'],
    ['NOTHING', 'no JSON object'],
    ['BROKEN', 'the answer was 500'],
    ['ELSEWHERE', 'redirect'],
    ['ENDLESS', 'bytes'],
    ['SILENT', 'no answer within'],
  ]

  async function run(options: string, prompt: string) {
    const bench = await Workbench.open('judge', judge, { options })
    const { failure, reply } = await bench.run({ prompt })
    await bench.close()
    const verdicts = bench.measurements.filter(({ name }) => name === 'judge_verdicts_total')
    return { failure, reply, sent: bench.script.sent.length, log: bench.log, verdicts }
  }

  test.each(FAILURES)('(%s) lets nothing pass', async (word, reason) => {
    const { failure, sent, log, verdicts } = await run(`${INPUT}\ntimeout = "300ms"`, `${word} canary`)
    expect(failure).toMatchObject({ status: 503, code: 'judge_unavailable', retryAfterMs: 5000 })
    expect(sent).toBe(0)
    expect(log).toMatchObject([{ level: 'warn', fields: { reason: expect.stringContaining(reason) } }])
    expect(JSON.stringify([failure, log])).not.toContain('canary')
    expect(verdicts.map(({ labels }) => labels)).toEqual([{ side: 'call', verdict: 'failed' }])
  })

  test.each(FAILURES)('(%s) lets pass where it was told so, and it is counted', async word => {
    const { reply, sent, log, verdicts } = await run(`${INPUT}\ntimeout = "300ms"\non_error = "open"`, word)
    expect([reply?.text, sent, log.length]).toEqual(['ok', 1, 1])
    expect(verdicts.map(({ labels }) => labels.verdict)).toEqual(['failed'])
  })

  test('because nobody is there lets nothing pass', async () => {
    const { failure, log } = await run('url = "http://127.0.0.1:9/judge"', 'Hello')
    expect(failure).toMatchObject({ code: 'judge_unavailable' })
    expect(log).toHaveLength(1)
  })
})

test('a client that leaves does not make the judge a failure', async () => {
  const bench = await Workbench.open('judge', judge, { options: AT })
  const { failure } = await bench.run({ prompt: 'SILENT', leaves: 'before' })
  await bench.close()
  expect(failure).toHaveProperty('message', 'the client left')
  expect([bench.log, bench.measurements.filter(({ name }) => name === 'judge_verdicts_total')]).toEqual([[], []])
})
