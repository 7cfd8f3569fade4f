/** CPU time of a call, of several gateways beside each other. */
import { brokenness, figure, percent, range, withSpread } from '../figures.ts'
import type { Prompt } from '../prompts.ts'
import { pairedRounds } from '../rounds.ts'
import { type CallSample, closedLoop, jobFor, sampleCalls } from '../sample.ts'
import type { Measured, Row, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { median } from '../statistics.ts'
import type { Target } from '../targets/target.ts'
import { AT_ONCE, TOKENS } from '../upstream/manner.ts'

export interface Cost {
  readonly name: string
  readonly summary: string
  readonly prompt: Prompt
  /** The provider writes each event of a stream by itself. */
  readonly writesEach?: boolean
}

export function cost(given: Cost): Scenario {
  return {
    name: given.name,
    table: 'cost',
    summary: given.summary,
    measure: stage => measure(stage, given),
  }
}

async function measure(stage: Stage, { name, prompt, writesEach = false }: Cost): Promise<Measured> {
  await stage.upstream({ ...AT_ONCE, writesEach })
  const targets = (await stage.targets()).filter(target => target.address(prompt.format) !== undefined)
  const { sample, warm } = closedLoop(stage)
  const question = { prompt, tokens: TOKENS }
  const take = (target: Target, manner = sample): Promise<CallSample> =>
    sampleCalls(stage, target, jobFor(target, question, manner))
  for (const target of targets) await take(target, warm)
  const samples = await pairedRounds(targets, stage.effort, take)
  const [first] = targets
  const yardstick = first === undefined ? [] : (samples.get(first) ?? [])
  return {
    rows: targets.map(target => row(name, target.name, samples.get(target) ?? [], yardstick)),
    samples: targets.flatMap(target => (samples.get(target) ?? []).map(each => ({ target: target.name, ...each }))),
  }
}

function row(scenario: string, gateway: string, samples: readonly CallSample[], yardstick: readonly CallSample[]): Row {
  const micros = samples.map(({ microsPerCall }) => microsPerCall)
  const ratios = micros.map((each, round) => each / (yardstick[round]?.microsPerCall ?? Number.NaN))
  return {
    scenario,
    gateway,
    'CPU, µs a call': withSpread(micros),
    ratio: figure(median(ratios), 2),
    'least–most': range(ratios, 2),
    'calls a second': figure(median(samples.map(({ done, seconds }) => done / seconds))),
    'p50, ms': figure(median(samples.map(({ whole }) => whole.p50)), 2),
    foreign: percent(median(samples.map(({ foreign }) => foreign))),
    broken: brokenness(samples),
  }
}
