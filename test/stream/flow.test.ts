import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flowFromAsync, flowOf, iterate, mapFlow, type Stage } from '../../src/stream/flow.ts'
import { throughBatch } from '../../src/stream/midway.ts'
import { ManualFlow, Recorder } from '../support/manual-flow.ts'

const failure = new Error('broken')

describe('flowOf', () => {
  it('pushes everything and the end before start returns', () => {
    const recorder = new Recorder<number>()
    flowOf([1, 2, 3]).start(recorder)
    expect(recorder).toMatchObject({ items: [1, 2, 3], ends: ['end'] })
  })

  it('stops when it is paused and goes on when it is resumed, also from within item', () => {
    const flow = flowOf([1, 2, 3, 4])
    const items: number[] = []
    let ends = 0
    flow.start({
      item(item) {
        items.push(item)
        if (item === 1) {
          flow.pause()
          flow.resume()
        }
        if (item === 2) flow.pause()
      },
      end: () => ends++,
      fail: unexpected,
    })
    expect([items, ends]).toEqual([[1, 2], 0])
    flow.resume()
    expect([items, ends]).toEqual([[1, 2, 3, 4], 1])
    flow.resume()
    expect(ends).toBe(1)
  })

  it('pushes nothing after it was cancelled, be it before the start or in the middle', () => {
    const before = new Recorder<number>()
    const early = flowOf([1])
    early.cancel()
    early.start(before)
    expect(before).toMatchObject({ items: [], ends: [] })

    const items: number[] = []
    const flow = flowOf([1, 2, 3])
    flow.start({
      item: item => {
        items.push(item)
        flow.cancel()
      },
      end: unexpected,
      fail: unexpected,
    })
    flow.resume()
    expect(items).toEqual([1])
  })
})

describe('flowFromAsync', () => {
  it.each([
    ['an array', [1, 2, 3]],
    ['an async iterable', asyncOf([1, 2, 3])],
  ])('pushes the items of %s', async (_, items) => {
    const recorder = new Recorder<number>()
    flowFromAsync(items).start(recorder)
    await turn()
    expect(recorder).toMatchObject({ items: [1, 2, 3], ends: ['end'] })
  })

  it('asks for nothing while it is paused', async () => {
    let asked = 0
    const flow = flowFromAsync(
      (function* () {
        for (;;) yield asked++
      })(),
    )
    flow.pause()
    flow.start({ item: () => flow.pause(), end: unexpected, fail: unexpected })
    await turn()
    expect(asked).toBe(0)
    flow.resume()
    await turn()
    expect(asked).toBe(1)
    flow.resume()
    await turn()
    expect(asked).toBe(2)
    flow.cancel()
  })

  it('passes on what the iterator throws, as an Error', async () => {
    const recorder = new Recorder<number>()
    flowFromAsync(
      (async function* () {
        yield 1
        throw undefined
      })(),
    ).start(recorder)
    await turn()
    expect(recorder.items).toEqual([1])
    expect(recorder.ends).toEqual([new Error('thrown: undefined')])
  })

  it.each(['before the start', 'in the middle', 'while it is paused'])(
    'closes the iterator when it is cancelled %s',
    async when => {
      const closed = Promise.withResolvers<void>()
      const items = {
        [Symbol.asyncIterator]: () => ({
          next: () => Promise.resolve({ done: false as const, value: 1 }),
          return: () => {
            closed.resolve()
            return Promise.resolve({ done: true as const, value: undefined })
          },
        }),
      }
      const flow = flowFromAsync(items)
      const recorder = new Recorder<number>()
      if (when === 'before the start') flow.cancel()
      if (when === 'while it is paused') flow.pause()
      flow.start({ item: () => flow.cancel(), end: () => recorder.end(), fail: error => recorder.fail(error) })
      if (when === 'while it is paused') flow.cancel()
      await closed.promise
      await turn()
      expect(recorder.ends).toEqual([])
    },
  )

  it('keeps quiet when the iterator cannot even be closed', async () => {
    const flow = flowFromAsync({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: () => Promise.reject(failure),
      }),
    })
    const recorder = new Recorder<number>()
    flow.start(recorder)
    flow.cancel()
    await turn()
    expect(recorder.ends).toEqual([])
  })
})

