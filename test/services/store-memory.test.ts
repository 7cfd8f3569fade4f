import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bucket } from '../../src/contract.ts'
import { sharedStore } from '../../src/services/store.ts'
import { MemoryStore, type MemoryStoreLimits } from '../../src/services/store-memory.ts'

const BUCKET: Bucket = { key: 'a', cost: 1, capacity: 10, refill: 10, periodMs: 1000 }

describe('take', () => {
  it('agrees with a model that replays all that was ever taken', async () => {
    const shapes = { a: { capacity: 10, refill: 5 }, b: { capacity: 3, refill: 0.7 }, c: { capacity: 8, refill: 0 } }
    const key = fc.constantFrom('a', 'b', 'c')
    const cost = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 4, noNaN: true }))
    const bucket = fc.record({
      key,
      cost,
      overdraw: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    })
    const wish = fc.uniqueArray(bucket, { selector: each => each.key, minLength: 1, maxLength: 3 })
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), wish), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(steps, async plan => {
        const { store, pass, now } = open()
        const taken: { key: string; cost: number; at: number }[] = []
        for (const [ms, wishes] of plan) {
          pass(ms)
          const buckets = wishes.map(each => ({ ...each, ...shapes[each.key as keyof typeof shapes], periodMs: 1000 }))
          const left = buckets.map(each => replay(each, taken, now()))
          const fits = buckets.map((each, index) => each.overdraw || (left[index] as number) - each.cost)
          fc.pre(fits.every(room => room === true || Math.abs(room as number) > 1e-6 || room === 0))
          const expected = fits.every(room => room === true || (room as number) >= 0)
          const result = await store.take(buckets)
          expect(result.taken).toBe(expected)
          if (expected) taken.push(...buckets.map(each => ({ key: each.key, cost: each.cost, at: now() })))
          for (const [index, each] of buckets.entries()) {
            const remaining = Math.max(0, (left[index] as number) - (expected ? each.cost : 0))
            expect(result.buckets[index]?.remaining).toBeCloseTo(remaining, 6)
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('says how long to wait: after that it can be taken, a moment before it cannot', async () => {
    const numbers = fc.record({
      capacity: fc.integer({ min: 1, max: 1000 }),
      refill: fc.integer({ min: 1, max: 1000 }),
      periodMs: fc.constantFrom(1000, 60_000, 86_400_000),
    })
    await fc.assert(
      fc.asyncProperty(numbers, fc.double({ min: 0.01, max: 1, noNaN: true }), async (shape, share) => {
        const { store, pass } = open()
        await store.take([{ key: 'a', ...shape, cost: shape.capacity }])
        const bucket = { key: 'a', ...shape, cost: shape.capacity * share }
        const { taken, waitMs } = await store.take([bucket])
        expect([taken, waitMs > 0]).toEqual([false, true])
        pass(waitMs - 1)
        if (waitMs > 1) expect((await store.take([{ ...bucket, cost: bucket.cost + 1e-6 }])).taken).toBe(false)
        pass(1)
        expect(await store.take([bucket])).toMatchObject({ taken: true, waitMs: 0 })
      }),
    )
  })

  it('never gives more than the capacity and what was refilled, however often it is asked', async () => {
    const { store, pass } = open()
    let given = 0
    for (let step = 0; step < 2000; step++) {
      if ((await store.take([BUCKET])).taken) given++
      pass(1)
    }
    // Between the first and the last of them lie 1,999 ms.
    expect(given).toBe(10 + 19)
  })

  it('takes from all buckets or from none', async () => {
    const { store } = open()
    const scarce = { ...BUCKET, key: 'b', capacity: 1, refill: 1 }
    expect((await store.take([BUCKET, scarce])).taken).toBe(true)
    const second = await store.take([BUCKET, scarce])
    expect(second).toMatchObject({ taken: false, waitMs: 1000 })
    expect(second.buckets.map(({ remaining }) => remaining)).toEqual([9, 0])
  })

  it('adds up the costs when one bucket is named twice', async () => {
    const { store } = open()
    const half = { ...BUCKET, cost: 6 }
    expect(await store.take([half, half])).toMatchObject({ taken: false, waitMs: Number.POSITIVE_INFINITY })
    expect((await store.take([{ ...half, cost: 4 }, half])).taken).toBe(true)
  })

  it('waits for ever for what is over the capacity or never refilled', async () => {
    const { store } = open()
    expect(await store.take([{ ...BUCKET, cost: 11 }])).toMatchObject({
      taken: false,
      waitMs: Number.POSITIVE_INFINITY,
    })
    const once = { ...BUCKET, key: 'once', refill: 0, cost: 10 }
    expect((await store.take([once])).taken).toBe(true)
    expect(await store.take([once])).toMatchObject({
      taken: false,
      waitMs: Number.POSITIVE_INFINITY,
      buckets: [{ remaining: 0, resetMs: Number.POSITIVE_INFINITY }],
    })
  })

  it('lets a bucket go into debt when told to, and then refuses even those who take nothing', async () => {
    const { store, pass } = open()
    const { taken, buckets } = await store.take([{ ...BUCKET, cost: 25, overdraw: true }])
    expect([taken, buckets]).toEqual([true, [{ remaining: 0, resetMs: 2500 }]])
    expect(await store.take([{ ...BUCKET, cost: 0 }])).toMatchObject({ taken: false, waitMs: 1500 })
    expect((await store.take([{ ...BUCKET, cost: 1, overdraw: true }])).taken).toBe(true)
    pass(1600)
    expect((await store.take([{ ...BUCKET, cost: 0 }])).taken).toBe(true)
  })

  it('tells when a bucket is full again', async () => {
    const { store, pass } = open()
    expect((await store.take([{ ...BUCKET, cost: 4 }])).buckets).toEqual([{ remaining: 6, resetMs: 400 }])
    pass(400)
    expect((await store.take([{ ...BUCKET, cost: 0 }])).buckets).toEqual([{ remaining: 10, resetMs: 0 }])
  })

  it.each([
    { cost: Number.NaN },
    { cost: -1 },
    { cost: Number.POSITIVE_INFINITY },
    { capacity: Number.NaN },
    { refill: -1 },
    { periodMs: 0 },
    { periodMs: Number.NaN },
  ])('refuses a bucket with %j and takes nothing', async bad => {
    const { store } = open()
    await expect(store.take([BUCKET, { ...BUCKET, ...bad, key: 'bad' }])).rejects.toThrow(
      `bucket "bad": ${Object.keys(bad)[0]}`,
    )
    expect((await store.take([BUCKET])).buckets[0]?.remaining).toBe(9)
  })
})

describe('get, set and add', () => {
  it('forgets a value after its time', async () => {
    const { store, pass } = open()
    await store.set('a', '', 100)
    pass(99)
    expect(await store.get('a')).toBe('')
    pass(1)
    expect(await store.get('a')).toBeUndefined()
  })

  it('adds from 0, and forgets the sum a time after its first addition', async () => {
    const { store, pass } = open()
    expect(await store.add('n', 0.5, 100)).toBe(0.5)
    pass(60)
    expect(await store.add('n', -2, 100)).toBe(-1.5)
    expect(await store.get('n')).toBe('-1.5')
    pass(40)
    expect(await store.add('n', 1, 100)).toBe(1)
  })

  it('refuses what is no number or no time', async () => {
    const { store } = open()
    await store.set('text', 'x', 100)
    await expect(store.add('text', 1, 100)).rejects.toThrow('cannot add 1 to "text", which holds x')
    await expect(store.add('n', Number.NaN, 100)).rejects.toThrow(RangeError)
    await expect(store.add('n', 1, 0)).rejects.toThrow('ttlMs')
    await expect(store.set('n', '1', Number.NaN)).rejects.toThrow('ttlMs')
    expect(await store.get('n')).toBeUndefined()
  })

  it('holds a bounded number of keys and bytes, and keeps those that are used', async () => {
    const { store } = open({ keys: 3 })
    for (const key of ['a', 'b', 'c']) await store.set(key, key, 1000)
    await store.get('a')
    await store.set('d', 'd', 1000)
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(key => store.get(key)))).toEqual(['a', undefined, 'c', 'd'])

    const small = open({ bytes: 100 }).store
    await small.set('a', 'x'.repeat(30), 1000)
    await small.set('b', 'x'.repeat(30), 1000)
    await small.set('c', 'x'.repeat(1000), 1000)
    expect(await Promise.all(['a', 'b', 'c'].map(key => small.get(key)))).toEqual([undefined, undefined, undefined])
    await small.set('b', 'x', 1000)
    expect(await small.get('b')).toBe('x')
  })

  it('makes room by forgetting what is over before what is old', async () => {
    const { store, pass } = open({ keys: 3 })
    await store.set('old', '1', 10_000)
    await store.set('over', '1', 10)
    await store.set('young', '1', 10_000)
    pass(20)
    await store.set('new', '1', 10_000)
    expect(await store.get('old')).toBe('1')
  })
})

