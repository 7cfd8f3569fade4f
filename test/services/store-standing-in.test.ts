import { describe, expect, it } from 'vitest'
import type { Bucket } from '../../src/contract.ts'
import { type StoreDriver, StoreOutage } from '../../src/services/store-driver.ts'
import { MemoryStore } from '../../src/services/store-memory.ts'
import { StandingInStore, type StoreOperation } from '../../src/services/store-standing-in.ts'

const LIMIT: Bucket = { key: 'p/s/a', cost: 1, capacity: 100, refill: 0, periodMs: 1000 }

describe('while the shared store is out of reach', () => {
  it('each instance has its share of a limit', async () => {
    const { store, shared } = open({ instances: 4 })
    shared.out = true
    const taken = await Promise.all(Array.from({ length: 200 }, () => store.take([LIMIT])))
    expect(taken.filter(each => each.taken)).toHaveLength(25)
    const seats = await Promise.all(
      Array.from({ length: 20 }, (_, id) => store.reserve(String(id), [{ key: 'p/s/seats', slots: 10 }], 1000)),
    )
    expect(seats.filter(each => each.taken)).toHaveLength(2)
  })

  it('a share is never too small for one call', async () => {
    const { store, shared } = open({ instances: 10 })
    shared.out = true
    const two = { ...LIMIT, key: 'p/s/b', capacity: 2, refill: 2, periodMs: 60_000 }
    expect((await store.take([two])).taken).toBe(true)
    expect(await store.take([two])).toMatchObject({ taken: false, waitMs: 300_000 })
    expect((await store.reserve('x', [{ key: 'p/s/c', slots: 1 }], 1000)).taken).toBe(true)
    expect((await store.reserve('y', [{ key: 'p/s/c', slots: 1 }], 1000)).taken).toBe(false)
    expect((await store.reserve('z', [{ key: 'p/s/none', slots: 0 }], 1000)).taken).toBe(false)
  })

  it('it is asked five times, then once a second', async () => {
    const { store, shared, clock, fallbacks } = open()
    shared.out = true
    for (let call = 0; call < 20; call++) await store.take([LIMIT])
    expect([shared.asked, fallbacks]).toEqual([5, Array(20).fill('take')])
    clock.time += 999
    await store.take([LIMIT])
    expect(shared.asked).toBe(5)
    clock.time += 1
    await Promise.all([store.take([LIMIT]), store.take([LIMIT])])
    expect(shared.asked).toBe(6)
  })

  it('values can be kept all the same', async () => {
    const { store, shared } = open()
    shared.out = true
    await store.set('p/s/v', 'x', 1000)
    expect([await store.get('p/s/v'), await store.add('p/s/n', 2, 1000)]).toEqual(['x', 2])
  })

  it('nothing stands in for texts, they are soon not asked for any more, and limits do not suffer for it', async () => {
    const { store, shared, clock, fallbacks } = open()
    const bounds = { ttlMs: 60_000, maxBytes: 1000 }
    await store.remember('p/s/t', 'x', bounds)
    shared.out = true
    for (let call = 0; call < 8; call++) await expect(store.recall('p/s/t')).rejects.toThrow(StoreOutage)
    await expect(store.remember('p/s/t', 'y', bounds)).rejects.toThrow(StoreOutage)
    expect([shared.asked, fallbacks]).toEqual([6, []])
    shared.out = false
    expect((await store.take([LIMIT])).taken).toBe(true)
    expect(fallbacks).toEqual([])
    clock.time += 1000
    expect(await store.recall('p/s/t')).toBe('x')
  })

  it('a reservation may be decided locally for a time, and no longer', async () => {
    const { store, shared, clock } = open()
    shared.out = true
    expect((await store.reserve('1', [LIMIT], 1000, 60_000)).taken).toBe(true)
    clock.time += 59_999
    expect((await store.reserve('2', [LIMIT], 1000, 60_000)).taken).toBe(true)
    clock.time += 1
    await expect(store.reserve('3', [LIMIT], 1000, 60_000)).rejects.toThrow(StoreOutage)
    expect((await store.reserve('4', [LIMIT], 1000)).taken).toBe(true)
    shared.out = false
    clock.time += 1000
    expect((await store.reserve('5', [LIMIT], 1000, 60_000)).taken).toBe(true)
  })
})

