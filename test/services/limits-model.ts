/**
 * Limits of every kind at once — requests, tokens, dollars, calls at a time — held against a reference that is too simple
 * to be wrong, over any order of calls that come, end, fail, are settled twice or given up, and of time that goes by.
 */
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Bucket, Demand, Reservation, Store } from '../../src/contract.ts'
import { sharedStore } from '../../src/services/store.ts'
import type { StoreUnderTest } from './store-suite.ts'

const TTL_MS = 60_000
/** Sums of fractions are not exact. */
const TOLERANCE = 1e-6
const CALLERS = ['alice', 'bob'] as const
type Caller = (typeof CALLERS)[number]

interface Estimate {
  readonly caller: Caller
  readonly tokens: number
  readonly cents: number
}

const REQUESTS = { capacity: 4, refill: 6, periodMs: 60_000 }
const TOKENS = { capacity: 1000, refill: 3000, periodMs: 60_000 }
const CENTS = { capacity: 50, refill: 0, periodMs: 1000, keepMs: 1e9 }
const SEATS = 3

/** Requests and tokens of each caller, dollars and seats of all together. */
function demandsOf({ caller, tokens, cents }: Estimate): readonly Demand[] {
  return [
    { ...REQUESTS, key: `requests:${caller}`, cost: 1 },
    { ...TOKENS, key: `tokens:${caller}`, cost: tokens },
    { ...CENTS, key: 'cents', cost: cents },
    { key: 'seats', slots: SEATS },
  ]
}

function isBucket(demand: Demand): demand is Bucket {
  return 'cost' in demand
}

interface Held {
  readonly demands: readonly Demand[]
  readonly until: number
}

/** The reference: what each bucket holds, refilled with every step of time, and who holds a seat. */
class Model {
  now = 0
  readonly #levels = new Map<string, number>()
  /** By number of the call, in the order in which they came. */
  readonly held = new Map<number, Held>()
  calls = 0

  left(demand: Demand): number {
    if (isBucket(demand)) return this.#levels.get(demand.key) ?? demand.capacity
    return demand.slots - [...this.held.values()].filter(({ until }) => until > this.now).length
  }

  has(demands: readonly Demand[]): boolean {
    return demands.every(demand => this.left(demand) + TOLERANCE >= (isBucket(demand) ? demand.cost : 1))
  }

  take(demands: readonly Demand[]): void {
    for (const demand of demands) if (isBucket(demand)) this.#add(demand, -demand.cost)
    this.held.set(this.calls, { demands, until: this.now + TTL_MS })
  }

  /** What was reserved too long ago stays charged, and its seat is long free. */
  settle(call: number, used: readonly number[]): void {
    const held = this.held.get(call)
    this.held.delete(call)
    if (!held || held.until <= this.now) return
    for (const [index, demand] of held.demands.entries()) {
      if (isBucket(demand)) this.#add(demand, demand.cost - (used[index] ?? 0))
    }
  }

  pass(ms: number): void {
    this.now += ms
    for (const demand of CALLERS.flatMap(caller => demandsOf({ caller, tokens: 0, cents: 0 }))) {
      if (isBucket(demand)) this.#add(demand, (ms * demand.refill) / demand.periodMs)
    }
  }

  #add({ key, capacity }: Bucket, amount: number): void {
    this.#levels.set(key, Math.min(capacity, (this.#levels.get(key) ?? capacity) + amount))
  }
}

interface Real {
  readonly store: Store
  readonly pass: (ms: number) => Promise<void>
  readonly held: Map<number, Reservation>
}

type Command = fc.AsyncCommand<Model, Real>

function expectLeft(model: Model, demands: readonly Demand[], { buckets }: Pick<Reservation, 'buckets'>): void {
  for (const [index, demand] of demands.entries()) {
    expect(buckets[index]?.remaining, demand.key).toBeCloseTo(Math.max(0, model.left(demand)), 5)
  }
}

class Come implements Command {
  readonly #estimate: Estimate
  constructor(estimate: Estimate) {
    this.#estimate = estimate
  }
  check = (): boolean => true
  async run(model: Model, { store, held }: Real): Promise<void> {
    const demands = demandsOf(this.#estimate)
    const fits = model.has(demands)
    const reservation = await store.reserve(demands)
    expect(reservation.taken).toBe(fits)
    expect(reservation.waitMs > 0).toBe(!fits)
    if (fits) {
      model.take(demands)
      held.set(model.calls, reservation)
    }
    model.calls++
    expectLeft(model, demands, reservation)
  }
  toString = (): string => `come(${JSON.stringify(this.#estimate)})`
}

/** A call ends: it has used so much. A failed one has used only its request. */
class End implements Command {
  readonly #which: number
  readonly #used: readonly number[]
  readonly #times: number
  constructor(which: number, used: readonly number[], times: number) {
    this.#which = which
    this.#used = used
    this.#times = times
  }
  check = ({ held }: Readonly<Model>): boolean => held.size > 0
  async run(model: Model, { held }: Real): Promise<void> {
    const [call = 0] = [...model.held.keys()].slice(this.#which % model.held.size)
    model.settle(call, this.#used)
    for (let time = 0; time < this.#times; time++) await held.get(call)?.settle(this.#used)
  }
  toString = (): string => `end(${this.#which}, [${this.#used}], ${this.#times} times)`
}

class Pass implements Command {
  readonly #ms: number
  constructor(ms: number) {
    this.#ms = ms
  }
  /** A server's own clock cannot be stopped: no reservation is to run out within the time that a test takes. */
  check = ({ held, now }: Readonly<Model>): boolean => {
    const then = now + this.#ms
    return ![...held.values()].some(({ until }) => then < until && until - then < 5000)
  }
  async run(model: Model, { pass }: Real): Promise<void> {
    model.pass(this.#ms)
    await pass(this.#ms)
  }
  toString = (): string => `pass(${this.#ms})`
}

/** Nobody takes anything: everything is as the reference says. */
class Look implements Command {
  check = (): boolean => true
  async run(model: Model, { store }: Real): Promise<void> {
    const demands = CALLERS.flatMap(caller => demandsOf({ caller, tokens: 0, cents: 0 }))
    const buckets = demands.filter(isBucket).map(bucket => ({ ...bucket, cost: 0, overdraw: true }))
    expectLeft(model, buckets, await store.take(buckets))
  }
  toString = (): string => 'look'
}

const cents = fc.integer({ min: 0, max: 20 })
const tokens = fc.integer({ min: 0, max: 600 })
const commands = [
  fc.record({ caller: fc.constantFrom(...CALLERS), tokens, cents }).map(estimate => new Come(estimate)),
  fc
    .tuple(fc.nat(10), fc.oneof(fc.tuple(tokens, cents), fc.constant([0, 0] as const)), fc.integer({ min: 1, max: 2 }))
    .map(([which, [used, spent], times]) => new End(which, [1, used, spent, 0], times)),
  fc.constantFrom(1, 40, 700, 9000, 21_000, 70_000).map(ms => new Pass(ms)),
  fc.constant(new Look()),
]

/** @param runs how many orders of events are tried */
export function describeLimits(underTest: () => StoreUnderTest, runs: number): void {
  it('limits of all kinds together agree with a simple reference, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 40 }), async plan => {
        const { driver, pass } = underTest()
        const store = sharedStore(driver).forStep(randomUUID(), 'step')
        await fc.asyncModelRun(() => ({ model: new Model(), real: { store, pass, held: new Map() } }), plan)
      }),
      { numRuns: runs },
    )
  }, 60_000)
}
