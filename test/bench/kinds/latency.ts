/** Time that a gateway adds to a call at a fixed low rate, over a direct call in the same round. */
import { between } from '../consumption.ts'
import { brokenness, figure, withSpread } from '../figures.ts'
import type { LoadManner, LoadResult } from '../load/job.ts'
import type { Prompt } from '../prompts.ts'
import { pairedRounds } from '../rounds.ts'
import { closedLoop, jobFor } from '../sample.ts'
import type { Measured, Row, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { median, type Quantiles } from '../statistics.ts'
import type { Target } from '../targets/target.ts'

export interface Latency {
  readonly name: string
  readonly summary: string
  readonly prompt: Prompt
  readonly perSecond: number
  readonly tokens: number
  /** Of a stream, between two tokens. */
  readonly gapMs: number
}

interface LatencySample extends LoadResult {
  readonly foreign: number
}

/** What is timed: the name of its row, and where a result has it. */
type Timed = readonly [string, (result: LoadResult) => Quantiles]

const WHOLE: readonly Timed[] = [['whole answer', ({ whole }) => whole]]
const STREAM: readonly Timed[] = [
  ['first token', ({ first }) => first],
  ['each token', ({ relay }) => relay],
]

export function latency(given: Latency): Scenario {
  return { name: given.name, table: 'latency', summary: given.summary, measure: stage => measure(stage, given) }
}

async function measure(stage: Stage, given: Latency): Promise<Measured> {
  const { name, prompt, perSecond, tokens, gapMs } = given
  await stage.upstream({ tokens, gapMs: prompt.stream ? gapMs : 0, writesEach: true })
  const targets = (await stage.targets(['direct', ...stage.names])).filter(
    each => each.address(prompt.format) !== undefined,
  )
  const atRate = { kind: 'rate', perSecond, seconds: stage.effort.seconds } as const
  const take = async (target: Target, manner: LoadManner = atRate): Promise<LatencySample> => {
    const job = jobFor(target, { prompt, tokens }, manner)
    await stage.settled(target)
    const before = stage.read(target)
    const result = await stage.run({ ...job, isTimed: prompt.stream })
    return { ...result, foreign: between(before, stage.read(target)).foreign }
  }
  // So few calls would leave a gateway's code half compiled: the question is what one adds that has been at work.
  for (const target of targets) await take(target, closedLoop(stage).warm)
  const samples = await pairedRounds(targets, stage.effort, take)
  const [direct, ...others] = targets.map(target => ({ gateway: target.name, samples: samples.get(target) ?? [] }))
  const timed = prompt.stream ? STREAM : WHOLE
  return {
    rows: timed.flatMap(what => others.map(other => row(name, what, other, direct?.samples ?? []))),
    samples: targets.flatMap(target => (samples.get(target) ?? []).map(each => ({ target: target.name, ...each }))),
  }
}

function row(
  scenario: string,
  [what, of]: Timed,
  { gateway, samples }: { readonly gateway: string; readonly samples: readonly LatencySample[] },
  direct: readonly LatencySample[],
): Row {
  const added = (share: keyof Quantiles): readonly number[] =>
    samples.map(
      (each, round) => of(each)[share] - (direct[round] === undefined ? Number.NaN : of(direct[round])[share]),
    )
  return {
    scenario,
    timed: what,
    gateway,
    'added p50, ms': withSpread(added('p50'), 2),
    'added p99, ms': withSpread(added('p99'), 2),
    'direct p50, ms': figure(median(direct.map(each => of(each).p50)), 2),
    'direct p99, ms': figure(median(direct.map(each => of(each).p99)), 2),
    calls: figure(samples.reduce((sum, { done }) => sum + done, 0)),
    broken: brokenness(samples),
  }
}
