/** A process of its own: takes from one bucket in Redis as often as it is told, all at once, and says how often it could. */
import { RedisStore } from '../../src/services/store-redis.ts'

const [url = '', key = '', times = '0', capacity = '0'] = process.argv.slice(2)
const store = new RedisStore({ url, deadlineMs: 10_000 })
await store.ready()
process.send?.('ready')
process.once('message', async () => {
  const bucket = { key, cost: 1, capacity: Number(capacity), refill: 0, periodMs: 1000 }
  const results = await Promise.all(Array.from({ length: Number(times) }, () => store.take([bucket])))
  process.send?.(results.filter(({ taken }) => taken).length)
  await store.close()
  process.disconnect?.()
})
