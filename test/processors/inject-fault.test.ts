import { testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import injectFault from '../../processors/inject-fault.ts'

testProcessor(test, 'inject-fault', injectFault, {
  accepts: ['', 'share = 1\nslice = 1', 'share = 0.5\nstall = "1s"\nafter_events = 3\ndelay = "1s"'],
  rejects: {
    'share = 2': 'must be at most 1',
    'share = 0.1': 'no fault is set',
    'share = 1\nerror = 200': 'must be at least 400',
    'share = 1\nerror = 500\ncut = true': 'error and cut exclude each other',
    'share = 1\nstall = "1s"\ncut = true': 'stall and cut exclude each other',
    'share = 1\ncut = true\nretry_after = "1s"': 'retry_after needs an error',
    'share = 1\nerror = 500\nafter_events = 1': 'after_events needs stall or cut',
    'share = 1\nerror = 500\nheader = "X-Drill"': 'header',
  },
  calls: {
    'does nothing unless it is given a share': {
      options: 'error = 500\ndelay = "1s"',
      calls: [{}, { stream: true }],
      expect({ calls, clock, decoded, metrics }) {
        expect(calls.map(({ reply }) => reply?.text)).toEqual(['ok', 'ok'])
        expect([clock.slept, metrics, decoded]).toEqual([[], [], 0])
      },
    },
    'fails as a provider would': {
      options: 'share = 1\nerror = 429\nretry_after = "2s"',
      expect({ failure, sent, metrics }) {
        expect(failure).toMatchObject({
          status: 429,
          code: 'injected_fault',
          failure: 'status_429',
          retryAfterMs: 2000,
          unsent: true,
        })
        expect(sent).toHaveLength(0)
        expect(metrics).toHaveLength(1)
      },
    },
    'chooses by header and model': {
      options: 'share = 1\nerror = 529\nheader = "x-drill"\nmodels = ["gpt-*"]',
      calls: [
        { model: 'gpt-5' },
        { model: 'o4', headers: { 'x-drill': '1' } },
        { operation: 'list-models', headers: { 'x-drill': '1' } },
        { model: 'gpt-5', headers: { 'x-drill': '' } },
      ],
      replies: [{ text: 'ok' }, { text: 'ok' }, { models: [] }],
      expect: ({ calls }) =>
        expect(calls.map(({ failure }) => (failure as { failure?: string } | undefined)?.failure)).toEqual([
          undefined,
          undefined,
          undefined,
          'status_529',
        ]),
    },
    'waits before it asks': {
      options: 'share = 1\ndelay = "3s"',
      expect({ reply, clock }) {
        expect(reply?.text).toBe('ok')
        expect(clock.slept).toEqual([3000])
      },
    },
    'stalls before the beginning': {
      options: 'share = 1\nstall = "1h"',
      expect({ failure, clock, sent }) {
        expect(failure).toMatchObject({ status: 504, failure: 'first_token_timeout' })
        expect(clock.slept).toEqual([3_600_000])
        expect(sent).toHaveLength(0)
      },
    },
    'stalls in the middle': {
      options: 'share = 1\nstall = "1m"\nafter_events = 2',
      call: { stream: true },
      expect({ reply, clock }) {
        expect(reply?.text).toBe('ok')
        expect(clock.slept).toEqual([60_000])
      },
    },
    'cuts before the beginning': {
      options: 'share = 1\ncut = true',
      expect: ({ failure }) => expect(failure).toMatchObject({ status: 502, failure: 'reset' }),
    },
    'cuts a stream after so many events, and lets the provider go': {
      options: 'share = 1\ncut = true\nafter_events = 3\nslice = 1',
      call: { stream: true },
      replies: [{ text: 'a👍🏽c' }],
      expect({ reply, cancelled }) {
        expect(reply?.text).toBe('a')
        expect(reply?.broken).toMatchObject({ failure: 'reset' })
        expect(cancelled).toBe(1)
      },
    },
    'cuts a whole reply': {
      options: 'share = 1\ncut = true\nafter_events = 1',
      expect: ({ failure }) => expect(failure).toMatchObject({ failure: 'reset' }),
    },
    'slices a stream, but no character': {
      options: 'share = 1\nslice = 2',
      call: { stream: true },
      replies: [{ text: 'a👍éb𝄞' }],
      expect({ reply }) {
        const texts = reply?.events?.flatMap(event => (event.type === 'text-delta' ? [event.text] : []))
        expect(texts).toEqual(['a👍', 'éb', '𝄞'])
      },
    },
  },
})

test('inject-fault chooses about as many calls as it is told to', async () => {
  const bench = await Workbench.open('inject-fault', injectFault, { options: 'share = 0.5\nerror = 500' })
  for (let index = 0; index < 200; index++) await bench.run({})
  const failed = bench.calls.filter(({ failure }) => failure !== undefined).length
  // Outside of these bounds once in 10^9 runs.
  expect(failed).toBeGreaterThan(55)
  expect(failed).toBeLessThan(145)
  await bench.close()
})
