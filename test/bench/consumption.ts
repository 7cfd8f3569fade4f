/** What a gateway used between two moments, and whether anybody else was busy meanwhile. */
import { CORES, cpuMicros, machineMicros, processTree } from './cpu-clock.ts'

/** Processes that belong to a measurement. */
export interface Watched {
  /** Root of the gateway's processes; absent where there is none. */
  readonly target: number | undefined
  readonly upstream: number
  readonly load: number
}

/** Clocks at one moment; `at` in milliseconds, all else in microseconds of CPU time. */
export interface Reading {
  readonly at: number
  readonly target: number
  readonly upstream: number
  readonly load: number
  readonly own: number
  readonly machine: number
}

export interface Consumption {
  readonly targetMicros: number
  readonly upstreamMicros: number
  readonly loadMicros: number
  /** Share of the machine that was used by processes that are no part of this. */
  readonly foreign: number
}

export function readClocks({ target, upstream, load }: Watched): Reading {
  return {
    at: performance.now(),
    target: target === undefined ? 0 : cpuMicros(processTree(target)),
    upstream: cpuMicros([upstream]),
    load: cpuMicros([load]),
    own: cpuMicros([process.pid]),
    machine: machineMicros(),
  }
}

export function between(before: Reading, after: Reading): Consumption {
  const used = (whose: keyof Reading): number => after[whose] - before[whose]
  const ours = used('target') + used('upstream') + used('load') + used('own')
  const available = CORES * used('at') * 1000
  return {
    targetMicros: used('target'),
    upstreamMicros: used('upstream'),
    loadMicros: used('load'),
    foreign: Math.max(0, (used('machine') - ours) / available),
  }
}
