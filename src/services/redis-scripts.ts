/**
 * What runs inside Redis, each script as one step that nothing comes between. Time is the server's own (`TIME`), so that
 * instances need not agree on it; should it jump back, buckets stand still until it has caught up. Numbers travel as
 * text, because Redis cuts fractions off. All keys of a script share one hash tag, so that a cluster can run it.
 */
import { hash } from 'node:crypto'

export interface Script {
  readonly lua: string
  /** What `EVALSHA` knows it by. Another text has another one, so that old and new instances can run side by side. */
  readonly sha: string
}

export function script(lua: string): Script {
  return { lua, sha: hash('sha1', lua, 'hex') }
}

export const NOW = `
local function now(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000
end
`

/** A bucket is the tokens that it held at a time. `read` refills it up to now. */
const BUCKETS = `
local function number(text, otherwise)
  local value = tonumber(text)
  if value == nil or value ~= value or math.abs(value) == math.huge then return otherwise end
  return value
end
local function read(key, capacity, rate, time)
  local held = redis.call('HMGET', key, 'tokens', 'at')
  local tokens, at = number(held[1], capacity), number(held[2], time)
  return math.min(capacity, tokens + math.max(0, time - at) * rate), math.max(at, time)
end
local function write(key, tokens, at, capacity, rate, keep)
  redis.call('HSET', key, 'tokens', string.format('%.17g', tokens), 'at', string.format('%.3f', at))
  if rate > 0 then redis.call('PEXPIRE', key, string.format('%.0f', math.min(1e12, (capacity - tokens) / rate + 60000)))
  elseif keep > 0 then redis.call('PEXPIRE', key, string.format('%.0f', keep))
  else redis.call('PERSIST', key) end
end
`

/**
 * KEYS: each demand, then the reservation. ARGV: time to live in ms (0: no reservation, a mere take), now or '', id, then
 * for each demand either 'slots', slots, or 'bucket', cost, capacity, rate per ms, overdraw, ms to keep (6 each).
 * Returns whether it was taken (2: already before), and what was there of each before.
 */
export const RESERVE = script(`${NOW}${BUCKETS}
local n = #KEYS - 1
local ttl, time, id = tonumber(ARGV[1]), now(ARGV[2]), ARGV[3]
local known = ttl > 0 and redis.call('EXISTS', KEYS[n + 1]) == 1
local fits, there, since = true, {}, {}
for i = 1, n do
  local a = 4 + (i - 1) * 6
  if ARGV[a] == 'slots' then
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', time)
    there[i] = tonumber(ARGV[a + 1]) - redis.call('ZCARD', KEYS[i])
    if there[i] < 1 then fits = false end
  else
    there[i], since[i] = read(KEYS[i], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), time)
    if ARGV[a + 4] ~= '1' and there[i] + 1e-9 < tonumber(ARGV[a + 1]) then fits = false end
  end
end
local reply = { known and 2 or fits and 1 or 0 }
for i = 1, n do reply[i + 1] = string.format('%.17g', there[i]) end
if known or not fits then return reply end
for i = 1, n do
  local a = 4 + (i - 1) * 6
  if ARGV[a] == 'slots' then
    redis.call('ZADD', KEYS[i], string.format('%.3f', time + ttl), id)
    redis.call('PEXPIRE', KEYS[i], ttl + 1000)
  else
    local cost = tonumber(ARGV[a + 1])
    if cost > 0 then
      write(KEYS[i], there[i] - cost, since[i], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), tonumber(ARGV[a + 5]))
    end
    if ttl > 0 then redis.call('HSET', KEYS[n + 1], i, ARGV[a + 1]) end
  end
end
if ttl > 0 then
  redis.call('HSET', KEYS[n + 1], 'id', id)
  redis.call('PEXPIRE', KEYS[n + 1], ttl)
end
return reply
`)

/**
 * KEYS: each demand, then the reservation. ARGV: now or '', id, then for each demand 'slots' or 'bucket', used, capacity,
 * rate per ms, ms to keep (5 each). Returns 1, or 0 when there is no such reservation (any more).
 */
export const SETTLE = script(`${NOW}${BUCKETS}
local n = #KEYS - 1
if redis.call('EXISTS', KEYS[n + 1]) == 0 then return 0 end
local time, id = now(ARGV[1]), ARGV[2]
for i = 1, n do
  local a = 3 + (i - 1) * 5
  if ARGV[a] == 'slots' then
    redis.call('ZREM', KEYS[i], id)
  else
    local capacity, rate = tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
    local more = tonumber(ARGV[a + 1]) - number(redis.call('HGET', KEYS[n + 1], i), 0)
    if more ~= 0 then
      local tokens, at = read(KEYS[i], capacity, rate, time)
      write(KEYS[i], math.min(capacity, tokens - more), at, capacity, rate, tonumber(ARGV[a + 4]))
    end
  end
end
redis.call('DEL', KEYS[n + 1])
return 1
`)

/** KEYS: the slots, then the reservation. ARGV: time to live in ms, now or '', id. Returns 0 when it is gone. */
export const RENEW = script(`${NOW}
local n = #KEYS - 1
if redis.call('EXISTS', KEYS[n + 1]) == 0 then return 0 end
local ttl, time = tonumber(ARGV[1]), now(ARGV[2])
for i = 1, n do
  redis.call('ZADD', KEYS[i], 'XX', string.format('%.3f', time + ttl), ARGV[3])
  redis.call('PEXPIRE', KEYS[i], ttl + 1000)
end
redis.call('PEXPIRE', KEYS[n + 1], ttl)
return 1
`)

/** KEYS: the number. ARGV: amount, time to live in ms from the first addition. Returns 1 and the sum, or 0 and the text that is no number. */
export const ADD = script(`
local held = redis.call('GET', KEYS[1])
if held and tonumber(held) == nil then return { 0, held } end
local sum = redis.call('INCRBYFLOAT', KEYS[1], ARGV[1])
if not held then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return { 1, sum }
`)
