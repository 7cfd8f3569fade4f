/** How long commands wait for a real Redis. */
import { describe, expect, it, test } from 'vitest'
import { RedisLink } from '../../src/services/redis-link.ts'
import { StoreOutage, UnfitStore } from '../../src/services/store-driver.ts'
import { redisMissing, startRedis } from '../support/redis.ts'

const missing = redisMissing()

if (missing !== undefined) test.skip(`the connection to Redis: ${missing}`, () => {})
else {
  describe('a command waits', () => {
    it('for those before it, as long as they are answered', async () => {
      await using redis = await startRedis()
      using link = await open(redis.url, 500)
      const answers = await Promise.all(Array.from({ length: 6 }, () => link.slow(0.2)))
      expect(answers).toEqual([null, null, null, null, null, null])
    })

    it('not for ever, even so', async () => {
      await using redis = await startRedis()
      using link = await open(redis.url, 100)
      const waiting = Array.from({ length: 30 }, () => link.slow(0.06))
      const results = await Promise.allSettled(waiting)
      expect(results.at(-1)).toMatchObject({ status: 'rejected', reason: expect.any(StoreOutage) })
    })

    it('not for a Redis that says nothing', async () => {
      await using redis = await startRedis()
      using link = await open(redis.url, 100)
      const startedAt = performance.now()
      await expect(link.slow(60)).rejects.toThrow('no answer within 100 ms')
      expect(performance.now() - startedAt).toBeGreaterThan(99)
    })
  })

  it('a node of a cluster is refused, and one that is found later says what it is', async () => {
    await using redis = await startRedis(['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'])
    const link = new RedisLink({ url: redis.url, deadlineMs: 5000 })
    await expect(link.ready).rejects.toThrow(UnfitStore)
    await expect(link.command('GET', 'a')).rejects.toThrow('cluster mode, which is not supported')
    link.close()
  })
}

async function open(url: string, deadlineMs: number) {
  const link = new RedisLink({ url, deadlineMs })
  await link.ready
  return {
    /** Is answered so many seconds after the one before it. */
    slow: (seconds: number) => link.command('BLPOP', 'nothing', String(seconds)),
    [Symbol.dispose]: () => link.close(),
  }
}
