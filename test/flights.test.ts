import { type Clock, Flights } from 'sluice'
import { ManualClock } from 'sluice/testing'
import { expect, it } from 'vitest'
import { clock } from '../src/services/clock.ts'

const nobody = new AbortController().signal

function open(waitMs = 1000, clock: Pick<Clock, 'now' | 'sleep'> = new ManualClock()) {
  const flights = new Flights<string>(clock, waitMs)
  const kept = new Map<string, string>()
  const find = async (key: string): Promise<string | undefined> => kept.get(key)
  const ask = (key: string, signal = nobody) => flights.findOrTakeOff(key, () => find(key), signal)
  async function takeOff(key: string) {
    const result = await ask(key)
    if (!('land' in result)) throw new Error('it was there already')
    return result.land
  }
  return { clock, flights, kept, ask, takeOff }
}

it('finds what is there', async () => {
  const { kept, ask } = open()
  kept.set('a', 'thing')
  expect(await ask('a')).toEqual({ found: 'thing' })
})

it('one goes, and all that come meanwhile get what it brings', async () => {
  const { ask, takeOff } = open()
  const land = await takeOff('a')
  const others = Promise.all(Array.from({ length: 50 }, () => ask('a')))
  await land('thing')
  expect(await others).toEqual(Array(50).fill({ found: 'thing' }))
})

it('whoever comes while it is being kept gets it, too', async () => {
  const { ask, takeOff, kept } = open()
  const keeping = Promise.withResolvers<void>()
  const landed = (await takeOff('a'))('thing', keeping.promise)
  expect(await ask('a')).toEqual({ found: 'thing' })
  keeping.resolve()
  await landed
  expect(await ask('a')).toHaveProperty('land')
  kept.set('a', 'kept')
})

it('of those who wait for one that brings nothing, one goes next', async () => {
  const { ask, takeOff } = open(60_000, clock)
  const land = await takeOff('a')
  const others = [ask('a'), ask('a')]
  await land()
  const next = await Promise.race(others)
  if (!('land' in next)) throw new Error('nobody went')
  await next.land('thing')
  const results = await Promise.all(others)
  expect(results.filter(result => 'found' in result)).toEqual([{ found: 'thing' }])
})

it('nobody waits longer than he wants to', async () => {
  const { ask, takeOff, clock } = open(1000)
  const land = await takeOff('a')
  const before = clock.now()
  // The clock of tests does not wait: it is at the end of the sleep at once.
  expect(await ask('a')).toHaveProperty('land')
  expect(clock.now() - before).toBe(1000)
  await land('late')
})

it('a flight that was overtaken does not end the one that overtook it', async () => {
  const { ask, flights } = open()
  const first = flights.takeOff('a')
  const second = flights.takeOff('a')
  await first('old')
  const waiting = ask('a')
  await second('new')
  expect(await waiting).toEqual({ found: 'new' })
})

it('different things have nothing to do with each other', async () => {
  const { ask, takeOff } = open()
  await takeOff('a')
  expect(await ask('b')).toHaveProperty('land')
})

it('whoever leaves does not wait any more', async () => {
  const { ask, takeOff } = open()
  await takeOff('a')
  await expect(ask('a', AbortSignal.abort(new Error('the client left')))).rejects.toThrow('the client left')
})
