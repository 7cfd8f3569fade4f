import fc from 'fast-check'
import type { Part, ReplyEvent } from 'sluice'
import { testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import guard from '../../processors/guard.ts'

const KEY = 'sk-proj-0123456789abcdefghijklmnop'

/** A streamed reply whose one part comes in these pieces. */
function inPieces(pieces: readonly string[], part: Part = { type: 'text', text: '' }): readonly ReplyEvent[] {
  const type = part.type === 'tool-call' ? 'arguments-delta' : 'text-delta'
  return [
    { type: 'start', id: 'r', model: 'm' },
    { type: 'part-start', index: 0, candidate: 0, part },
    ...pieces.map((text): ReplyEvent => ({ type, index: 0, text })),
    { type: 'part-end', index: 0 },
    { type: 'finish', candidate: 0, reason: 'stop' },
    { type: 'end' },
  ]
}

const toolCall: Part = { type: 'tool-call', callId: KEY, name: 'send', kind: 'function', arguments: '' }
const mask = 'action = "mask"\ndetect = ["credential", "email"]'

testProcessor(test, 'guard', guard, {
  accepts: ['words = ["a"]', 'patterns = ["a*"]', 'detect = ["credential", "email", "card"]\nreplacement = ""'],
  rejects: {
    '': 'nothing to look for',
    'patterns = ["*a"]': 'begins with "*"',
    'patterns = ["a* b"]': 'white space behind a "*"',
    'detect = ["name"]': 'must be one of "credential", "email", "card"',
    'words = [""]': 'must not be empty',
    "words = ['a']\nreplacement = '\"'": 'replacement',
    'words = ["a"]\non = []': 'must not be empty',
    'words = ["a"]\naction = "allow"': 'must be one of "deny", "mask"',
  },
  calls: {
    'refuses a call that holds a credential, and says nothing of it': {
      options: 'detect = ["credential"]',
      call: { prompt: `My key is ${KEY}.` },
      expect({ failure, sent, log, metrics }) {
        expect(failure).toMatchObject({ status: 403, code: 'content_denied', kind: 'content-policy' })
        expect(sent).toHaveLength(0)
        expect(JSON.stringify([failure, log])).not.toContain('0123456789')
        expect(metrics.map(({ labels }) => labels)).toEqual([{ side: 'call', kind: 'credential' }])
      },
    },
    'looks everywhere in a call, but not at what no text is': {
      options: mask,
      call: {
        conversation: {
          turns: [
            { role: 'system', parts: [{ type: 'text', text: `a ${KEY}` }] },
            { role: 'assistant', parts: [{ ...toolCall, arguments: `{"b":"${KEY}"}` }] },
            {
              role: 'tool',
              parts: [
                { type: 'tool-result', callId: KEY, content: [{ type: 'text', text: 'c bob@example.com' }] },
                { type: 'media', kind: 'image', source: { base64: KEY } },
              ],
            },
          ],
          tools: [{ kind: 'function', name: 'send', description: `d ${KEY}` }],
          metadata: { id: 'bob@example.com' },
          endUser: 'bob@example.com',
          extensions: { 'openai-chat': { state: `"${KEY}"` } },
        },
      },
      expect({ sent }) {
        const text = JSON.stringify(sent[0]?.conversation)
        expect(text.split(KEY)).toHaveLength(4)
        expect(text).toContain(`"callId":"${KEY}"`)
        expect(text).toContain(`"base64":"${KEY}"`)
        expect(text).not.toContain('bob@')
        expect(text.split('[removed]')).toHaveLength(8)
      },
    },
    'leaves the bytes of a call alone in which nothing is found': {
      options: mask,
      expect: ({ sent, decoded, reply }) => {
        expect(sent[0]?.body?.bytes.toString()).toContain('"stream":false')
        expect(decoded).toBe(1)
        expect(reply?.text).toBe('ok')
      },
    },
    'masks what comes in pieces': {
      options: mask,
      call: { stream: true },
      replies: [
        { events: inPieces(['The key: s', 'k-proj-01234567', '89abcdefghij', 'klmnop, and b', 'ob@exa', 'mple.com']) },
      ],
      expect({ reply, metrics }) {
        expect(reply?.text).toBe('The key: [removed], and [removed]')
        expect(metrics.map(({ labels }) => labels.kind)).toEqual(['credential', 'email'])
      },
    },
    'masks arguments of tools, and leaves their ids alone': {
      options: mask,
      call: { stream: true },
      replies: [{ events: inPieces(['{"key":"', ...KEY, '"}'], toolCall) }],
      expect({ reply }) {
        const deltas = reply?.events?.map(event => (event.type === 'arguments-delta' ? event.text : '')).join('')
        expect(deltas).toBe('{"key":"[removed]"}')
        expect(reply?.events).toContainEqual(expect.objectContaining({ type: 'part-start', part: toolCall }))
      },
    },
    'masks a whole reply, and leaves out what spells it': {
      options: mask,
      replies: [
        {
          events: inPieces([], { type: 'text', text: `a ${KEY}`, logprobs: [{ token: KEY, logprob: 0 }] }),
        },
      ],
      expect({ reply }) {
        expect(reply?.text).toBe('a [removed]')
        expect(JSON.stringify(reply?.events)).not.toContain(KEY)
      },
    },
    'leaves log probabilities out of a stream': {
      options: mask,
      call: { stream: true },
      replies: [{ events: inPieces(['a']).toSpliced(3, 0, { type: 'logprobs', index: 0, logprobs: [] }) }],
      expect: ({ reply }) => expect(reply?.events?.map(({ type }) => type)).not.toContain('logprobs'),
    },
    'refuses a whole reply': {
      options: 'words = ["gossip"]',
      replies: [{ text: 'Some Gossip.' }],
      expect({ failure, reply }) {
        expect(failure).toMatchObject({ status: 403, code: 'content_denied' })
        expect(reply).toBeUndefined()
      },
    },
    'ends a stream, and lets its provider go': {
      options: 'words = ["gossip"]',
      call: { stream: true },
      replies: [{ events: inPieces(['Some gos', 'sip.', ' More.']) }],
      expect({ reply, cancelled }) {
        expect(reply?.text).toBe('Some ')
        expect(reply?.broken).toMatchObject({ status: 403, code: 'content_denied' })
        expect(cancelled).toBe(1)
      },
    },
    'looks one way only when it is told to': {
      options: 'words = ["gossip"]\non = ["output"]',
      call: { prompt: 'gossip' },
      expect: ({ reply, decoded }) => {
        expect(reply?.text).toBe('ok')
        expect(decoded).toBe(0)
      },
    },
    'leaves the reply alone when it looks at calls': {
      options: 'words = ["gossip"]\non = ["input"]',
      replies: [{ text: 'gossip' }],
      expect: ({ reply }) => expect(reply?.text).toBe('gossip'),
    },
    'looks at what is embedded and counted too': {
      options: 'words = ["gossip"]',
      calls: [
        { operation: 'embed', prompt: 'gossip' },
        { operation: 'count-tokens', prompt: 'gossip' },
      ],
      expect({ calls, sent }) {
        expect(calls.map(({ failure }) => failure)).toEqual(
          Array(2).fill(expect.objectContaining({ code: 'content_denied' })),
        )
        expect(sent).toHaveLength(0)
      },
    },
    'has nothing to look at in a list of models': {
      options: 'words = ["gossip"]',
      replies: [{ models: [{ id: 'gossip' }] }],
      call: { operation: 'list-models' },
      expect: ({ reply }) => expect(reply?.models).toEqual([{ id: 'gossip' }]),
    },
    'holds nothing back of a reply that breaks off but what might be a finding': {
      options: 'detect = ["credential"]',
      call: { stream: true },
      replies: [{ events: inPieces(['So far, s']).slice(0, 3) }],
      expect: ({ reply }) => expect(reply?.text).toBe('So far, '),
    },
  },
})

test('guard lets nothing of a credential through, however the stream is cut', async () => {
  const cuts = fc.array(fc.nat(KEY.length + 7), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(cuts, async places => {
      const whole = `Here: ${KEY}!`
      const offsets = [...new Set([0, ...places, whole.length])].sort((a, b) => a - b)
      const pieces = offsets.slice(1).map((end, index) => whole.slice(offsets[index], end))
      const bench = await Workbench.open('guard', guard, { options: mask, replies: [{ events: inPieces(pieces) }] })
      const { reply } = await bench.run({ stream: true })
      expect(reply?.text).toBe('Here: [removed]!')
      await bench.close()
    }),
    { numRuns: 100 },
  )
})
