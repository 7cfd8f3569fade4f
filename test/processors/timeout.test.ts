import { type Seen, testProcessor } from 'sluice/testing'
import { expect, test } from 'vitest'
import timeout from '../../processors/timeout.ts'

const hangs = [{ hangs: true }] as const
const limits = ({ metrics }: Seen): readonly unknown[] => metrics.map(({ labels }) => labels.limit)

testProcessor(test, 'timeout', timeout, {
  accepts: ['first_token = "1s"', 'total = "1s"', 'idle = "1s"', 'min_events = 0.5'],
  rejects: {
    '': 'no time is set',
    'min_events = 0': 'min_events',
    'idle = 5': 'duration in quotes',
    'min_events_over = "5s"': 'no time is set',
    'frist_token = "5s"': 'did you mean "first_token"',
  },
  calls: {
    'gives a stream up that does not begin': {
      options: 'first_token = "5ms"\ntotal = "1h"',
      replies: hangs,
      call: { stream: true },
      expect(seen) {
        expect(seen.failure).toMatchObject({
          status: 504,
          code: 'upstream_timeout',
          failure: 'first_token_timeout',
          provider: 'main',
          message: 'The provider "main" did not begin to answer in time.',
        })
        expect(limits(seen)).toEqual(['first_token'])
      },
    },
    'gives a whole reply up that takes too long': {
      options: 'first_token = "1ms"\ntotal = "10ms"',
      replies: hangs,
      expect(seen) {
        expect(seen.failure).toMatchObject({ status: 504, failure: 'total_timeout' })
        expect(limits(seen)).toEqual(['total'])
      },
    },
    'gives a stream up whose time in all is shorter than that for its beginning': {
      options: 'first_token = "1h"\ntotal = "5ms"',
      replies: hangs,
      call: { stream: true },
      expect: seen => expect(limits(seen)).toEqual(['total']),
    },
    'tells the processors behind it how long they have': {
      options: 'first_token = "5s"\ntotal = "1h"',
      calls: [{ stream: true }, { stream: false }, { stream: true, deadline: 1000 }],
      expect: ({ sent }) => expect(sent.map(({ deadline }) => deadline)).toEqual([5000, 3_600_000, 1000]),
    },
    'leaves replies in time as they are': {
      options: 'first_token = "1h"\nidle = "1h"\nmin_events = 1\ntotal = "1h"',
      calls: [{ stream: true }, { stream: false }],
      expect({ calls, metrics, decoded }) {
        expect(calls.map(({ reply }) => reply?.text)).toEqual(['ok', 'ok'])
        expect([metrics, decoded]).toEqual([[], 0])
      },
    },
    'leaves a model list alone': {
      options: 'total = "1s"',
      replies: [{ models: [{ id: 'one' }] }],
      call: { operation: 'list-models' },
      expect: ({ sent }) => expect(sent[0]?.deadline).toBeUndefined(),
    },
    'ends with the client': {
      options: 'first_token = "1h"',
      replies: hangs,
      call: { stream: true, leaves: 'while-waiting' },
      expect: ({ failure }) => expect(failure).toHaveProperty('message', 'the client left'),
    },
  },
})
