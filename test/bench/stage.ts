import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Reading, readClocks } from './consumption.ts'
import { cpuMicros, processTree, requireProc } from './cpu-clock.ts'
import type { Effort } from './effort.ts'
import { HEADLINE } from './gateway-config.ts'
import type { Job, LoadResult, Progress } from './load/job.ts'
import { Helper, pause } from './processes.ts'
import { startBaseline } from './targets/baseline.ts'
import { direct } from './targets/direct.ts'
import { nginxVersion, startNginx } from './targets/nginx.ts'
import { PEER_NAMES, type PeerName, startPeer } from './targets/peers.ts'
import { startGateway } from './targets/sluice.ts'
import type { Surroundings, Target } from './targets/target.ts'
import type { Manner, UpstreamCounts } from './upstream/manner.ts'

export type TargetName = 'direct' | 'nginx' | 'baseline' | 'sluice' | PeerName

const SETTLE_MS = 20
const SETTLED_MICROS = 1_000
const MOST_SETTLES = 100

/** All that a measurement needs around the gateway: the provider, the load client, a folder, clocks. */
export class Stage implements AsyncDisposable {
  readonly effort: Effort
  readonly surroundings: Surroundings
  /** Of the gateways that can be compared here. */
  readonly names: readonly TargetName[]
  /** Peers that cannot be had, and why. */
  readonly leftOut = new Map<TargetName, string>()
  readonly #upstream: Helper
  readonly #load: Helper
  readonly #targets = new Map<TargetName, Target>()
  readonly #kept: Target[] = []
  readonly #say: (line: string) => void

  private constructor(
    effort: Effort,
    names: readonly TargetName[],
    helpers: [Helper, Helper],
    say: (line: string) => void,
  ) {
    this.effort = effort
    this.names = names
    ;[this.#upstream, this.#load] = helpers
    this.surroundings = { upstreamPort: this.#upstream.port, folder: mkdtempSync(join(tmpdir(), 'sluice-bench-')) }
    this.#say = say
    // Also when it is not closed: what was started ends by itself then.
    process.once('exit', () => this.#clean())
  }

  /** @param say gets a line for a person who waits */
  static async open(effort: Effort, peers: readonly PeerName[], say: (line: string) => void): Promise<Stage> {
    requireProc()
    const names = [
      ...(nginxVersion() === undefined ? [] : (['nginx'] as const)),
      'baseline',
      'sluice',
      ...peers,
    ] as const
    const helpers = [await Helper.start('./upstream/main.ts'), await Helper.start('./load/main.ts')] as [Helper, Helper]
    return new Stage(effort, names, helpers, say)
  }

  /** Starts one of its own, for whoever needs it fresh. */
  async start(name: TargetName): Promise<Target> {
    if (name === 'direct') return direct(this.surroundings)
    if (name === 'nginx') return startNginx(this.surroundings)
    if (name === 'baseline') return startBaseline(this.surroundings)
    if (name === 'sluice') return startGateway(this.surroundings, HEADLINE)
    return startPeer(name, this.surroundings)
  }

  /** The one that all scenarios share, warm from those before. A peer that cannot be had is left out, and said. */
  async targets(names: readonly TargetName[] = this.names): Promise<readonly Target[]> {
    const found: Target[] = []
    for (const name of names) {
      if (this.leftOut.has(name)) continue
      try {
        const target = this.#targets.get(name) ?? (await this.start(name))
        this.#targets.set(name, target)
        found.push(target)
      } catch (error) {
        if (!PEER_NAMES.some(peer => peer === name)) throw error
        const reason = error instanceof Error ? error.message : String(error)
        this.leftOut.set(name, reason)
        this.#say(`left out: ${name}: ${reason}`)
      }
    }
    return found
  }

  /** Ends with the stage. */
  async keep(started: Promise<Target>): Promise<Target> {
    const target = await started
    this.#kept.push(target)
    return target
  }

  /** How the provider answers from now on. */
  async upstream(manner: Manner): Promise<void> {
    const ready = this.#upstream.next((message): message is 'ready' => message === 'ready')
    this.#upstream.tell(manner)
    await ready
  }

  /** What the provider was called for since it was asked last. */
  async upstreamCounts(): Promise<UpstreamCounts> {
    const counts = this.#upstream.next((message): message is UpstreamCounts => hasKey(message, 'refused'))
    this.#upstream.tell('counts')
    return counts
  }

  async run(job: Job): Promise<LoadResult> {
    const finished = this.#load.next((message): message is { result: LoadResult } => hasKey(message, 'result'))
    this.#load.tell(job)
    return (await finished).result
  }

  /** Of the job that runs. */
  async progress(): Promise<Progress> {
    const told = this.#load.next((message): message is { progress: Progress } => hasKey(message, 'progress'))
    this.#load.tell('progress')
    return (await told).progress
  }

  /** Waits until the target has nothing left to do: what follows an answer is part of its call. */
  async settled({ pid }: Target): Promise<void> {
    if (pid === undefined) return
    const tree = processTree(pid)
    for (let waits = 0; waits < MOST_SETTLES; waits++) {
      const before = cpuMicros(tree)
      await pause(SETTLE_MS)
      if (cpuMicros(tree) - before < SETTLED_MICROS) return
    }
  }

  read({ pid }: Pick<Target, 'pid'>): Reading {
    return readClocks({ target: pid, upstream: this.#upstream.pid, load: this.#load.pid })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const target of [...this.#targets.values(), ...this.#kept]) await target[Symbol.asyncDispose]()
    this.#upstream[Symbol.dispose]()
    this.#load[Symbol.dispose]()
    this.#clean()
  }

  #clean(): void {
    rmSync(this.surroundings.folder, { recursive: true, force: true })
  }
}

function hasKey(message: unknown, key: string): boolean {
  return typeof message === 'object' && message !== null && key in message
}
