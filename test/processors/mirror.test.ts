import { testProcessor } from 'sluice/testing'
import { expect, test } from 'vitest'
import mirror from '../../processors/mirror.ts'

const providers = { main: 'openai-chat', shadow: 'gemini' }
const all = 'provider = "shadow"\nshare = 1'

/** How the copies ended. */
function results(metrics: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[]) {
  return metrics.filter(({ name }) => name.includes('copies_total')).map(({ labels }) => labels.result)
}

testProcessor(test, 'mirror', mirror, {
  accepts: [
    'provider = "main"\nshare = 0',
    'provider = "main"\nshare = 0.5\nmodel = "m"\nmax_copies = 1\ntimeout = "1s"',
  ],
  rejects: {
    'share = 1': 'provider',
    'provider = "main"': 'share',
    'provider = "main"\nshare = 1.1': 'must be at most 1',
    'provider = "main"\nshare = 1\nmax_copies = 0': 'must be at least 1',
  },
  calls: {
    'sends the call where it was going, and a copy to the other provider': {
      options: `${all}\nmodel = "other-model"`,
      providers,
      replies: [{ text: 'mine' }, { text: 'nobody sees this' }],
      calls: [{ prompt: 'hi' }],
      expect({ reply, sent, metrics }) {
        expect(reply?.text).toBe('mine')
        expect(sent.map(call => [call.provider, call.model])).toEqual([
          ['main', 'test-model'],
          ['shadow', 'other-model'],
        ])
        expect(sent[1]?.conversation).toEqual(sent[0]?.conversation)
        expect(results(metrics)).toEqual(['completed'])
      },
    },
    'goes through the rest of the chain as a call of the other provider': {
      options: all,
      providers,
      expect: ({ sent }) => expect(sent.map(({ target }) => target)).toEqual(['openai-chat', 'gemini']),
    },
    'reads a stream to its end, also when the client leaves': {
      options: all,
      providers,
      replies: [{ text: 'a long reply' }],
      call: { stream: true, reads: 'half' },
      expect({ cancelled, metrics }) {
        expect(cancelled).toBe(1)
        expect(results(metrics)).toEqual(['completed'])
      },
    },
    'keeps failures of the copy to itself': {
      options: all,
      providers,
      replies: [{ text: 'mine' }, { failure: 'connect' }, { text: 'mine' }, { throws: new Error('a bug') }],
      calls: [{}, { stream: true }],
      expect({ calls, metrics }) {
        expect(calls.map(({ reply }) => reply?.text)).toEqual(['mine', 'mine'])
        expect(results(metrics)).toEqual(['failed', 'failed'])
      },
    },
    'makes no more copies at once than it may': {
      options: `${all}\nmax_copies = 1`,
      providers,
      replies: [{ text: 'mine' }, { hangs: true }, { text: 'mine' }],
      calls: [{}, {}, {}],
      expect({ calls, sent, metrics }) {
        expect(calls.map(({ reply }) => reply?.text)).toEqual(['mine', 'mine', 'mine'])
        expect(sent.map(call => call.provider)).toEqual(['main', 'shadow', 'main', 'main'])
        expect(results(metrics)).toEqual(['skipped', 'skipped'])
      },
    },
    'copies only what it is for': {
      options: `${all}\nmodels = ["gpt-*"]`,
      providers,
      replies: [{ text: 'a' }, { tokens: 1 }, { models: [] }, { text: 'a' }],
      calls: [
        {},
        { operation: 'count-tokens', model: 'gpt-5' },
        { operation: 'list-models' },
        { format: 'openai-responses', model: 'gpt-5', conversation: { state: { store: true } } },
      ],
      expect: ({ sent }) => expect(sent.map(call => call.provider)).toEqual(['main', 'main', 'main', 'main']),
    },
    'copies nothing at a share of 0': {
      options: 'provider = "shadow"\nshare = 0',
      providers,
      expect: ({ sent }) => expect(sent).toHaveLength(1),
    },
  },
})