describe('when the shared store is back', () => {
  it('it decides again, and says so once', async () => {
    const { store, shared, clock, changes } = open()
    await store.take([LIMIT])
    shared.out = true
    for (let call = 0; call < 10; call++) await store.take([LIMIT])
    shared.out = false
    clock.time += 1000
    expect((await store.take([LIMIT])).buckets[0]?.remaining).toBe(98)
    expect(changes).toEqual([
      [false, 'gone'],
      [true, ''],
    ])
  })

  it('it is told what was used meanwhile', async () => {
    const { store, shared, clock } = open()
    await store.reserve('1', [{ ...LIMIT, cost: 50 }], 60_000)
    shared.out = true
    expect(await store.settle('1', [{ ...LIMIT, cost: 50 }], [10])).toBe(false)
    shared.out = false
    await store.take([LIMIT])
    await new Promise(resolve => setImmediate(resolve))
    expect((await shared.inner.take([{ ...LIMIT, cost: 0 }])).buckets[0]?.remaining).toBe(89)
    clock.time += 1
  })

  it('what it did without answering is undone', async () => {
    const { store, shared } = open()
    shared.deaf = true
    expect((await store.reserve('1', [{ ...LIMIT, cost: 50 }], 60_000)).taken).toBe(true)
    shared.deaf = false
    await store.take([LIMIT])
    await new Promise(resolve => setImmediate(resolve))
    expect((await shared.inner.take([{ ...LIMIT, cost: 0 }])).buckets[0]?.remaining).toBe(99)
  })

  it('a local reservation is settled where it was made', async () => {
    const { store, shared, clock } = open()
    const seat = [{ key: 'p/s/seats', slots: 1 }]
    shared.out = true
    await store.reserve('1', seat, 60_000)
    shared.out = false
    clock.time += 1000
    expect(await store.renew('1', seat, 60_000)).toBe(true)
    expect(await store.settle('1', seat, [0])).toBe(true)
    expect(await store.settle('1', seat, [0])).toBe(false)
  })
})

it('a mistake of the caller is no outage', async () => {
  const { store, changes } = open()
  await store.set('p/s/v', 'text', 1000)
  for (let call = 0; call < 10; call++) await expect(store.add('p/s/v', 1, 1000)).rejects.toThrow(RangeError)
  expect(changes).toEqual([])
})

/** A store that can be out of reach (nothing is done), or deaf: what is asked is done, and nobody hears of it. */
class Fickle implements StoreDriver {
  readonly inner: MemoryStore
  out = false
  deaf = false
  asked = 0

  constructor(inner: MemoryStore) {
    this.inner = inner
  }

  get: StoreDriver['get'] = key => this.#ask(() => this.inner.get(key))
  set: StoreDriver['set'] = (key, value, ttlMs) => this.#ask(() => this.inner.set(key, value, ttlMs))
  add: StoreDriver['add'] = (key, amount, ttlMs) => this.#ask(() => this.inner.add(key, amount, ttlMs))
  remember: StoreDriver['remember'] = (key, text, bounds) => this.#ask(() => this.inner.remember(key, text, bounds))
  recall: StoreDriver['recall'] = key => this.#ask(() => this.inner.recall(key))
  take: StoreDriver['take'] = buckets => this.#ask(() => this.inner.take(buckets))
  reserve: StoreDriver['reserve'] = (id, demands, ttlMs) => this.#ask(() => this.inner.reserve(id, demands, ttlMs))
  settle: StoreDriver['settle'] = (id, demands, used) => this.#ask(() => this.inner.settle(id, demands, used))
  renew: StoreDriver['renew'] = (id, demands, ttlMs) => this.#ask(() => this.inner.renew(id, demands, ttlMs))
  close = (): Promise<void> => this.inner.close()

  async #ask<T>(action: () => Promise<T>): Promise<T> {
    this.asked++
    if (this.out) throw new StoreOutage('gone')
    const answer = await action()
    if (this.deaf) throw new StoreOutage('no answer')
    return answer
  }
}

function open({ instances = 1 }: { readonly instances?: number } = {}) {
  const clock = {
    time: 0,
    now() {
      return this.time
    },
  }
  const shared = new Fickle(new MemoryStore(clock))
  const fallbacks: StoreOperation[] = []
  const changes: [boolean, string][] = []
  const store = new StandingInStore({
    shared,
    local: new MemoryStore(clock),
    instances,
    clock,
    onFallback: operation => void fallbacks.push(operation),
    onChange: (up, reason) => void changes.push([up, reason]),
  })
  return { store, shared, clock, fallbacks, changes }
}
