/**
 * State in Redis or Valkey, shared by all instances. Keys are `sluice:{hash of the step}:1:kind:hash`: neither a secret nor
 * a client's word can be in them; the 1 is the version of what stands behind them.
 */
import { hash } from 'node:crypto'
import type { Bucket, Demand, TakeResult, TextBounds } from '../contract.ts'
import { checkedTtl, costOf, isSlots, takeResult } from './demands.ts'
import { RedisLink, type RedisLinkOptions } from './redis-link.ts'
import { ADD, RENEW, RESERVE, type Script, SETTLE } from './redis-scripts.ts'
import { RECALL, REMEMBER } from './redis-texts.ts'
import { type StoreDriver, StoreOutage, stepOf } from './store-driver.ts'

export interface RedisStoreOptions extends RedisLinkOptions {
  /** Milliseconds since 1970, instead of the server's own time. */
  readonly now?: () => number
}

/** Milliseconds; texts may be a thousand times as long as anything else. */
const TEXT_DEADLINE_MS = 250

/** Its methods throw `StoreOutage` when Redis does not do as it is told. */
export class RedisStore implements StoreDriver {
  readonly #link: RedisLink
  readonly #openTextLink: () => RedisLink
  /** Texts have a connection of their own, so that limits do not wait behind them. Absent until there is one. */
  #textLink: RedisLink | undefined
  readonly #now: () => string

  constructor({ now, ...link }: RedisStoreOptions) {
    this.#link = new RedisLink(link)
    this.#openTextLink = () => new RedisLink({ deadlineMs: TEXT_DEADLINE_MS, ...link })
    this.#now = now ? () => String(now()) : () => ''
  }

  async get(key: string): Promise<string | undefined> {
    const value = await this.#link.command('GET', keyOf('value', key))
    return typeof value === 'string' ? value : undefined
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    await this.#link.command('SET', keyOf('value', key), value, 'PX', wholeMs(ttlMs))
  }

  async add(key: string, amount: number, ttlMs: number): Promise<number> {
    if (!Number.isFinite(amount)) throw new RangeError(`cannot add ${amount} to "${key}"`)
    const [added, sum] = listOf(await this.#run(ADD, [keyOf('value', key)], [String(amount), wholeMs(ttlMs)]))
    if (added !== 1) throw new RangeError(`cannot add ${amount} to "${key}", which holds ${sum}`)
    return Number(sum)
  }

  async remember(key: string, text: string, { ttlMs, maxBytes }: TextBounds): Promise<void> {
    const bounds = [wholeMs(ttlMs), String(maxBytes), this.#now()]
    await this.#runOnTexts(REMEMBER, key, [fieldOf(key), text, ...bounds])
  }

  async recall(key: string): Promise<string | undefined> {
    const text = await this.#runOnTexts(RECALL, key, [fieldOf(key), this.#now()])
    return typeof text === 'string' ? text : undefined
  }

  async take(buckets: readonly Bucket[]): Promise<TakeResult> {
    return this.#reserve('', buckets, 0)
  }

  async reserve(id: string, demands: readonly Demand[], ttlMs: number): Promise<TakeResult> {
    return this.#reserve(id, demands, checkedTtl(ttlMs))
  }

  async settle(id: string, demands: readonly Demand[], used: readonly number[]): Promise<boolean> {
    const values = demands.flatMap((demand, index) => {
      if (isSlots(demand)) return ['slots', '0', '0', '0', '0']
      return ['bucket', String(used[index] ?? 0), String(demand.capacity), rateOf(demand), keepOf(demand)]
    })
    return (await this.#run(SETTLE, keysOf(demands, id), [this.#now(), id, ...values])) === 1
  }

  async renew(id: string, demands: readonly Demand[], ttlMs: number): Promise<boolean> {
    const [reservation = ''] = keysOf(demands, id).slice(-1)
    const slots = demands.filter(isSlots).map(({ key }) => keyOf('slots', key))
    return (await this.#run(RENEW, [...slots, reservation], [wholeMs(ttlMs), this.#now(), id])) === 1
  }

  ready(): Promise<void> {
    return this.#link.ready
  }

  async close(): Promise<void> {
    this.#link.close()
    this.#textLink?.close()
  }

  async #reserve(id: string, demands: readonly Demand[], ttlMs: number): Promise<TakeResult> {
    if (demands.length === 0) return takeResult([], [], true)
    const values = demands.flatMap(demand => {
      if (isSlots(demand)) return ['slots', String(demand.slots), '', '', '', '']
      const { cost, capacity, overdraw } = demand
      return ['bucket', String(cost), String(capacity), rateOf(demand), overdraw === true ? '1' : '0', keepOf(demand)]
    })
    const [taken, ...amounts] = listOf(
      await this.#run(RESERVE, keysOf(demands, id), [String(Math.ceil(ttlMs)), this.#now(), id, ...values]),
    )
    const there = amounts.map(Number)
    // Under an id that is known, what is there lacks what was taken before.
    const before = taken === 2 ? there.map((left, index) => left + costOfPlace(demands, index)) : there
    return takeResult(demands, before, taken !== 0)
  }

  async #runOnTexts(script: Script, key: string, values: readonly string[]): Promise<unknown> {
    this.#textLink ??= this.#openTextLink()
    await this.#textLink.ready
    const keys = ['texts', 'ends', 'bytes'].map(name => keyOf(`text-${name}`, stepOf(key)))
    return this.#run(script, keys, values, this.#textLink)
  }

  async #run(
    script: Script,
    keys: readonly string[],
    values: readonly string[],
    link: RedisLink = this.#link,
  ): Promise<unknown> {
    try {
      return await link.run(script, keys, values)
    } catch (error) {
      // Somebody else wrote there. Without the key the next call finds its feet again.
      if (error instanceof StoreOutage && error.message.startsWith('WRONGTYPE')) await link.forget(keys)
      throw error
    }
  }
}

function costOfPlace(demands: readonly Demand[], index: number): number {
  const demand = demands[index]
  return demand ? costOf(demand) : 0
}

function keysOf(demands: readonly Demand[], id: string): readonly string[] {
  const own = demands.map(demand => keyOf(isSlots(demand) ? 'slots' : 'bucket', demand.key))
  return [...own, keyOf('reservation', `${stepOf(demands[0]?.key ?? '')}${id}`)]
}

/** What belongs to one step must live together in a cluster. */
function keyOf(kind: string, key: string): string {
  return `sluice:{${digest(stepOf(key))}}:1:${kind}:${fieldOf(key)}`
}

/** A key of a step, in as many characters as any other. */
function fieldOf(key: string): string {
  return digest(key.slice(stepOf(key).length))
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}

function rateOf({ refill, periodMs }: Bucket): string {
  return String(refill / periodMs)
}

/** 0: for ever. */
function keepOf({ keepMs }: Bucket): string {
  return keepMs === undefined ? '0' : String(Math.ceil(keepMs))
}

function wholeMs(ttlMs: number): string {
  return String(Math.ceil(checkedTtl(ttlMs)))
}

/** @throws StoreOutage when Redis answered something else than its script says */
function listOf(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer
  throw new StoreOutage('Redis answered something else than a list')
}
