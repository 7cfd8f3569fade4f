/** CPU time and memory of process trees, from Linux's /proc: the figures that hold while other work runs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { UsageError } from './usage-error.ts'

/** @throws UsageError where there is no /proc to read from */
export function requireProc(): void {
  if (!existsSync('/proc/self/schedstat')) {
    throw new UsageError('CPU time is read from /proc/PID/task/TID/schedstat, so the benchmark runs on Linux only')
  }
}

/** A process, its descendants, and whatever else lives in the session that it leads. */
export function processTree(root: number): readonly number[] {
  const table = processTable()
  const found = new Set([root])
  for (const { pid, session } of table) if (session === root) found.add(pid)
  for (let before = 0; before < found.size; ) {
    before = found.size
    for (const { pid, parent } of table) if (found.has(parent)) found.add(pid)
  }
  return [...found]
}

interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly session: number
}

function processTable(): readonly ProcessEntry[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      const stat = readIfThere(`/proc/${name}/stat`)
      // proc(5): the name of the program stands in parentheses and may hold anything.
      const [state, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), session: Number(session) }]
    })
}

/**
 * CPU time, user and system, of all threads in microseconds. The scheduler's own sum (schedstat) is exact to the
 * nanosecond, where /proc/PID/stat counts in hundredths of a second.
 */
export function cpuMicros(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + threadsOf(pid).reduce((each, thread) => each + onCpu(pid, thread), 0), 0)
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function onCpu(pid: number, thread: string): number {
  return Number(readIfThere(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1000
}

/** Resident memory in KiB. */
export function residentKiB(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(readIfThere(`/proc/${pid}/status`))?.[1] ?? 0), 0)
}

/** What the whole machine has been busy for, in microseconds of all its cores (proc(5), /proc/stat). */
export function machineMicros(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = readIfThere('/proc/stat')
    .slice('cpu'.length, 200)
    .trim()
    .split(/\s+/)
    .map(Number)
  return ((user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND) * 1_000_000
}

const TICKS_PER_SECOND = 100
export const CORES = cpus().length

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
