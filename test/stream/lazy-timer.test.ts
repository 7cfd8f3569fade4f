import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LazyTimer } from '../../src/stream/lazy-timer.ts'

describe('LazyTimer', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('rings once, not before the time and with the time', () => {
    const { rings, timer, start } = open()
    timer.ringBy(start + 50)
    vi.advanceTimersByTime(49)
    expect(rings).toEqual([])
    vi.advanceTimersByTime(1000)
    expect(rings).toHaveLength(1)
    expect(rings[0]).toBeGreaterThanOrEqual(start + 50)
  })

  it('keeps to the earliest time that was asked for, with one timer', () => {
    const { rings, timer, start } = open()
    for (const at of [50, 90, 20, 70]) timer.ringBy(start + at)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(25)
    expect(rings).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('rings for a time that is over, and can be asked again from within', () => {
    const { rings, timer, start } = open(ringer => {
      if (rings.length === 1) ringer.ringBy(start + 10)
    })
    timer.ringBy(start - 100)
    vi.advanceTimersByTime(100)
    expect(rings).toHaveLength(2)
  })

  it('is silent when it was stopped, and can be used again', () => {
    const { rings, timer, start } = open()
    timer.ringBy(start + 5)
    timer.stop()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(100)
    expect(rings).toEqual([])
    timer.ringBy(start + 200)
    vi.advanceTimersByTime(200)
    expect(rings).toHaveLength(1)
  })
})

function open(onRing: (timer: LazyTimer) => void = () => {}): { rings: number[]; timer: LazyTimer; start: number } {
  const rings: number[] = []
  const timer: LazyTimer = new LazyTimer(now => {
    rings.push(now)
    onRing(timer)
  })
  return { rings, timer, start: performance.now() }
}
