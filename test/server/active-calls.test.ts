import { describe, expect, it } from 'vitest'
import { Lifetime } from '../../src/pipeline/lifetime.ts'
import { ActiveCalls } from '../../src/server/active-calls.ts'

const LONG = 60_000

describe('draining', () => {
  it('is over at once when nothing runs', async () => {
    const active = new ActiveCalls()
    expect(await active.drain(LONG, LONG)).toBe(0)
    expect(active.stopping).toBe(true)
  })

  it('waits for the last call', async () => {
    const active = new ActiveCalls()
    const leave = [active.add(new Lifetime()), active.add(new Lifetime())]
    const drained = active.drain(LONG, LONG)
    for (const each of leave) each()
    expect(await drained).toBe(0)
  })

  it('cuts the calls that are left, with a reason, and counts them', async () => {
    const active = new ActiveCalls()
    const lifetimes = [new Lifetime(), new Lifetime()]
    for (const lifetime of lifetimes) {
      const leave = active.add(lifetime)
      lifetime.onAbort(leave)
    }
    expect(await active.drain(1, LONG)).toBe(2)
    expect(lifetimes.map(({ reason }) => reason?.message)).toEqual(Array(2).fill('The gateway is shutting down.'))
  })

  it('does not wait for ever for one that does not listen', async () => {
    const active = new ActiveCalls()
    active.add(new Lifetime())
    expect(await active.drain(1, 1)).toBe(1)
  })
})
