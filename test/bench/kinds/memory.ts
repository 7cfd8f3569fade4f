/** Whether memory stays flat: resident memory along many calls. */
import { processTree, residentKiB } from '../cpu-clock.ts'
import { brokenness, figure } from '../figures.ts'
import { jobFor } from '../sample.ts'
import type { Measured, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { slope } from '../statistics.ts'
import { AT_ONCE, TOKENS } from '../upstream/manner.ts'

const SLICES = 20

export const memory: Scenario = {
  name: 'memory',
  table: 'memory',
  summary: 'resident memory along 200,000 calls (--calls), and how it rises over the second half of them',
  measure,
}

async function measure(stage: Stage): Promise<Measured> {
  const { memoryCalls, clients } = stage.effort
  const prompt = { format: 'openai-chat', size: 1_000, stream: false } as const
  await stage.upstream(AT_ONCE)
  await using target = await stage.start('sluice')
  const { pid } = target
  if (pid === undefined) throw new Error('the gateway cannot be measured')
  const resident = (): number => residentKiB(processTree(pid))
  await stage.settled(target)
  const idle = resident()
  const samples = []
  for (let slice = 1; slice <= SLICES; slice++) {
    const calls = Math.ceil(memoryCalls / SLICES)
    const manner = { kind: 'closed', clients, seconds: Number.MAX_SAFE_INTEGER, calls } as const
    const result = await stage.run(jobFor(target, { prompt, tokens: TOKENS }, manner))
    await stage.settled(target)
    samples.push({ calls: slice * calls, kib: resident(), ...result })
  }
  const points = samples.slice(SLICES / 2).map(({ calls, kib }) => ({ x: calls / 1000, y: kib }))
  const done = samples.reduce((sum, each) => sum + each.done, 0)
  return {
    rows: [
      {
        calls: figure(done),
        'idle, MiB': figure(idle / 1024),
        'after a tenth, MiB': figure((samples[SLICES / 10 - 1]?.kib ?? Number.NaN) / 1024),
        'after half, MiB': figure((samples[SLICES / 2 - 1]?.kib ?? Number.NaN) / 1024),
        'at the end, MiB': figure((samples.at(-1)?.kib ?? Number.NaN) / 1024),
        'most, MiB': figure(Math.max(...samples.map(({ kib }) => kib)) / 1024),
        'slope, KiB in 1,000 calls': figure(slope(points), 1),
        broken: brokenness(samples),
      },
    ],
    samples,
  }
}
