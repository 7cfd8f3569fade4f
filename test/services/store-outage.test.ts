/** A real Redis that stops, hangs and comes back while it is in use. */
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import type { Bucket } from '../../src/contract.ts'
import { clock } from '../../src/services/clock.ts'
import { MemoryStore } from '../../src/services/store-memory.ts'
import { RedisStore } from '../../src/services/store-redis.ts'
import { StandingInStore, type StoreOperation } from '../../src/services/store-standing-in.ts'
import { type RedisServer, redisMissing, startRedis } from '../support/redis.ts'

const missing = redisMissing()

if (missing !== undefined) test.skip(`Redis that fails: ${missing}`, () => {})
else {
  let server: RedisServer
  let side: Redis
  beforeEach(async () => {
    server = await startRedis()
    side = new Redis(server.url)
    side.on('error', () => {})
  })
  afterEach(async () => {
    side.disconnect()
    server.resume()
    await server[Symbol.asyncDispose]()
  })

  describe('a Redis that', () => {
    it('two processes share admits as many as one', async () => {
      const key = `p/s/${randomUUID()}`
      const children = [1, 2].map(() =>
        fork(join(import.meta.dirname, 'take-in-child.ts'), [server.url, key, '1000', '100']),
      )
      await Promise.all(children.map(child => once(child, 'message')))
      const counts = children.map(async child => {
        child.send('go')
        const [count] = await once(child, 'message')
        return Number(count)
      })
      const [one = 0, other = 0] = await Promise.all(counts)
      expect(one + other).toBe(100)
      await Promise.all(children.map(child => child.exitCode ?? once(child, 'exit')))
    })

    it('hangs and goes on fails no call, is soon left alone, and is shared again', async () => {
      await using gateway = await open(server.url, { deadlineMs: 50 })
      const load = gateway.load()
      await gateway.until(() => load.done > 100)
      server.pause()
      await gateway.until(() => gateway.fallbacks.length > 200)
      expect(load.slowestMs).toBeLessThan(2000)
      server.resume()
      await gateway.until(() => gateway.changes.at(-1) === true)
      const before = gateway.fallbacks.length
      const settled = load.done
      await gateway.until(() => load.done > settled + 500)
      expect(gateway.fallbacks.length - before).toBeLessThan(500)
      expect(await load.stop()).toEqual([])
    })

    it('dies and is restarted fails no call, and is shared again', async () => {
      await using gateway = await open(server.url)
      const load = gateway.load()
      await gateway.until(() => load.done > 100)
      await server.kill()
      await gateway.until(() => gateway.fallbacks.length > 200)
      const back = performance.now()
      await server.restart()
      await gateway.until(() => gateway.changes.at(-1) === true)
      expect(performance.now() - back).toBeLessThan(10_000)
      expect(await load.stop()).toEqual([])
    })

    it('is not there at the start is found when it comes', async () => {
      await server.kill()
      await using gateway = await open(server.url, { awaitReady: false })
      const load = gateway.load()
      await gateway.until(() => gateway.fallbacks.length > 100)
      await server.restart()
      await gateway.until(() => gateway.changes.at(-1) === true)
      expect(await load.stop()).toEqual([])
    })

    it('has lost its scripts and its data goes on', async () => {
      await using gateway = await open(server.url)
      await gateway.store.take([LIMIT])
      await side.script('FLUSH')
      await side.flushall()
      expect((await gateway.store.take([LIMIT])).buckets[0]?.remaining).toBe(LIMIT.capacity - 1)
      expect(gateway.fallbacks).toEqual([])
    })

    it('holds something else under a key throws it away', async () => {
      await using gateway = await open(server.url)
      await gateway.store.take([LIMIT])
      const [key = ''] = await side.keys('*')
      await side.set(key, 'not a bucket')
      await gateway.store.take([LIMIT])
      expect(gateway.fallbacks).toEqual(['take'])
      expect((await gateway.store.take([LIMIT])).buckets[0]?.remaining).toBe(LIMIT.capacity - 1)
    })

    it('holds nonsense in a bucket counts it as full', async () => {
      await using gateway = await open(server.url)
      await gateway.store.take([LIMIT])
      const [key = ''] = await side.keys('*')
      await side.hset(key, { tokens: 'nan', at: 'yesterday' })
      expect((await gateway.store.take([LIMIT])).buckets[0]?.remaining).toBe(LIMIT.capacity - 1)
      await side.hset(key, { tokens: '-inf' })
      expect((await gateway.store.take([LIMIT])).buckets[0]?.remaining).toBe(LIMIT.capacity - 1)
    })

    it('did a reservation after its deadline undoes it', async () => {
      await using gateway = await open(server.url, { deadlineMs: 1000 })
      await gateway.store.reserve('first', [{ ...LIMIT, cost: 10 }], 60_000)
      server.pause()
      expect((await gateway.store.reserve('late', [{ ...LIMIT, cost: 500 }], 60_000)).taken).toBe(true)
      expect(gateway.fallbacks).toEqual(['reserve'])
      server.resume()
      await gateway.until(async () => (await side.keys('*:reservation:*')).length === 1)
      expect((await gateway.store.take([{ ...LIMIT, cost: 0 }])).buckets[0]?.remaining).toBe(LIMIT.capacity - 10)
    })

    it('is looked into shows neither names nor addresses', async () => {
      await using gateway = await open(server.url)
      const words = 'alice 2001:db8::/64 {x}\n*'
      await gateway.store.set(`main/limits/${words}`, 'x', 60_000)
      await gateway.store.add(`main/limits/n${words}`, 1, 60_000)
      await gateway.store.reserve(
        'id',
        [
          { ...LIMIT, key: `main/limits/${words}` },
          { key: `main/limits/${words}`, slots: 1 },
        ],
        60_000,
      )
      const keys = await side.keys('*')
      expect(keys).toHaveLength(5)
      expect(new Set(keys.map(key => /\{.*\}/.exec(key)?.[0])).size).toBe(1)
      for (const key of keys) expect(key).toMatch(/^sluice:\{[\w-]{22}\}:1:(value|bucket|slots|reservation):[\w-]{22}$/)
      for (const key of keys) expect(await side.pttl(key), key).not.toBe(key.includes(':bucket:') ? 0 : -1)
    })
  })
}

