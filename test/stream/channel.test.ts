import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Channel, type ChannelBounds } from '../../src/stream/channel.ts'
import { flowOf } from '../../src/stream/flow.ts'
import { ManualFlow } from '../support/manual-flow.ts'

const NO_BOUNDS: ChannelBounds = { items: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }
const ALL = Number.POSITIVE_INFINITY

const piece = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.uint8Array({ maxLength: 12 }).map(bytes => Buffer.from(bytes)),
)

describe('Channel', () => {
  it('gives every byte in order, whatever is taken when', () => {
    const steps = fc.array(fc.oneof(piece, fc.integer({ min: 1, max: 20 }), fc.constant(ALL)), { maxLength: 40 })
    fc.assert(
      fc.property(steps, fc.boolean(), (plan, fails) => {
        const { flow, channel } = open({ items: 3, bytes: 20 })
        const written: Buffer[] = []
        const taken: Buffer[] = []
        const take = (maxBytes: number) => {
          const bytes = Buffer.from(channel.take(maxBytes) ?? '')
          expect(bytes.length).toBeLessThanOrEqual(maxBytes)
          taken.push(bytes)
        }
        for (const step of plan) {
          if (typeof step === 'number') {
            take(step)
          } else {
            flow.push(step)
            written.push(Buffer.from(step))
          }
        }
        if (fails) flow.fail(new Error('broken'))
        else flow.end()
        take(ALL)
        expect(Buffer.concat(taken)).toEqual(Buffer.concat(written))
        expect(channel).toMatchObject({ items: 0, bytes: 0, state: fails ? new Error('broken') : 'ended' })
      }),
    )
  })

  it('never holds more than its bounds and the item that crossed them, if the flow heeds pause and resume', () => {
    const bounds = fc.record({ items: fc.integer({ min: 1, max: 8 }), bytes: fc.integer({ min: 1, max: 64 }) })
    const takes = fc.array(fc.integer({ min: 1, max: 64 }))
    fc.assert(
      fc.property(bounds, fc.array(piece, { maxLength: 60 }), takes, (limits, items, amounts) => {
        const largest = Math.max(0, ...items.map(item => Buffer.byteLength(item)))
        const channel = new Channel(flowOf(items), limits, () => {})
        channel.start()
        for (const amount of [...amounts, ...items.map(() => ALL)]) {
          expect(channel.items).toBeLessThanOrEqual(limits.items)
          expect(channel.bytes).toBeLessThan(limits.bytes + largest + 1)
          channel.take(amount)
        }
        expect(channel.state).toBe('ended')
      }),
    )
  })

  it.each([
    ['items', { items: 4, bytes: 1000 }, 4, 3],
    ['bytes', { items: 1000, bytes: 4 }, 4, 3],
  ])('pauses at its bound in %s and resumes below half of it', (_, bounds, pausesAt, resumesAfter) => {
    const { flow, channel } = open(bounds)
    const states: boolean[] = []
    for (let pushed = 0; pushed < 4; pushed++) {
      flow.push('x')
      states.push(flow.paused)
    }
    expect(states.indexOf(true)).toBe(pausesAt - 1)
    flow.push('x')
    expect(channel.waits).toBe(1)
    expect(channel.items).toBe(5)
    const taken = [1, 2, 3, 4].map(() => {
      channel.take(1)
      return flow.paused
    })
    expect(taken.indexOf(false)).toBe(resumesAfter)
  })

  it('lets an item through that is larger than the bound', () => {
    const { flow, channel } = open({ items: 10, bytes: 10 })
    flow.push('x'.repeat(100))
    expect([flow.paused, channel.bytes]).toEqual([true, 100])
    expect(channel.take(ALL)).toBe('x'.repeat(100))
    expect(flow.paused).toBe(false)
  })

  it('resumes a flow that pushes at once without losing the order', () => {
    const { flow, channel } = open({ items: 1, bytes: 1000 })
    flow.onResume = () => {
      flow.onResume = () => {}
      flow.push('b')
    }
    flow.push('a')
    expect(channel.take(ALL)).toBe('a')
    expect(channel.take(ALL)).toBe('b')
  })

  it('tells the reader once for what waits, and again when it is over', () => {
    const { flow, channel, calls } = open(NO_BOUNDS)
    flow.push('', 'a', 'b')
    expect(calls()).toBe(1)
    channel.take(ALL)
    expect(calls()).toBe(1)
    flow.push('c')
    expect(calls()).toBe(2)
    flow.end()
    expect([calls(), channel.items, channel.state]).toEqual([3, 1, 'ended'])
    expect(channel.take(ALL)).toBe('c')
    expect(channel.take(ALL)).toBeUndefined()
  })

  it('joins texts as text and anything else as bytes', () => {
    const { flow, channel } = open(NO_BOUNDS)
    flow.push('a', 'é')
    expect(channel.take(ALL)).toBe('aé')
    flow.push('a', Buffer.from([0xff]), 'é')
    expect(channel.take(ALL)).toEqual(Buffer.from([0x61, 0xff, 0xc3, 0xa9]))
  })

  it('cancels the flow when the reader leaves, and forgets what waits', () => {
    const { flow, channel, calls } = open({ items: 1, bytes: 10 })
    const reason = new Error('left')
    flow.push('a')
    channel.close(reason)
    flow.push('b')
    flow.end()
    channel.close()
    expect(flow).toMatchObject({ cancelled: true, reason })
    expect(channel).toMatchObject({ items: 0, bytes: 0, state: 'open' })
    expect(calls()).toBe(1)
  })

  it('does not cancel a flow that is over', () => {
    const { flow, channel } = open(NO_BOUNDS)
    flow.end()
    channel.close()
    expect(flow.cancelled).toBe(false)
  })

  it('measures how long the flow was paused, and no longer than that', () => {
    const { flow, channel } = open({ items: 1, bytes: 10 })
    expect(channel.pausedMs).toBe(0)
    flow.push('a')
    const before = channel.pausedMs
    for (const start = performance.now(); performance.now() - start < 2; );
    expect(channel.pausedMs - before).toBeGreaterThanOrEqual(1.5)
    flow.end()
    expect(channel.pausedMs).toBe(channel.pausedMs)
  })
})

function open(bounds: ChannelBounds): { flow: ManualFlow<Buffer | string>; channel: Channel; calls: () => number } {
  const flow = new ManualFlow<Buffer | string>()
  let calls = 0
  const channel = new Channel(flow, bounds, () => calls++)
  channel.start()
  return { flow, channel, calls: () => calls }
}
