/** How much is measured. */
export interface Effort {
  readonly rounds: number
  /** Of one sample. */
  readonly seconds: number
  /** Before the first sample of a target: its code gets compiled. */
  readonly warmSeconds: number
  /** Clients that call in turn without a pause. */
  readonly clients: number
  /** Most calls of one sample. */
  readonly sampleCalls: number
  /** Calls under which memory has to stay flat. */
  readonly memoryCalls: number
  /** Of the number of streams held at once. */
  readonly crowd: number
  /** A sample is taken again, twice at most, while others use more than this share of the machine. */
  readonly maxForeign: number
  /** All processors share one gateway, which starts once: quick, but their costs blur. */
  readonly isOneGateway: boolean
}

export const FULL: Effort = {
  rounds: 5,
  seconds: 1.5,
  warmSeconds: 1.5,
  clients: 16,
  sampleCalls: Number.POSITIVE_INFINITY,
  memoryCalls: 200_000,
  crowd: 1,
  maxForeign: 0.25,
  isOneGateway: false,
}

/** Shows that everything works; its figures mean nothing. */
export const QUICK: Effort = {
  rounds: 1,
  seconds: 0.3,
  warmSeconds: 0.3,
  clients: 2,
  sampleCalls: 4,
  memoryCalls: 40,
  crowd: 0.01,
  maxForeign: 1,
  isOneGateway: true,
}