describe('mapFlow', () => {
  const doubled: Stage<number, number> = { item: x => (x === 0 ? [] : [x, x]), end: () => [-1] }

  it('passes items through the stage in the same tick, none, one or several for each', () => {
    const recorder = new Recorder<number>()
    mapFlow(flowOf([1, 0, 2]), doubled).start(recorder)
    expect(recorder).toMatchObject({ items: [1, 1, 2, 2, -1], ends: ['end'] })
  })

  it.each(['item', 'end', 'fail'] as const)('fails and cancels the source when %s throws', where => {
    const source = new ManualFlow<number>()
    const thrown = new Error(where)
    const stage: Stage<number, number> = {
      item: x => (where === 'item' ? raise(thrown) : [x]),
      end: () => (where === 'end' ? raise(thrown) : []),
      fail: () => (where === 'fail' ? raise(thrown) : undefined),
    }
    const recorder = new Recorder<number>()
    mapFlow(source, stage).start(recorder)
    source.push(1, 2)
    if (where === 'fail') source.fail(failure)
    else source.end()
    source.push(3)
    source.end()
    expect(recorder).toMatchObject({ items: where === 'item' ? [] : [1, 2], ends: [thrown] })
    expect(source).toMatchObject({ cancelled: true, reason: thrown })
  })

  it.each([
    [3, [[2, 4]]],
    [1, []],
  ])('lets what was made of a batch go on when the stage throws at item %d of it', (at, items) => {
    const source = new ManualFlow<readonly number[]>()
    const recorder = new Recorder<readonly number[]>()
    const item = (batch: readonly number[]) =>
      throughBatch(batch, (x: number, made: number[]) => made.push(x === at ? raise(failure) : 2 * x))
    mapFlow(source, { item, end: () => [] }).start(recorder)
    source.push([1, 2, 3, 4])
    expect(recorder).toMatchObject({ items, ends: [failure] })
    expect(source).toMatchObject({ cancelled: true, reason: failure })
  })

  it('turns a failure into last items when the stage has some', () => {
    const outcomes = [() => [7], () => [], () => undefined].map(fail => {
      const source = new ManualFlow<number>()
      const recorder = new Recorder<number>()
      mapFlow(source, { ...doubled, fail }).start(recorder)
      source.fail(failure)
      return [recorder.items, recorder.ends]
    })
    expect(outcomes).toEqual([
      [[7], ['end']],
      [[], ['end']],
      [[], [failure]],
    ])
  })

  it('passes a failure on when the stage does not care', () => {
    const source = new ManualFlow<number>()
    const recorder = new Recorder<number>()
    mapFlow(source, doubled).start(recorder)
    source.fail(failure)
    expect(recorder).toMatchObject({ items: [], ends: [failure] })
  })

  it('pushes nothing more once the sink has cancelled, not even the rest of one item', () => {
    const source = new ManualFlow<number>()
    const flow = mapFlow(source, doubled)
    const items: number[] = []
    flow.start({
      item: item => {
        items.push(item)
        flow.cancel(failure)
      },
      end: unexpected,
      fail: unexpected,
    })
    source.push(1, 2)
    source.end()
    source.fail(failure)
    expect(items).toEqual([1])
    expect(source.reason).toBe(failure)
  })

  it('hands pause and resume on', () => {
    const source = new ManualFlow<number>()
    const flow = mapFlow(source, doubled)
    flow.pause()
    expect(source.paused).toBe(true)
    flow.resume()
    expect(source.paused).toBe(false)
  })
})

describe('iterate', () => {
  it('gives all items in order, then the end or the failure, however pushes and reads alternate', async () => {
    const steps = fc.array(fc.constantFrom('push', 'read'), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (plan, fails) => {
        const source = new ManualFlow<number>()
        const iterator = iterate(source)[Symbol.asyncIterator]()
        const reads = [iterator.next()]
        let pushed = 0
        for (const step of plan) {
          if (step === 'push') source.push(pushed++)
          else reads.push(iterator.next())
        }
        if (fails) source.fail(failure)
        else source.end()
        while (reads.length < pushed + 2) reads.push(iterator.next())
        const results = await Promise.allSettled(reads)
        const values = results.flatMap(each =>
          each.status === 'fulfilled' && !each.value.done ? [each.value.value] : [],
        )
        expect(values).toEqual(Array.from({ length: pushed }, (_, index) => index))
        expect(results[pushed]).toEqual(
          fails
            ? { status: 'rejected', reason: failure }
            : { status: 'fulfilled', value: { done: true, value: undefined } },
        )
        expect(results.slice(pushed + 1).every(each => each.status === 'fulfilled' && each.value.done)).toBe(true)
      }),
    )
  })

  it('pauses the flow while 64 items wait, and resumes it below half of that', async () => {
    const source = new ManualFlow<number>()
    const iterator = iterate(source)[Symbol.asyncIterator]()
    const first = iterator.next()
    for (let item = 0; item < 64; item++) source.push(item)
    expect(source.paused).toBe(false)
    source.push(64)
    expect(source.paused).toBe(true)
    await first
    for (let taken = 0; taken < 32; taken++) await iterator.next()
    expect(source.paused).toBe(true)
    await iterator.next()
    expect(source.paused).toBe(false)
    expect(source.pauses).toBe(1)
  })

  it('cancels the flow when the reader leaves, and ends reads that still wait', async () => {
    const source = new ManualFlow<number>()
    const iterator = iterate(source)[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await iterator.return?.()
    expect(source.cancelled).toBe(true)
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('cancels a flow that was never read', async () => {
    const source = new ManualFlow<number>()
    await iterate(source)[Symbol.asyncIterator]().return?.()
    expect(source.cancelled).toBe(true)
    expect(source.sink).toBeUndefined()
  })

  it('does not start the flow before somebody reads, and refuses a second reader', async () => {
    const source = new ManualFlow<number>()
    const items = iterate(source)
    const iterator = items[Symbol.asyncIterator]()
    expect(source.sink).toBeUndefined()
    void iterator.next()
    expect(source.sink).toBeDefined()
    expect(() => items[Symbol.asyncIterator]()).toThrow('only once')
  })

  it('leaves with break and comes back from flowFromAsync as it went in', async () => {
    const flow = flowFromAsync(
      iterate(mapFlow(flowOf(Array.from({ length: 1000 }, (_, i) => i)), { item: x => [x], end: () => [] })),
    )
    let count = 0
    for await (const item of iterate(flow)) {
      expect(item).toBe(count++)
      if (count === 500) break
    }
    expect(count).toBe(500)
  })
})

async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

function raise(error: Error): never {
  throw error
}

function unexpected(): never {
  throw new Error('the flow must not end here')
}
