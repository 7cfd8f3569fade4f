/**
 * The scripts that keep the texts of a step: the texts by their keys, when the time of each is over, and how many bytes
 * they are together, in three keys of Redis. Where one of the three is gone, evicted or deleted, the others tell nothing
 * any more, and the step begins anew.
 */
import { NOW, script } from './redis-scripts.ts'

/** Texts that are over and are cleared away with one that is new: more go than come. */
const CLEARED = 100

/**
 * KEYS: the texts, their ends, their bytes. ARGV: key, text, time to live in ms, bytes of all texts at most, now or ''.
 * Returns whether it was kept.
 */
export const REMEMBER = script(`${NOW}
local texts, ends, bytes = KEYS[1], KEYS[2], KEYS[3]
local key, text, ttl, most, time = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), now(ARGV[5])
if redis.call('EXISTS', texts, ends, bytes) < 3 then redis.call('UNLINK', texts, ends, bytes) end
local total = tonumber(redis.call('GET', bytes) or '0') or 0
local function drop(each)
  total = total - redis.call('HSTRLEN', texts, each)
  redis.call('HDEL', texts, each)
  redis.call('ZREM', ends, each)
end
drop(key)
for _, each in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', time, 'LIMIT', 0, ${CLEARED})) do drop(each) end
local kept = #text <= most
while kept and total + #text > most do
  local oldest = redis.call('ZRANGE', ends, 0, 0)[1]
  if not oldest then break end
  drop(oldest)
end
if kept then
  redis.call('HSET', texts, key, text)
  redis.call('ZADD', ends, string.format('%.3f', time + ttl), key)
  total = total + #text
end
redis.call('SET', bytes, string.format('%.0f', math.max(0, total)), 'KEEPTTL')
local longest = math.max(ttl, redis.call('PTTL', texts))
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], string.format('%.0f', longest)) end
return kept and 1 or 0
`)

/** KEYS: the texts, their ends. ARGV: key, now or ''. Returns the text, or nil. */
export const RECALL = script(`${NOW}
local till = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not till or tonumber(till) <= now(ARGV[2]) then return false end
return redis.call('HGET', KEYS[1], ARGV[1])
`)
