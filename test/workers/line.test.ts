import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/services/store-memory.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { type Answerer, Line } from '../../src/workers/line.ts'
import type { ToPrimary, ToWorker } from '../../src/workers/questions.ts'
import { operate, storeOfPrimary } from '../../src/workers/shared-memory.ts'

/** Two ends that send each other structured clones, as processes do. */
function lines<A, B>(answerA: Answerer<B>, answerB: Answerer<A>): [Line<A, B>, Line<B, A>] {
  const a = new EventEmitter()
  const b = new EventEmitter()
  const to = (end: EventEmitter) => (message: object) =>
    setImmediate(() => end.emit('message', structuredClone(message)))
  return [
    new Line<A, B>({ send: to(b), on: (event, listener) => a.on(event, listener) }, answerA),
    new Line<B, A>({ send: to(a), on: (event, listener) => b.on(event, listener) }, answerB),
  ]
}

test('answers many questions at a time, each its own, in both directions', async () => {
  const [a, b] = lines<number, string>(
    text => text.toUpperCase(),
    async number => {
      // The even ones take longer.
      if (number % 2 === 0) await new Promise(resolve => setImmediate(resolve))
      return number * 2
    },
  )
  const numbers = [1, 2, 3, 4, 5]
  expect(await Promise.all(numbers.map(number => a.ask(number, 1000)))).toEqual([2, 4, 6, 8, 10])
  expect(await b.ask('yes', 1000)).toBe('YES')
})

test('what goes wrong on the other side is thrown on this one', async () => {
  const [line] = lines<string, never>(
    () => undefined,
    () => {
      throw new RangeError('no such thing')
    },
  )
  await expect(line.ask('x', 1000)).rejects.toThrow('no such thing')
})

test('gives up on who does not answer, is gone, or cannot be sent to', async () => {
  const [line] = lines<string, never>(
    () => undefined,
    () => new Promise(() => {}),
  )
  await expect(line.ask('x', 1)).rejects.toThrow('does not answer')
  const asked = line.ask('x', 10_000)
  line.hangUp()
  await expect(asked).rejects.toThrow('is gone')
  const deaf = new Line<string, never>(
    {
      send() {
        throw new Error('the channel is closed')
      },
      on: () => undefined,
    },
    () => undefined,
  )
  await expect(deaf.ask('x', 10_000)).rejects.toThrow('the channel is closed')
})

test('messages of others are left alone', async () => {
  const port = new EventEmitter()
  const sent: object[] = []
  new Line({ send: message => sent.push(message), on: (event, listener) => port.on(event, listener) }, () => 'answer')
  for (const message of [null, 7, 'text', {}, { cmd: 'NODE_CLUSTER' }]) port.emit('message', message)
  await new Promise(resolve => setImmediate(resolve))
  expect(sent).toEqual([])
})

test('the store of the primary is one for all workers', async () => {
  const memory = new MemoryStore(new ManualClock())
  const stores = [1, 2].map(() => {
    const [worker] = lines<ToPrimary, ToWorker>(
      () => undefined,
      question => (question.kind === 'store' ? operate(memory, question.operation, question.parameters) : undefined),
    )
    return storeOfPrimary(worker)
  })
  const [one, two] = stores
  if (!one || !two) throw new Error('there are two')
  await one.set('key', 'value', 1000)
  expect(await two.get('key')).toBe('value')
  expect(await two.get('other')).toBeUndefined()
  await one.add('sum', 2, 1000)
  expect(await two.add('sum', 3, 1000)).toBe(5)
  const bucket = { key: 'bucket', cost: 2, capacity: 2, refill: 0, periodMs: 1000 }
  expect(await one.take([bucket])).toMatchObject({ taken: true })
  // Infinity comes through, which JSON would make null of.
  expect(await two.take([bucket])).toMatchObject({ taken: false, waitMs: Number.POSITIVE_INFINITY })
  const slots = [{ key: 'slots', slots: 1 }]
  expect(await one.reserve('first', slots, 1000)).toMatchObject({ taken: true })
  expect(await two.reserve('second', slots, 1000)).toMatchObject({ taken: false })
  expect(await one.settle('first', slots, [0])).toBe(true)
  expect(await two.reserve('second', slots, 1000)).toMatchObject({ taken: true })
  expect(await two.renew('second', slots, 1000)).toBe(true)
  await expect(one.set('key', 'value', -1)).rejects.toThrow('ttlMs')
})
