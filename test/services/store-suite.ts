/** What every store promises, whatever stands behind it. */
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bucket, Store } from '../../src/contract.ts'
import { sharedStore } from '../../src/services/store.ts'
import type { StoreDriver } from '../../src/services/store-driver.ts'

/** A driver whose time is in the hands of the test. */
export interface StoreUnderTest {
  readonly driver: StoreDriver
  /** Lets time go by. */
  pass(ms: number): Promise<void>
  now(): number
}

interface Opened extends Omit<StoreUnderTest, 'driver'> {
  readonly store: Store
}

export const BUCKET: Bucket = { key: 'a', cost: 1, capacity: 10, refill: 10, periodMs: 1000 }

/** @param driver one for all tests: each of them has keys of its own */
export function describeStore(underTest: () => StoreUnderTest): void {
  function open(): Opened {
    const { driver, pass, now } = underTest()
    return { store: sharedStore(driver).forStep(randomUUID(), 'step'), pass, now }
  }

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
          const start = now()
          const taken: { key: string; cost: number; at: number }[] = []
          for (const [ms, wishes] of plan) {
            await pass(ms)
            const buckets = wishes.map(each => ({
              ...each,
              ...shapes[each.key as keyof typeof shapes],
              periodMs: 1000,
            }))
            const left = buckets.map(each => replay(each, taken, now(), start))
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
          await pass(waitMs - 1)
          if (waitMs > 1) expect((await store.take([{ ...bucket, cost: bucket.cost + 1e-6 }])).taken).toBe(false)
          await pass(1)
          expect(await store.take([bucket])).toMatchObject({ taken: true, waitMs: 0 })
        }),
      )
    })

    it('never gives more than the capacity and what was refilled, however often it is asked', async () => {
      const { store, pass } = open()
      let given = 0
      for (let step = 0; step < 2000; step++) {
        if ((await store.take([BUCKET])).taken) given++
        await pass(1)
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
      await pass(1600)
      expect((await store.take([{ ...BUCKET, cost: 0 }])).taken).toBe(true)
    })

    it('tells when a bucket is full again', async () => {
      const { store, pass } = open()
      expect((await store.take([{ ...BUCKET, cost: 4 }])).buckets).toEqual([{ remaining: 6, resetMs: 400 }])
      await pass(400)
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
        `/bad": ${Object.keys(bad)[0]}`,
      )
      expect((await store.take([BUCKET])).buckets[0]?.remaining).toBe(9)
    })
  })

  describe('get, set and add', () => {
    it('forgets a value after its time', async () => {
      const { store, pass } = open()
      await store.set('a', '', 100_000)
      await pass(50_000)
      expect(await store.get('a')).toBe('')
      await pass(50_000)
      expect(await store.get('a')).toBeUndefined()
    })

    it('adds from 0, and forgets the sum a time after its first addition', async () => {
      const { store, pass } = open()
      expect(await store.add('n', 0.5, 100_000)).toBe(0.5)
      await pass(60_000)
      expect(await store.add('n', -2, 100_000)).toBe(-1.5)
      expect(await store.get('n')).toBe('-1.5')
      await pass(40_000)
      expect(await store.add('n', 1, 100_000)).toBe(1)
    })

    it('refuses what is no number or no time', async () => {
      const { store } = open()
      await store.set('text', 'x', 100_000)
      await expect(store.add('text', 1, 100)).rejects.toThrow('/text", which holds x')
      await expect(store.add('n', Number.NaN, 100)).rejects.toThrow(RangeError)
      await expect(store.add('n', 1, 0)).rejects.toThrow('ttlMs')
      await expect(store.set('n', '1', Number.NaN)).rejects.toThrow('ttlMs')
      expect(await store.get('n')).toBeUndefined()
    })
  })

  describe('remember and recall', () => {
    const bounds = { ttlMs: 1000, maxBytes: 1000 }

    it('gives a text back until its time is over', async () => {
      const { store, pass } = open()
      expect(await store.recall('a')).toBeUndefined()
      await store.remember('a', 'Größe 🙂 \u0000', bounds)
      await pass(900)
      expect(await store.recall('a')).toBe('Größe 🙂 \u0000')
      await store.remember('b', 'longer', { ...bounds, ttlMs: 5000 })
      await pass(100)
      expect(await store.recall('a')).toBeUndefined()
      await pass(4000)
      expect(await store.recall('b')).toBe('longer')
    })

    it('takes the new text for the old one', async () => {
      const { store, pass } = open()
      await store.remember('a', 'one', bounds)
      await pass(900)
      await store.remember('a', 'two', bounds)
      await pass(900)
      expect(await store.recall('a')).toBe('two')
    })

    it('never keeps more than there is room for, and lets go of what is oldest first', async () => {
      const { store, pass } = open()
      for (let each = 0; each < 20; each++) {
        await store.remember(String(each), 'x'.repeat(100), bounds)
        await pass(1)
      }
      const left = await Promise.all(Array.from({ length: 20 }, (_, each) => store.recall(String(each))))
      const kept = left.flatMap((text, each) => (text === undefined ? [] : each))
      expect(kept.length * 100).toBeLessThanOrEqual(bounds.maxBytes)
      expect(kept.length).toBeGreaterThanOrEqual(4)
      expect(kept).toEqual(Array.from(kept, (_, index) => 20 - kept.length + index))
    })

    it('does not keep what is larger than all the room, nor what it would have replaced', async () => {
      const { store } = open()
      await store.remember('a', 'small', bounds)
      await store.remember('b', 'other', bounds)
      await store.remember('a', 'x'.repeat(1001), bounds)
      expect([await store.recall('a'), await store.recall('b')]).toEqual([undefined, 'other'])
    })

    it('has room again when the time of others is over', async () => {
      const { store, pass } = open()
      for (let round = 0; round < 30; round++) {
        await store.remember(`long ${round}`, 'x'.repeat(200), { ...bounds, ttlMs: 10 })
        await pass(10)
      }
      await store.remember('a', 'x'.repeat(200), bounds)
      await store.remember('b', 'x'.repeat(200), bounds)
      expect(await store.recall('a')).toHaveLength(200)
    })

    it('keeps the texts of steps apart, and apart from values', async () => {
      const { store } = open()
      const other = open().store
      await store.remember('a', 'mine', bounds)
      expect([await other.recall('a'), await store.get('a')]).toEqual([undefined, undefined])
      await other.remember('b', 'x'.repeat(400), { ...bounds, maxBytes: 1000 })
      expect(await store.recall('a')).toBe('mine')
    })
  })

  describe('sharedStore', () => {
    it('keeps the keys of steps apart, whatever their names', async () => {
      const { driver } = underTest()
      const shared = sharedStore(driver)
      const [a, b] = [randomUUID(), randomUUID()]
      const one = shared.forStep(a, `${b}/c`)
      const other = shared.forStep(`${a}/${b}`, 'c')
      await one.set('k', 'mine', 100_000)
      expect([await other.get('k'), await shared.get('k'), await one.get('k')]).toEqual([undefined, undefined, 'mine'])
      expect(await shared.forStep(a, `${b}/c`).get('k')).toBe('mine')
      await one.add('n', 1, 100_000)
      expect(await other.add('n', 5, 100_000)).toBe(5)
      await one.take([{ ...BUCKET, cost: 10 }])
      expect((await one.take([BUCKET])).taken).toBe(false)
      expect((await other.take([BUCKET])).taken).toBe(true)
    })
  })
  describe('reserve', () => {
    const slots = (count: number) => ({ key: 'seats', slots: count })

    it('charges what was used instead of what was reserved, once', async () => {
      const { store } = open()
      const reservation = await store.reserve([{ ...BUCKET, refill: 0, cost: 6 }])
      expect(reservation.buckets[0]?.remaining).toBe(4)
      await reservation.settle([2])
      await reservation.settle([0])
      expect(await left(store)).toBe(8)
    })

    it('keeps what was reserved when nobody says what was used, and gives back when nothing was', async () => {
      const { store } = open()
      await (await store.reserve([{ ...BUCKET, refill: 0, cost: 6 }])).settle()
      expect(await left(store)).toBe(4)
      await (await store.reserve([{ ...BUCKET, refill: 0, cost: 3 }])).settle([0])
      expect(await left(store)).toBe(4)
    })

    it('goes into debt when more was used than there is', async () => {
      const { store, pass } = open()
      await (await store.reserve([{ ...BUCKET, cost: 5 }])).settle([30])
      expect(await store.take([{ ...BUCKET, cost: 0 }])).toMatchObject({ taken: false, waitMs: 2000 })
      await pass(2000)
      expect((await store.take([{ ...BUCKET, cost: 0 }])).taken).toBe(true)
    })

    it('gives a bucket no more back than it can hold', async () => {
      const { store, pass } = open()
      const reservation = await store.reserve([{ ...BUCKET, cost: 10 }])
      await pass(800)
      await reservation.settle([0])
      expect(await left(store)).toBe(10)
    })

    it('counts what nobody can have used as nothing', async () => {
      const { store } = open()
      await (await store.reserve([{ ...BUCKET, refill: 0, cost: 4 }])).settle([Number.NaN])
      await (await store.reserve([{ ...BUCKET, refill: 0, cost: 4 }])).settle([-100])
      expect(await left(store)).toBe(10)
    })

    it('hands out so many slots at a time, and each again when it is free', async () => {
      const { store } = open()
      const [one, two, three] = [
        await store.reserve([slots(2)]),
        await store.reserve([slots(2)]),
        await store.reserve([slots(2)]),
      ]
      expect([one, two, three].map(({ taken, buckets }) => [taken, buckets[0]?.remaining])).toEqual([
        [true, 1],
        [true, 0],
        [false, 0],
      ])
      expect(three.waitMs).toBe(1000)
      await three.settle()
      await one.settle()
      await one.settle()
      expect((await store.reserve([slots(2)])).taken).toBe(true)
      expect((await store.reserve([slots(2)])).taken).toBe(false)
    })

    it('takes neither slot nor tokens when either is short', async () => {
      const { store } = open()
      const bucket = { ...BUCKET, refill: 0, cost: 6 }
      expect((await store.reserve([slots(1), bucket])).taken).toBe(true)
      expect((await store.reserve([slots(1), { ...bucket, cost: 1 }])).taken).toBe(false)
      expect(await left(store)).toBe(4)
      expect((await store.reserve([{ key: 'others', slots: 1 }, bucket])).taken).toBe(false)
      expect((await store.reserve([{ key: 'others', slots: 1 }])).taken).toBe(true)
    })

    it('can do with nothing, and never has a slot where there are none', async () => {
      const { store } = open()
      expect(await store.reserve([])).toMatchObject({ taken: true, buckets: [] })
      expect(await store.reserve([slots(0)])).toMatchObject({ taken: false, waitMs: Number.POSITIVE_INFINITY })
      await expect(store.reserve([slots(-1)])).rejects.toThrow('/seats"')
    })

    it('lets a bucket that is never refilled be forgotten', async () => {
      const { store, pass } = open()
      const month = { ...BUCKET, refill: 0, cost: 10, keepMs: 100_000 }
      await (await store.reserve([month])).settle()
      await pass(50_000)
      expect((await store.take([month])).taken).toBe(false)
      await pass(50_000)
      expect((await store.take([month])).taken).toBe(true)
    })

    it('does under one id nothing twice', async () => {
      const { driver } = underTest()
      const [id, key] = [randomUUID(), `${randomUUID()}/step/a`]
      const demands = [
        { ...BUCKET, key, refill: 0, cost: 4 },
        { key: `${key}/seats`, slots: 1 },
      ]
      const first = await driver.reserve(id, demands, 60_000)
      expect(await driver.reserve(id, demands, 60_000)).toEqual(first)
      expect(first.buckets.map(({ remaining }) => remaining)).toEqual([6, 0])
      expect(await driver.settle(id, demands, [1, 0])).toBe(true)
      expect(await driver.settle(id, demands, [9, 0])).toBe(false)
      expect(await driver.settle(randomUUID(), demands, [9, 0])).toBe(false)
      expect((await driver.reserve(randomUUID(), demands, 60_000)).buckets.map(({ remaining }) => remaining)).toEqual([
        5, 0,
      ])
    })

    it('frees the slots of a reservation that nobody renews, and keeps its charge', async () => {
      const { driver, pass } = underTest()
      const [id, key] = [randomUUID(), `${randomUUID()}/step/a`]
      const demands = [
        { ...BUCKET, key, refill: 0, cost: 4 },
        { key: `${key}/seats`, slots: 1 },
      ]
      await driver.reserve(id, demands, 60_000)
      await pass(40_000)
      expect(await driver.renew(id, demands, 60_000)).toBe(true)
      await pass(40_000)
      expect((await driver.reserve(randomUUID(), demands, 60_000)).taken).toBe(false)
      await pass(20_000)
      expect([await driver.renew(id, demands, 60_000), await driver.settle(id, demands, [0, 0])]).toEqual([
        false,
        false,
      ])
      expect((await driver.reserve(randomUUID(), demands, 60_000)).buckets.map(({ remaining }) => remaining)).toEqual([
        2, 0,
      ])
    })

    it('admits of a thousand at once as many as there is room for', async () => {
      const { store } = open()
      const limit = { ...BUCKET, capacity: 100, refill: 0 }
      const taken = await Promise.all(Array.from({ length: 1000 }, () => store.take([limit])))
      expect(taken.filter(each => each.taken)).toHaveLength(100)
      const reserved = await Promise.all(Array.from({ length: 1000 }, () => store.reserve([slots(100)])))
      expect(reserved.filter(each => each.taken)).toHaveLength(100)
    })

    it('agrees with a model, whatever is reserved, settled and left to time', async () => {
      const step = fc.oneof(
        fc.record({ act: fc.constant('reserve' as const), cost: fc.integer({ min: 0, max: 12 }) }),
        fc.record({ act: fc.constant('settle' as const), which: fc.nat(20), used: fc.integer({ min: 0, max: 15 }) }),
        fc.record({ act: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 4000 }) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
          const { store, pass } = open()
          const held: { readonly cost: number; readonly settle: (used?: readonly number[]) => Promise<void> }[] = []
          let tokens = 10
          for (const each of steps) {
            if (each.act === 'pass') {
              await pass(each.ms)
              tokens = Math.min(10, tokens + (each.ms * 2) / 1000)
            } else if (each.act === 'settle') {
              const [one] = held.splice(each.which % Math.max(1, held.length), 1)
              await one?.settle([each.used, 0])
              if (one) tokens = Math.min(10, tokens + one.cost - each.used)
            } else {
              const bucket = { ...BUCKET, refill: 2, cost: each.cost }
              const { taken, settle, buckets } = await store.reserve([bucket, slots(3)])
              expect(taken).toBe(tokens + 1e-6 >= each.cost && held.length < 3)
              if (taken) {
                held.push({ cost: each.cost, settle })
                tokens -= each.cost
              }
              expect(buckets[0]?.remaining).toBeCloseTo(Math.max(0, tokens), 6)
              expect(buckets[1]?.remaining).toBe(3 - held.length)
            }
          }
        }),
        { numRuns: 150 },
      )
    })

    async function left(store: Store): Promise<number | undefined> {
      return (await store.take([{ ...BUCKET, refill: 0, cost: 0 }])).buckets[0]?.remaining
    }
  })
}

/** What is left in a bucket, from all that was ever taken of it. */
function replay(
  bucket: Omit<Bucket, 'cost'>,
  taken: readonly { key: string; cost: number; at: number }[],
  now: number,
  start: number,
): number {
  let tokens = bucket.capacity
  let at = start
  const refilled = (until: number) =>
    Math.min(bucket.capacity, tokens + ((until - at) / bucket.periodMs) * bucket.refill)
  for (const each of taken.filter(({ key }) => key === bucket.key)) {
    tokens = refilled(each.at) - each.cost
    at = each.at
  }
  return refilled(now)
}
