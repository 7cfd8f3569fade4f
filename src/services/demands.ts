/** What is wanted of a store, checked and summed up: the arithmetic that all drivers share. */
import type { Bucket, Demand, Slots, TakeResult } from '../contract.ts'

/** Sums of fractions must not keep a call out for a billionth of a token. */
const TOLERANCE = 1e-9

/** Nobody knows when a slot comes free: when to ask again. */
const SLOT_WAIT_MS = 1000

/** Demands of distinct keys, and which of them each demand that was made has become. */
export interface MergedDemands {
  readonly demands: readonly Demand[]
  /** Of each demand as it was made: its place in `demands`. */
  readonly places: readonly number[]
}

export function isSlots(demand: Demand): demand is Slots {
  return 'slots' in demand
}

/** What a demand takes: a bucket's cost, or one slot. */
export function costOf(demand: Demand): number {
  return isSlots(demand) ? 1 : demand.cost
}

/**
 * Adds the costs of buckets up that are named more than once.
 * @throws RangeError when a number makes no sense
 */
export function mergeDemands(wanted: readonly Demand[]): MergedDemands {
  const [only] = wanted
  if (only && wanted.length === 1) {
    checkDemand(only)
    return { demands: wanted, places: ONE_PLACE }
  }
  const merged = new Map<string, Demand>()
  for (const demand of wanted) {
    checkDemand(demand)
    const before = merged.get(demand.key)
    const both = before !== undefined && !isSlots(before) && !isSlots(demand)
    merged.set(demand.key, both ? { ...demand, cost: before.cost + demand.cost } : demand)
  }
  const keys = [...merged.keys()]
  return { demands: [...merged.values()], places: wanted.map(({ key }) => keys.indexOf(key)) }
}

const ONE_PLACE: readonly number[] = [0]

/** What was used of each distinct demand, from what was used of each as it was made. */
export function mergeUsed({ demands, places }: MergedDemands, used: readonly number[]): readonly number[] {
  return demands.map((demand, index) => {
    const own = places.flatMap((place, made) => (place === index ? [used[made] ?? 0] : []))
    return isSlots(demand) ? 0 : own.reduce((sum, each) => sum + each, 0)
  })
}

/** Milliseconds until a demand could be met by what is there; 0: now. */
export function waitFor(demand: Demand, there: number): number {
  if (isSlots(demand)) return there >= 1 ? 0 : demand.slots === 0 ? Number.POSITIVE_INFINITY : SLOT_WAIT_MS
  if (demand.overdraw === true || there + TOLERANCE >= demand.cost) return 0
  return demand.cost > demand.capacity ? Number.POSITIVE_INFINITY : Math.ceil(refillMs(demand, there, demand.cost))
}

/** Milliseconds that a bucket takes to refill from one level to another. */
export function refillMs({ refill, periodMs }: Bucket, from: number, to: number): number {
  if (from >= to) return 0
  return refill === 0 ? Number.POSITIVE_INFINITY : ((to - from) * periodMs) / refill
}

/**
 * The result of asking for demands.
 * @param there what was there of each before anything was taken
 */
export function takeResult(demands: readonly Demand[], there: readonly number[], taken: boolean): TakeResult {
  const waits = demands.map((demand, index) => waitFor(demand, there[index] ?? 0))
  const buckets = demands.map((demand, index) => {
    const left = (there[index] ?? 0) - (taken ? costOf(demand) : 0)
    const resetMs = isSlots(demand) ? 0 : Math.ceil(refillMs(demand, left, demand.capacity))
    return { remaining: Math.max(0, left), resetMs }
  })
  return { taken, waitMs: taken ? 0 : Math.max(1, ...waits), buckets }
}

/** The result for demands as they were made, from the one for distinct demands. */
export function spread(result: TakeResult, { places }: MergedDemands): TakeResult {
  if (places === ONE_PLACE) return result
  return { ...result, buckets: places.map(place => result.buckets[place] ?? { remaining: 0, resetMs: 0 }) }
}

function checkDemand(demand: Demand): void {
  if (isSlots(demand)) {
    if (Number.isInteger(demand.slots) && demand.slots >= 0) return
    throw new RangeError(`slots "${demand.key}": there must be a whole number of 0 or more, not ${demand.slots}`)
  }
  checkAmount(demand, 'cost')
  checkAmount(demand, 'capacity')
  checkAmount(demand, 'refill')
  checkTime(demand, 'periodMs', demand.periodMs)
  checkTime(demand, 'keepMs', demand.keepMs ?? 1)
}

function checkAmount(bucket: Bucket, name: 'cost' | 'capacity' | 'refill'): void {
  const value = bucket[name]
  if (Number.isFinite(value) && value >= 0) return
  throw new RangeError(`bucket "${bucket.key}": ${name} must be a finite number of 0 or more, not ${value}`)
}

function checkTime({ key }: Bucket, name: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return
  throw new RangeError(`bucket "${key}": ${name} must be a finite number above 0, not ${value}`)
}

/** @throws RangeError when an amount that was used is no amount */
export function checkUsed(used: readonly number[]): void {
  const bad = used.find(amount => !(Number.isFinite(amount) && amount >= 0))
  if (bad !== undefined) throw new RangeError(`what was used must be a finite number of 0 or more, not ${bad}`)
}

/** @throws RangeError */
export function checkedTtl(ttlMs: number): number {
  if (!(ttlMs > 0)) throw new RangeError(`ttlMs must be above 0, not ${ttlMs}`)
  return ttlMs
}
