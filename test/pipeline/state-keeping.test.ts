import { describe, expect, test } from 'vitest'
import { openStateKeeping } from '../../src/pipeline/state-keeping.ts'
import { clock } from '../../src/services/clock.ts'
import { sharedStore } from '../../src/services/store.ts'
import { MemoryStore } from '../../src/services/store-memory.ts'

describe('the key of carriers', () => {
  test('is one for all who share a store, whoever comes first', async () => {
    const store = sharedStore(new MemoryStore(clock))
    const opened = await Promise.all(Array.from({ length: 8 }, () => openStateKeeping(store, clock)))
    const late = await openStateKeeping(store, clock)
    const keys = new Set([...opened, late].map(({ key }) => key.toString('hex')))
    expect([...keys]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
    await store.close()
  })

  test('is another one elsewhere', async () => {
    const stores = [1, 2].map(() => sharedStore(new MemoryStore(clock)))
    const [one, two] = await Promise.all(stores.map(store => openStateKeeping(store, clock)))
    expect(one?.key.equals(two?.key ?? Buffer.alloc(0))).toBe(false)
    await Promise.all(stores.map(store => store.close()))
  })

  test('is one’s own where the store is out of reach: a gateway starts all the same', async () => {
    const store = sharedStore(new MemoryStore(clock))
    const broken = { ...store, get: () => Promise.reject(new Error('out of reach')) }
    expect((await openStateKeeping(broken, clock)).key).toHaveLength(32)
    await store.close()
  })
})
