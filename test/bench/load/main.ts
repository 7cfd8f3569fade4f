/** The load client, a process of its own: makes the calls of a job and checks that every answer is whole. */
import { monotonicMicros } from '../sequence.ts'
import { Crowd } from './crowd.ts'
import type { Job, LoadManner } from './job.ts'

const MICROS = 1e6

async function closed(crowd: Crowd, { clients, seconds, calls }: LoadManner & { kind: 'closed' }): Promise<void> {
  const until = monotonicMicros() + seconds * MICROS
  const client = async (): Promise<void> => {
    while (crowd.made < calls && monotonicMicros() < until) await crowd.call()
  }
  await Promise.all(Array.from({ length: clients }, client))
}

async function atRate(crowd: Crowd, { perSecond, seconds }: LoadManner & { kind: 'rate' }): Promise<void> {
  await spread(crowd, Math.round(perSecond * seconds), MICROS / perSecond)
}

async function held(crowd: Crowd, { streams, rampSeconds }: LoadManner & { kind: 'held' }): Promise<void> {
  await spread(crowd, streams, (rampSeconds * MICROS) / streams)
}

/** Begins so many calls at equal distances, in microseconds, and waits for all. */
async function spread(crowd: Crowd, count: number, distance: number): Promise<void> {
  const begin = monotonicMicros()
  const calls: Promise<void>[] = []
  await new Promise<void>(resolve => {
    const tick = (): void => {
      const due = Math.min(count, Math.floor((monotonicMicros() - begin) / distance) + 1)
      while (calls.length < due) calls.push(crowd.call())
      if (calls.length === count) resolve()
      else setTimeout(tick, Math.max(1, Math.floor((begin + calls.length * distance - monotonicMicros()) / 1000)))
    }
    tick()
  })
  await Promise.all(calls)
}

function run(crowd: Crowd, manner: LoadManner): Promise<void> {
  switch (manner.kind) {
    case 'closed':
      return closed(crowd, manner)
    case 'rate':
      return atRate(crowd, manner)
    case 'held':
      return held(crowd, manner)
  }
}

let current: Crowd | undefined

process.on('message', (asked: Job | 'progress') => {
  if (asked === 'progress') {
    process.send?.({ progress: current?.progress() ?? { tokens: 0, open: 0 } })
    return
  }
  const crowd = new Crowd(asked)
  current = crowd
  const begin = monotonicMicros()
  void run(crowd, asked.manner).then(() => {
    process.send?.({ result: crowd.result((monotonicMicros() - begin) / MICROS) })
  })
})
process.on('disconnect', () => process.exit())
process.send?.({ port: 0 })
