/** What the host lends to processors: log, metrics, store, prices, time, files; part of the contract (`contract.ts`). */
import type { Usage } from './formats/reply-events.ts'
import type { ObjectSchema, OptionsOf } from './options.ts'

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
/** Only what is listed is logged; strings are cut at 256 characters and scrubbed of secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Metrics of one processor. Names get the prefix `sluice_`, labels get the pipeline and the step's label. */
export interface Metrics {
  counter(name: string, help: string, labels?: Labels): Counter
  gauge(name: string, help: string, labels?: Labels): Gauge
  histogram(name: string, help: string, buckets: readonly number[], labels?: Labels): Histogram
}
/** Label names with all their values: a closed list. A value outside it is counted as `other`. */
export type Labels = Readonly<Record<string, readonly string[]>>
export type LabelValues = Readonly<Record<string, string>>
export interface Counter {
  add(amount: number, labels?: LabelValues): void
}
export interface Gauge {
  set(value: number, labels?: LabelValues): void
}
export interface Histogram {
  observe(value: number, labels?: LabelValues): void
}

/** State that instances may share. Keys belong to the pipeline and the step's label. */
export interface Store {
  get(key: string): Promise<string | undefined>
  /** @param ttlMs milliseconds until it is forgotten */
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** Adds to a number that starts at 0 and is forgotten `ttlMs` after its first addition; returns the sum. */
  add(key: string, amount: number, ttlMs: number): Promise<number>
  /**
   * Keeps a text that can be had again if it is lost, such as a reply in a cache: until its time is over, or until newer
   * ones need its room. While the store that instances share is out of reach, nothing stands in for it.
   * @throws Error when it is out of reach
   */
  remember(key: string, text: string, bounds: TextBounds): Promise<void>
  /** A text that was remembered and is still there. @throws Error when the store that instances share is out of reach */
  recall(key: string): Promise<string | undefined>
  /** Takes from all buckets or from none. */
  take(buckets: readonly Bucket[]): Promise<TakeResult>
  /**
   * Takes from all buckets and slots or from none, like `take`, until the reservation is settled. Should this process
   * die before, its slots come free after a minute and the rest stays charged.
   * @throws Error when the store that instances share has been out of reach for longer than `graceMs`
   */
  reserve(demands: readonly Demand[], options?: ReserveOptions): Promise<Reservation>
}
export interface TextBounds {
  readonly ttlMs: number
  /** Bytes of all texts of the step together: those that were kept longest ago make room, one that is larger is not kept. */
  readonly maxBytes: number
}
export type Demand = Bucket | Slots
/** A token bucket: holds `capacity`, refills evenly by `refill` per `periodMs`, and starts full. */
export interface Bucket {
  readonly key: string
  /** 0 asks whether the bucket is in debt, and takes nothing. */
  readonly cost: number
  readonly capacity: number
  readonly refill: number
  readonly periodMs: number
  /** Charges the cost whatever is left: the bucket may go into debt, and refuses others until it has refilled. */
  readonly overdraw?: boolean
  /** How long a bucket that is never refilled is remembered after it was last charged. Absent: for ever. */
  readonly keepMs?: number
}
/** What no more than so many reservations may hold at a time. */
export interface Slots {
  readonly key: string
  /** 0 or more. */
  readonly slots: number
}
export interface ReserveOptions {
  /**
   * While the store that instances share is out of reach, each of them decides by a share of its own. For how long it may
   * do so, in milliseconds; absent: for as long as it takes.
   */
  readonly graceMs?: number
}
export interface TakeResult {
  readonly taken: boolean
  /** Of each bucket: what is left, and how long until it is full again. */
  readonly buckets: readonly { readonly remaining: number; readonly resetMs: number }[]
  /** How long until all of them could be taken; `Infinity` when a cost is over a capacity. 0 when taken. */
  readonly waitMs: number
}
/** What `reserve` came to. Of slots, `remaining` is how many are free. */
export interface Reservation extends TakeResult {
  /**
   * Frees the slots, and charges what was really used instead of what was reserved; a bucket may go into debt by it. Only
   * the first call counts. Never rejects.
   * @param used what each demand has cost in the end, in their order; of slots it does not matter. Absent: what was
   *   reserved stays charged. 0 gives a reservation back.
   */
  settle(used?: readonly number[]): Promise<void>
}

/** What calls cost: the table `[prices]` of the configuration, and behind it the providers' published list prices. */
export interface Prices {
  /**
   * @param provider the configured provider's name
   * @returns US dollars; `undefined` when the price is not known
   */
  cost(provider: string, model: string, usage: Usage): number | undefined
}

/** Time, so that tests need not wait for it. */
export interface Clock {
  /** Milliseconds that only ever grow; for intervals. */
  now(): number
  /** Milliseconds since 1970; for dates. */
  date(): number
  /** @throws the signal's reason when it aborts first */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** TOML files beside the configuration that belong to a processor and change while it runs: a list of keys, of prices. */
export interface Files {
  /**
   * Reads a file, checks it like options, gives it to `take`, and does so again whenever the file has changed. A change
   * that is no good is logged, and changes nothing.
   * @param file an option of the format `path`
   * @param take must have changed nothing when it throws; the message of its Error tells what is wrong with the file
   * @throws Error with all that is wrong with the file as it is now
   */
  follow<const S extends ObjectSchema>(file: string, schema: S, take: (content: OptionsOf<S>) => void): Promise<void>
}
