/**
 * How a reply moves through the gateway: pushed, in the tick in which it arrived, through stages that are plain
 * functions. No promise per event: that alone would cost more than all stages together.
 */
import { ArrayFlow } from './array-flow.ts'
import { FlowReader } from './flow-reader.ts'
import { MappedFlow } from './mapped-flow.ts'
import { PulledFlow } from './pulled-flow.ts'

/** Where a flow pushes its items. Gets `end` or `fail` once, and nothing after that. Must not throw. */
export interface Sink<T> {
  item(item: T): void
  end(): void
  fail(error: Error): void
}

/** A source of items that are pushed. */
export interface Flow<T> {
  /** Begins to push, perhaps before it returns. Called at most once. */
  start(sink: Sink<T>): void
  /** Asks for no more items until `resume`. Those that came out of the current chunk may still follow. */
  pause(): void
  resume(): void
  /** Lets go of whatever is behind the flow; the sink hears nothing any more. May be called at any time, repeatedly. */
  cancel(reason?: Error): void
}

/** One synchronous step of a flow. What it throws becomes the flow's failure. */
export interface Stage<X, Y> {
  item(item: X): readonly Y[]
  /** The flow has ended: what was held back. */
  end(): readonly Y[]
  /** Once true behind an item: nothing more is wanted. The flow ends, and its source is let go of. */
  readonly isOver?: boolean
  /** The flow has failed: last items, after which it ends as if nothing had happened; `undefined` passes the failure on. */
  fail?(error: Error): readonly Y[] | undefined
}

/** Pushes all of an array in the tick of `start`, as long as nobody pauses it. */
export function flowOf<T>(items: readonly T[]): Flow<T> {
  return new ArrayFlow(items)
}

/** Pulls one item after the other; while it is paused, nothing is asked for. Cancelling closes the iterator. */
export function flowFromAsync<T>(items: AsyncIterable<T> | Iterable<T>): Flow<T> {
  return new PulledFlow(items)
}

/** Passes a flow through a stage. Cancels the source when the stage throws. */
export function mapFlow<X, Y>(source: Flow<X>, stage: Stage<X, Y>): Flow<Y> {
  return new MappedFlow(source, stage)
}

/**
 * Reads a flow with `for await`. The flow starts at the first `next` and is cancelled when the reader leaves early; it
 * is paused while 64 items wait for the reader.
 *
 * @throws Error when it is read a second time
 */
export function iterate<T>(flow: Flow<T>): AsyncIterable<T> {
  let taken = false
  return {
    [Symbol.asyncIterator]() {
      if (taken) throw new Error('a flow can be read only once')
      taken = true
      return new FlowReader(flow)
    },
  }
}
