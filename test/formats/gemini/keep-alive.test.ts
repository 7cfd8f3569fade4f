/** Older SDKs of Google stumble over comments in a stream, for good. */
import { expect, test } from 'vitest'
import format from '../../../src/formats/gemini/format.ts'
import type { ReplyEvent } from '../../../src/formats/reply-events.ts'
import { streamOf } from './exchange.ts'

const PINGED: readonly ReplyEvent[] = [
  { type: 'start', id: 'msg_01', model: 'm' },
  { type: 'ping' },
  { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
  { type: 'text-delta', index: 0, text: 'Hello' },
  { type: 'ping' },
  { type: 'part-end', index: 0 },
  { type: 'finish', candidate: 0, reason: 'stop' },
  { type: 'end' },
]

test('pings of the provider leave nothing between the chunks', () => {
  const blocks = streamOf(PINGED).split('\n\n')
  expect(blocks.pop()).toBe('')
  expect(blocks.length).toBeGreaterThan(1)
  for (const block of blocks) expect(block).toMatch(/^data: \{.*\}$/)
})

test('a heartbeat is white space, which every SDK skips in front of a chunk', () => {
  expect(format.heartbeat).toMatch(/^\s+$/)
})
