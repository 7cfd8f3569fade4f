/** From the start of the process to the first healthy answer, and what it occupies when it has nothing to do. */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { between } from '../consumption.ts'
import { processTree, residentKiB } from '../cpu-clock.ts'
import { figure, range, withSpread } from '../figures.ts'
import { HEADLINE } from '../gateway-config.ts'
import { pairedRounds } from '../rounds.ts'
import type { Measured, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { median } from '../statistics.ts'
import { startGateway } from '../targets/sluice.ts'
import type { Target } from '../targets/target.ts'

interface StartSample {
  readonly ms: number
  readonly idleMib: number
  readonly foreign: number
}

interface Manner {
  readonly name: string
  start(): Promise<Target>
}

export const coldStart: Scenario = {
  name: 'cold-start',
  table: 'start',
  summary: 'time to the first healthy answer with and without compile cache; memory when idle',
  measure,
}

async function measure(stage: Stage): Promise<Measured> {
  const manners = mannersOf(stage)
  // Fills the compile cache.
  for (const manner of manners) await sample(stage, manner)
  const samples = await pairedRounds(manners, stage.effort, manner => sample(stage, manner))
  return {
    rows: manners.map(manner => {
      const own = samples.get(manner) ?? []
      const times = own.map(({ ms }) => ms)
      return {
        gateway: manner.name,
        'healthy after, ms': withSpread(times),
        'least–most': range(times),
        'idle, MiB': figure(median(own.map(({ idleMib }) => idleMib))),
      }
    }),
    samples: manners.flatMap(manner => (samples.get(manner) ?? []).map(each => ({ name: manner.name, ...each }))),
  }
}

function mannersOf(stage: Stage): readonly Manner[] {
  const { surroundings } = stage
  const folder = (): string => mkdtempSync(join(surroundings.folder, 'compiled-'))
  const kept = folder()
  const gateway = (environment: Record<string, string>): Promise<Target> =>
    startGateway(surroundings, { ...HEADLINE, environment })
  return [
    { name: 'sluice, second start', start: () => gateway({ NODE_COMPILE_CACHE: kept }) },
    { name: 'sluice, first start: compile cache empty', start: () => gateway({ NODE_COMPILE_CACHE: folder() }) },
    { name: 'sluice, compile cache off', start: () => gateway({ NODE_DISABLE_COMPILE_CACHE: '1' }) },
    ...stage.names.filter(name => name !== 'sluice').map(name => ({ name, start: () => stage.start(name) })),
  ]
}

async function sample(stage: Stage, { start }: Manner): Promise<StartSample> {
  const before = stage.read({ pid: undefined })
  const begin = performance.now()
  await using target = await start()
  const ms = performance.now() - begin
  const { foreign } = between(before, stage.read(target))
  await stage.settled(target)
  return { ms, idleMib: residentKiB(target.pid === undefined ? [] : processTree(target.pid)) / 1024, foreign }
}
