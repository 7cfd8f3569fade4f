/** One limit: how much of what, in what time, for whom; and what it wants of the store for a call. */
import type { Call, Demand, TakeResult } from './contract.ts'
import type { CallAmounts } from './estimate.ts'
import type { LimitState } from './limit-headers.ts'
import { type SubjectKind, subjectOf } from './subject.ts'

/** What can be limited. `concurrent` is calls at a time; all others are in a time. */
export const LIMIT_UNITS = ['requests', 'input_tokens', 'output_tokens', 'tokens', 'dollars', 'concurrent'] as const
export type LimitUnit = (typeof LIMIT_UNITS)[number]

export const LIMIT_PERIODS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

/** All that `Limit.name` can be: a closed list, for the labels of metrics. */
export const LIMIT_NAMES: readonly string[] = LIMIT_UNITS.flatMap(unit =>
  unit === 'concurrent' ? unit : [...Object.keys(LIMIT_PERIODS), 'other'].map(period => `${unit}_per_${period}`),
)

export interface Limit {
  readonly name: string
  readonly unit: LimitUnit
  /** `60 requests a minute`. */
  readonly words: string
  readonly amount: number
  /** How much of it may be used at once. */
  readonly capacity: number
  /** 0: at a time. */
  readonly periodMs: number
  readonly per: SubjectKind
}

/** @throws Error when there can be no such limit */
export function limitOf(unit: LimitUnit, amount: number, every: number, per: SubjectKind, burst = amount): Limit {
  if (unit === 'concurrent') {
    if (!Number.isInteger(amount)) throw new Error(`of concurrent calls there can be no ${amount}; give a whole number`)
    return { name: unit, unit, words: `${amount} calls at a time`, amount, capacity: amount, periodMs: 0, per }
  }
  const period = Object.entries(LIMIT_PERIODS).find(([, periodMs]) => periodMs === every)?.[0]
  const time = period === undefined ? `in ${every / 1000} s` : period === 'hour' ? 'an hour' : `a ${period}`
  const words = `${amount} ${unit.replace('_', ' ')} ${time}`
  return { name: `${unit}_per_${period ?? 'other'}`, unit, words, amount, capacity: burst, periodMs: every, per }
}

/**
 * What a limit wants of the store. A call that is larger than its bucket gets it whole: it has to wait until the bucket
 * is full, and not for ever.
 */
export function demandOf(limit: Limit, call: Call, amounts: CallAmounts): Demand {
  const { name, unit, amount, capacity, periodMs, per } = limit
  const key = `${name}${name.endsWith('other') ? periodMs : ''}:${subjectOf(call, per).key}`
  if (unit === 'concurrent') return { key, slots: amount }
  return { key, cost: Math.min(amountOf(limit, amounts), capacity), capacity, refill: amount, periodMs }
}

/** How a caller stands to limits that were asked for together. */
export function limitStates(limits: readonly Limit[], { buckets }: TakeResult): readonly LimitState[] {
  return limits.map(({ unit, amount }, index) => {
    const { remaining = 0, resetMs = 0 } = buckets[index] ?? {}
    return { unit, amount, remaining, resetMs }
  })
}

/** How much of what is limited a call uses. */
export function amountOf({ unit }: Limit, { usage, dollars }: CallAmounts): number {
  switch (unit) {
    case 'requests':
      return 1
    case 'input_tokens':
      return usage.input
    case 'output_tokens':
      return usage.output
    case 'tokens':
      return usage.input + usage.output
    case 'dollars':
      return dollars ?? 0
    case 'concurrent':
      return 0
  }
}

/** Of limits that were asked for together and refused, the one that a call has to wait for longest. */
export function scarcest(limits: readonly Limit[], { buckets }: TakeResult, amounts: CallAmounts): Limit | undefined {
  const short = limits.map((limit, index) => shortfall(limit, buckets[index], amounts))
  return limits[short.indexOf(Math.max(...short))]
}

/** How long a limit is short of what a call costs, in milliseconds; below 0 when it has more than that. */
function shortfall(limit: Limit, state: TakeResult['buckets'][number] | undefined, amounts: CallAmounts): number {
  const { remaining = 0, resetMs = 0 } = state ?? {}
  const { unit, capacity, periodMs, amount } = limit
  if (unit === 'concurrent') return remaining >= 1 ? Number.NEGATIVE_INFINITY : 1000
  // Of a bucket in debt, `remaining` says no more than 0.
  return resetMs - ((capacity - Math.min(amountOf(limit, amounts), capacity)) * periodMs) / amount
}