const LIMIT: Bucket = { key: 'main/limits/a', cost: 1, capacity: 1000, refill: 0, periodMs: 1000 }

interface Manner {
  /** How long a command may take. Long, where a test is not about time: the machine may be busy. */
  readonly deadlineMs?: number
  readonly awaitReady?: boolean
}

async function open(url: string, { deadlineMs = 5000, awaitReady = true }: Manner = {}) {
  const fallbacks: StoreOperation[] = []
  const changes: boolean[] = []
  const store = new StandingInStore({
    shared: new RedisStore({ url, deadlineMs }),
    local: new MemoryStore(clock),
    instances: 1,
    clock,
    onFallback: operation => void fallbacks.push(operation),
    onChange: up => void changes.push(up),
  })
  if (awaitReady) await store.ready()
  return {
    store,
    fallbacks,
    changes,
    load: () => startLoad(store),
    /** Looks again after each turn of the event loop. The limit of the test is the limit of the waiting. */
    async until(condition: () => boolean | Promise<boolean>): Promise<void> {
      while (!(await condition())) await new Promise(resolve => setImmediate(resolve))
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}

/** Reserves and settles without a pause, until it is stopped. */
function startLoad(store: StandingInStore) {
  const failures: unknown[] = []
  const load = { done: 0, slowestMs: 0, stop }
  let stopped = false
  const worker = async (): Promise<void> => {
    while (!stopped) {
      const begun = performance.now()
      const id = randomUUID()
      const demands = [
        { ...LIMIT, refill: 1000 },
        { key: 'main/limits/seats', slots: 100 },
      ]
      try {
        await store.reserve(id, demands, 60_000)
        await store.settle(id, demands, [0, 0])
      } catch (error) {
        failures.push(error)
      }
      load.slowestMs = Math.max(load.slowestMs, performance.now() - begun)
      load.done++
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  const workers = Array.from({ length: 8 }, worker)
  async function stop(): Promise<readonly unknown[]> {
    stopped = true
    await Promise.all(workers)
    return failures
  }
  return load
}
