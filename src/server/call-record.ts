import type { Outcome, Usage } from '../contract.ts'
import type { Exchange } from '../pipeline/exchange.ts'

/** What metrics and the log are told of a call once it is over. */
export interface CallRecord {
  readonly exchange: Exchange
  /** As the client saw it; 499 when it left before there was one. */
  readonly status: number
  readonly outcome: Outcome
  /** Code of the error that it ended with. */
  readonly error: string | undefined
  readonly usage: Usage | undefined
  /** US dollars; absent where usage or price are not known. */
  readonly cost: number | undefined
  readonly responseModel: string | undefined
  readonly finish: string | undefined
  readonly streamed: boolean
}

export type CallObserver = (record: CallRecord) => void

/** A request that was refused before it was a call. */
export interface RefusedRequest {
  readonly pipeline: string
  readonly format: string
  readonly status: number
  readonly code: string
}

export type RefusalObserver = (request: RefusedRequest) => void
