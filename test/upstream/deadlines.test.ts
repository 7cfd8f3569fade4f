import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Deadlines, type Expired } from '../../src/upstream/deadlines.ts'

const TIMEOUTS = { connect: 1_000, firstToken: 10_000, idle: 2_000, total: 60_000 }

describe('Deadlines', () => {
  let expired: { which: Expired; at: number }[]
  let watched: Deadlines[]
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate', 'performance'] })
    expired = []
    watched = []
  })
  afterEach(() => {
    for (const deadlines of watched) deadlines.stop()
    // The timer that all share ends itself when it finds nothing to watch.
    vi.advanceTimersByTime(100)
    vi.useRealTimers()
  })

  function watch(stream: boolean): Deadlines {
    const startedAt = performance.now()
    const deadlines: Deadlines = new Deadlines(TIMEOUTS, stream, which => {
      deadlines.stop()
      // Deadlines are looked at every 50 ms, and once more in the turn after it.
      expired.push({ which, at: Math.floor((performance.now() - startedAt) / 100) * 100 })
    })
    watched.push(deadlines)
    return deadlines
  }

  it('a stream has to show its first content in time, whatever comes before it', () => {
    const deadlines = watch(true)
    for (let second = 0; second < 9; second++) {
      vi.advanceTimersByTime(1_000)
      deadlines.touch()
    }
    vi.advanceTimersByTime(2_000)
    expect(expired).toEqual([{ which: 'first_token_timeout', at: 10_000 }])
  })

  it('from then on it must not fall silent', () => {
    const deadlines = watch(true)
    vi.advanceTimersByTime(1_000)
    deadlines.firstToken()
    for (let index = 0; index < 20; index++) {
      vi.advanceTimersByTime(1_900)
      deadlines.touch()
    }
    vi.advanceTimersByTime(5_000)
    expect(expired).toEqual([{ which: 'idle_timeout', at: 1_000 + 20 * 1_900 + 2_000 }])
  })

  it('a whole answer may be silent until it begins, and not after', () => {
    const deadlines = watch(false)
    vi.advanceTimersByTime(30_000)
    expect(expired).toEqual([])
    deadlines.touch()
    vi.advanceTimersByTime(5_000)
    expect(expired).toEqual([{ which: 'idle_timeout', at: 32_000 }])
  })

  it('nothing lasts longer than it may in all', () => {
    const deadlines = watch(true)
    deadlines.firstToken()
    for (let second = 0; second < 70; second++) {
      vi.advanceTimersByTime(1_000)
      deadlines.touch()
    }
    expect(expired).toEqual([{ which: 'total_timeout', at: 60_000 }])
  })

  it('while the client takes its time the provider is not idle', () => {
    const deadlines = watch(true)
    deadlines.firstToken()
    deadlines.hold()
    vi.advanceTimersByTime(30_000)
    expect(expired).toEqual([])
    deadlines.release()
    vi.advanceTimersByTime(5_000)
    expect(expired).toEqual([{ which: 'idle_timeout', at: 32_000 }])
  })

  it('and even then there is an end', () => {
    const deadlines = watch(true)
    deadlines.firstToken()
    deadlines.hold()
    vi.advanceTimersByTime(100_000)
    expect(expired).toEqual([{ which: 'total_timeout', at: 60_000 }])
  })

  it('stopped, it leaves no timer', () => {
    const deadlines = watch(true)
    deadlines.touch()
    deadlines.stop()
    deadlines.firstToken()
    deadlines.release()
    vi.advanceTimersByTime(100)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('once all that matters has come, silence is not waited for as long', () => {
    const deadlines = watch(true)
    deadlines.firstToken()
    deadlines.hurry(500)
    vi.advanceTimersByTime(600)
    expect(expired).toEqual([{ which: 'idle_timeout', at: 500 }])
  })
})
