/** Run by Node's own test runner: see test-processor.test.ts. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { testProcessor } from 'sluice/testing'
import limits from '../../processors/limits.ts'

const [example] = limits.examples
if (!example) throw new Error('no example')

testProcessor(
  test,
  'limits',
  { ...limits, examples: [example] },
  {
    accepts: [],
    rejects: { 'max_tools = -1': 'must be at least 0' },
    calls: {
      'lowers the cap': {
        options: 'max_output_tokens = 5',
        call: { maxOutputTokens: 6 },
        expect: ({ sent }) => assert.equal(sent[0]?.maxOutputTokens, 5),
      },
    },
  },
)
