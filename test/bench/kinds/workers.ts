/** One worker and two: what a second process brings, and what it costs. */
import { CORES } from '../cpu-clock.ts'
import { brokenness, figure, percent, withSpread } from '../figures.ts'
import { headline } from '../gateway-config.ts'
import { pairedRounds } from '../rounds.ts'
import { type CallSample, closedLoop, jobFor, sampleCalls } from '../sample.ts'
import type { Measured, Row, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { median } from '../statistics.ts'
import { startGateway } from '../targets/sluice.ts'
import type { Target } from '../targets/target.ts'
import { AT_ONCE, TOKENS } from '../upstream/manner.ts'

/** Conversions of 20 KB: the gateway has several times as much to do as load client and provider together. */
const PROMPT = { format: 'anthropic-messages', size: 20_000, stream: false } as const

export const workers: Scenario = {
  name: 'workers',
  table: 'workers',
  summary: 'one worker and two under the same load: calls a second, CPU time of a call',
  measure,
}

async function measure(stage: Stage): Promise<Measured> {
  await stage.upstream(AT_ONCE)
  await using one = await startGateway(stage.surroundings, headline({ workers: 1 }))
  await using two = await startGateway(stage.surroundings, headline({ workers: 2 }))
  const { sample, warm } = closedLoop(stage)
  const take = (target: Target, manner = sample): Promise<CallSample> =>
    sampleCalls(stage, target, jobFor(target, { prompt: PROMPT, tokens: TOKENS }, manner))
  for (const target of [one, two]) await take(target, warm)
  const samples = await pairedRounds([one, two], stage.effort, take)
  const [ofOne = [], ofTwo = []] = [samples.get(one), samples.get(two)]
  return {
    rows: [row('1', ofOne, ofOne), row('2', ofTwo, ofOne)],
    samples: [...ofOne.map(each => ({ workers: 1, ...each })), ...ofTwo.map(each => ({ workers: 2, ...each }))],
  }
}

function row(count: string, samples: readonly CallSample[], single: readonly CallSample[]): Row {
  const rates = samples.map(rate)
  const ratios = rates.map((each, round) => each / (single[round] === undefined ? Number.NaN : rate(single[round])))
  const micros = samples.map(({ microsPerCall }) => microsPerCall)
  const busy = (of: (sample: CallSample) => number): number =>
    median(samples.map(each => (of(each) * rate(each)) / (CORES * 1e6)))
  return {
    workers: count,
    'calls a second': withSpread(rates),
    ratio: figure(median(ratios), 2),
    'CPU, µs a call': withSpread(micros),
    'machine: gateway': percent(busy(({ microsPerCall }) => microsPerCall)),
    'machine: load and provider': percent(
      busy(({ loadMicrosPerCall, upstreamMicrosPerCall }) => loadMicrosPerCall + upstreamMicrosPerCall),
    ),
    'p99, ms': figure(median(samples.map(({ whole }) => whole.p99)), 1),
    foreign: percent(median(samples.map(({ foreign }) => foreign))),
    broken: brokenness(samples),
  }
}

function rate({ done, seconds }: CallSample): number {
  return done / seconds
}
