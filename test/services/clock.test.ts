import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { clock } from '../../src/services/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe.each([
  ['the real clock', () => clock],
  ['the manual clock', () => new ManualClock()],
])('%s', (_, make) => {
  it('rejects with the reason of a signal that aborts, before or during the sleep, and leaves no listener', async () => {
    const reason = new Error('left')
    const controller = new AbortController()
    const sleeping = make().sleep(1_000_000, controller.signal)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    controller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    await expect(make().sleep(1, controller.signal)).rejects.toBe(reason)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })
})

describe('the real clock', () => {
  it('sleeps about as long as it is told to, and leaves no listener', async () => {
    const { signal } = new AbortController()
    const before = clock.now()
    await clock.sleep(5, signal)
    expect(clock.now() - before).toBeGreaterThanOrEqual(4)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    await clock.sleep(-1)
  })

  it('keeps sleeping for longer than a timer can', async () => {
    const controller = new AbortController()
    let woke = false
    const sleeping = clock.sleep(2 ** 40, controller.signal).then(
      () => {
        woke = true
      },
      () => {},
    )
    await clock.sleep(5)
    expect(woke).toBe(false)
    controller.abort()
    await sleeping
  })

  it('tells intervals that grow and the date of today', () => {
    const first = clock.now()
    expect(clock.now()).toBeGreaterThanOrEqual(first)
    expect(Math.abs(clock.date() - Date.now())).toBeLessThan(1000)
  })
})

describe('the manual clock', () => {
  it('wakes sleepers in the order of their times, each at its time', async () => {
    const time = new ManualClock()
    const start = time.now()
    const woken: [string, number][] = []
    const sleep = async (name: string, ...delays: number[]) => {
      for (const ms of delays) {
        await time.sleep(ms)
        woken.push([name, time.now() - start])
      }
    }
    const all = [sleep('late', 30), sleep('twice', 10, 15), sleep('never', 1000)]
    await time.advance(29)
    expect(woken).toEqual([
      ['twice', 10],
      ['twice', 25],
    ])
    await time.advance(1)
    expect(woken.at(-1)).toEqual(['late', 30])
    expect(time.sleepers).toBe(1)
    expect(time.date() - Date.UTC(2026, 0, 1)).toBe(30)
    await time.advance(1000)
    await Promise.all(all)
  })
})
