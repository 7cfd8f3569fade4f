/** The price of one thing: the same gateway with and without it, turn by turn. */
import { brokenness, figure, percent, withSpread } from '../figures.ts'
import { pairedRounds } from '../rounds.ts'
import { type CallSample, closedLoop, jobFor, type Question, sampleCalls } from '../sample.ts'
import type { Measured, Row } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { median } from '../statistics.ts'
import type { Address, Target } from '../targets/target.ts'
import { AT_ONCE, TOKENS } from '../upstream/manner.ts'

export interface Side {
  /** The head of its column. */
  readonly label: string
  readonly question: Omit<Question, 'tokens'>
  /** Where it is not the gateway's own for the format. */
  readonly address?: Address
  /** Puts the gateway into the state that this side is about. */
  prepare?(gateway: Target): void
}

export interface Pair {
  readonly name: string
  readonly call: string
  readonly without: Side
  readonly with: Side
}

/** @param gateway of both sides */
export async function measurePair(stage: Stage, gateway: Target, pair: Pair): Promise<Measured> {
  await stage.upstream(AT_ONCE)
  const { sample, warm } = closedLoop(stage)
  const take = async ({ prepare, address, question }: Side, manner = sample): Promise<CallSample> => {
    prepare?.(gateway)
    return sampleCalls(stage, gateway, jobFor(gateway, { ...question, tokens: TOKENS }, manner, address))
  }
  const sides = [pair.without, pair.with]
  for (const side of sides) await take(side, warm)
  const samples = await pairedRounds(sides, stage.effort, take)
  return {
    rows: [row(pair, samples.get(pair.without) ?? [], samples.get(pair.with) ?? [])],
    samples: sides.flatMap(side => (samples.get(side) ?? []).map(each => ({ side: side.label, ...each }))),
  }
}

function row(pair: Pair, without: readonly CallSample[], withIt: readonly CallSample[]): Row {
  const micros = withIt.map(({ microsPerCall }) => microsPerCall)
  const before = without.map(({ microsPerCall }) => microsPerCall)
  const added = micros.map((each, round) => each - (before[round] ?? Number.NaN))
  const shares = added.map((each, round) => each / (before[round] ?? Number.NaN))
  const all = [...without, ...withIt]
  return {
    what: pair.name,
    call: pair.call,
    [`${pair.without.label}, µs`]: figure(median(before)),
    [`${pair.with.label}, µs`]: figure(median(micros)),
    'added, µs a call': withSpread(added, 1),
    share: percent(median(shares)),
    foreign: percent(median(all.map(({ foreign }) => foreign))),
    broken: brokenness(all),
  }
}