describe('sharedStore', () => {
  it('keeps the keys of steps apart, whatever their names', async () => {
    const shared = sharedStore(open().store)
    const one = shared.forStep('a', 'b/c')
    const other = shared.forStep('a/b', 'c')
    await one.set('k', 'mine', 100)
    expect([await other.get('k'), await shared.get('k'), await one.get('k')]).toEqual([undefined, undefined, 'mine'])
    expect(await shared.forStep('a', 'b/c').get('k')).toBe('mine')
    await one.add('n', 1, 100)
    expect(await other.add('n', 5, 100)).toBe(5)
    await one.take([{ ...BUCKET, cost: 10 }])
    expect((await one.take([BUCKET])).taken).toBe(false)
    expect((await other.take([BUCKET])).taken).toBe(true)
  })
})

function open(limits?: MemoryStoreLimits): { store: MemoryStore; pass(ms: number): void; now(): number } {
  let time = 5000
  return {
    store: new MemoryStore({ now: () => time }, limits),
    pass: ms => {
      time += ms
    },
    now: () => time,
  }
}

/** What is left in a bucket, from all that was ever taken of it. */
function replay(
  bucket: Omit<Bucket, 'cost'>,
  taken: readonly { key: string; cost: number; at: number }[],
  now: number,
): number {
  let tokens = bucket.capacity
  let at = 0
  const refilled = (until: number) =>
    Math.min(bucket.capacity, tokens + ((until - at) / bucket.periodMs) * bucket.refill)
  for (const each of taken.filter(({ key }) => key === bucket.key)) {
    tokens = refilled(each.at) - each.cost
    at = each.at
  }
  return refilled(now)
}
