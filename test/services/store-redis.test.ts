import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RedisStore } from '../../src/services/store-redis.ts'
import { type RedisServer, redisMissing, startRedis } from '../support/redis.ts'
import { describeLimits } from './limits-model.ts'
import { BUCKET, describeStore, type StoreUnderTest } from './store-suite.ts'

/** A database of our own in a server that may serve others. */
const DATABASE = 9

const missing = process.env.REDIS_URL === undefined ? redisMissing() : undefined

if (missing !== undefined) test.skip(`Redis: ${missing}`, () => {})
else {
  describe('Redis', () => {
    let server: RedisServer | undefined
    let opened: Opened
    beforeAll(async () => {
      if (process.env.REDIS_URL === undefined) server = await startRedis()
      opened = await open(process.env.REDIS_URL ?? server?.url ?? '')
    })
    afterAll(async () => {
      await opened.close()
      await server?.[Symbol.asyncDispose]()
    })
    describeStore(() => opened)
    describeLimits(() => opened, 150)

    test.each(['texts', 'ends', 'bytes'])(
      'texts begin anew where the key of their %s was lost or spoiled',
      async which => {
        const { driver, side } = opened
        const step = randomUUID()
        const bounds = { ttlMs: 60_000, maxBytes: 1000 }
        const before = new Set(await side.keys('*'))
        await driver.remember(`${step}/s/a`, 'a', bounds)
        const key = (await side.keys(`*:text-${which}:*`)).find(each => !before.has(each)) ?? ''
        await side.del(key)
        await driver.remember(`${step}/s/b`, 'b', bounds)
        expect([await driver.recall(`${step}/s/a`), await driver.recall(`${step}/s/b`)]).toEqual([undefined, 'b'])
        await side.del(key)
        await side.lpush(key, 'not ours')
        await driver.remember(`${step}/s/c`, 'c', bounds).catch(() => {})
        await driver.remember(`${step}/s/d`, 'd', bounds)
        expect(await driver.recall(`${step}/s/d`)).toBe('d')
      },
    )

    test('a bucket stands still while the clock of the server is behind', async () => {
      const { driver, pass } = opened
      const bucket = { ...BUCKET, key: `${randomUUID()}/step/a` }
      const left = async () => (await driver.take([{ ...bucket, cost: 0 }])).buckets[0]?.remaining
      await driver.take([{ ...bucket, cost: 8 }])
      await pass(-5000)
      expect(await left()).toBe(2)
      expect((await driver.take([{ ...bucket, cost: 1 }])).buckets[0]?.remaining).toBe(1)
      await pass(5000)
      expect(await left()).toBe(1)
      await pass(100)
      expect(await left()).toBe(2)
    })
  })
}

interface Opened extends StoreUnderTest {
  /** Another connection to the same database. */
  readonly side: Redis
  close(): Promise<void>
}

async function open(base: string): Promise<Opened> {
  const url = new URL(base)
  url.pathname = `/${DATABASE}`
  const side = new Redis(url.href)
  await side.flushdb()
  let time = 5000
  const driver = new RedisStore({ url: url.href, deadlineMs: 10_000, now: () => time })
  await driver.ready()
  return {
    driver,
    side,
    now: () => time,
    async pass(ms) {
      time += ms
      await bringForward(side, ms)
    },
    async close() {
      await driver.close()
      side.disconnect()
    },
  }
}

/** Lets every key expire so much sooner: the server's own time cannot be put forward. */
async function bringForward(redis: Redis, ms: number): Promise<void> {
  const keys = await redis.keys('*')
  await Promise.all(
    keys.map(async key => {
      const left = await redis.pttl(key)
      if (left >= 0) await redis.pexpire(key, Math.max(0, left - ms))
    }),
  )
}
