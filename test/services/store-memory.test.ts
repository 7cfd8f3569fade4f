import { describe, expect, it } from 'vitest'
import { MemoryStore, type MemoryStoreLimits } from '../../src/services/store-memory.ts'
import { describeLimits } from './limits-model.ts'
import { describeStore, type StoreUnderTest } from './store-suite.ts'

const shared = open()
describeStore(() => shared)
describeLimits(() => shared, 1000)

describe('memory', () => {
  it('holds a bounded number of keys and bytes, and keeps those that are used', async () => {
    const { driver: store } = open({ keys: 3 })
    for (const key of ['a', 'b', 'c']) await store.set(key, key, 1000)
    await store.get('a')
    await store.set('d', 'd', 1000)
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(key => store.get(key)))).toEqual(['a', undefined, 'c', 'd'])

    const small = open({ bytes: 100 }).driver
    await small.set('a', 'x'.repeat(30), 1000)
    await small.set('b', 'x'.repeat(30), 1000)
    await small.set('c', 'x'.repeat(1000), 1000)
    expect(await Promise.all(['a', 'b', 'c'].map(key => small.get(key)))).toEqual([undefined, undefined, undefined])
    await small.set('b', 'x', 1000)
    expect(await small.get('b')).toBe('x')
  })

  it('makes room by forgetting what is over before what is old', async () => {
    const { driver: store, pass } = open({ keys: 3 })
    await store.set('old', '1', 10_000)
    await store.set('over', '1', 10)
    await store.set('young', '1', 10_000)
    await pass(20)
    await store.set('new', '1', 10_000)
    expect(await store.get('old')).toBe('1')
  })
})

function open(limits?: MemoryStoreLimits): StoreUnderTest {
  let time = 5000
  return {
    driver: new MemoryStore({ now: () => time }, limits),
    pass: async ms => {
      time += ms
    },
    now: () => time,
  }
}
