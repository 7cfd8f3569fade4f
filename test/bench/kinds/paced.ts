/** Many streams at once, at the pace of a model: CPU time of a chunk, memory of an open stream, no chunk lost. */
import { between } from '../consumption.ts'
import { processTree, residentKiB } from '../cpu-clock.ts'
import { brokenness, figure, percent, range, withSpread } from '../figures.ts'
import type { LoadResult } from '../load/job.ts'
import { pause } from '../processes.ts'
import type { ClientFormat, Prompt } from '../prompts.ts'
import { pairedRounds } from '../rounds.ts'
import { jobFor } from '../sample.ts'
import type { Measured, Row, Scenario } from '../scenario.ts'
import type { Stage, TargetName } from '../stage.ts'
import { median } from '../statistics.ts'
import type { Target } from '../targets/target.ts'

export interface Paced {
  readonly name: string
  readonly streams: number
  readonly perSecond: number
  readonly rampSeconds: number
  readonly format: ClientFormat
}

interface PacedSample extends LoadResult {
  readonly microsPerChunk: number
  readonly kibPerStream: number
  readonly open: number
  readonly expected: number
  readonly foreign: number
}

export function paced(given: Paced): Scenario {
  const { name, streams, perSecond, format } = given
  const path = format === 'openai-chat' ? 'same format' : 'Anthropic → OpenAI'
  const summary = `${streams} streams at once of ${perSecond} chunks a second, ${path}`
  return { name, table: 'paced', summary, measure: stage => measure(stage, given) }
}

async function measure(stage: Stage, given: Paced): Promise<Measured> {
  const names: TargetName[] = []
  for (const target of await stage.targets()) {
    if (target.address(given.format) !== undefined) names.push(target.name as TargetName)
  }
  const samples = await pairedRounds(names, stage.effort, name => sample(stage, name, given))
  const [first] = names
  const yardstick = first === undefined ? [] : (samples.get(first) ?? [])
  return {
    rows: names.map(name => row(given.name, name, samples.get(name) ?? [], yardstick)),
    samples: names.flatMap(target => (samples.get(target) ?? []).map(each => ({ target, ...each }))),
  }
}

const WARM_TOKENS = 50
const WARM_CALLS = 3_000
/** Around the time that is measured, so that all streams are open in all of it. */
const MARGIN_SECONDS = 1
const POLL_MS = 25

/** A gateway of its own each time: memory that one crowd needed would be there for the next. */
async function sample(
  stage: Stage,
  name: TargetName,
  { streams, perSecond, rampSeconds, format }: Paced,
): Promise<PacedSample> {
  const { crowd, seconds, clients, warmSeconds, sampleCalls } = stage.effort
  const count = Math.ceil(streams * crowd)
  const ramp = rampSeconds * Math.sqrt(crowd)
  const margin = MARGIN_SECONDS * Math.sqrt(crowd)
  const prompt: Prompt = { format, size: 1_000, stream: true }
  await using target = await stage.start(name)
  const calls = Math.min(WARM_CALLS, sampleCalls)
  const warm = { kind: 'closed', clients, seconds: warmSeconds, calls } as const
  await stage.upstream({ tokens: WARM_TOKENS, gapMs: 0, writesEach: true })
  await stage.run(jobFor(target, { prompt, tokens: WARM_TOKENS }, warm))
  const tokens = Math.ceil((ramp + seconds + 2 * margin) * perSecond)
  await stage.upstream({ tokens, gapMs: 1000 / perSecond, writesEach: true })
  await stage.settled(target)
  const before = memoryOf(target)
  const job = jobFor(target, { prompt, tokens }, { kind: 'held', streams: count, rampSeconds: ramp })
  const running = stage.run({ ...job, isTimed: true })
  const window = await measureWindow(stage, target, count, ramp + margin)
  const result = await running
  const kibPerStream = (window.memory - before) / window.most
  return { ...result, ...window, kibPerStream, expected: count * tokens }
}

/** Some seconds in which all streams are open. @param patienceSeconds that it may take until they are */
async function measureWindow(
  stage: Stage,
  target: Target,
  streams: number,
  patienceSeconds: number,
): Promise<
  Pick<PacedSample, 'microsPerChunk' | 'foreign' | 'open'> & { readonly memory: number; readonly most: number }
> {
  const deadline = performance.now() + patienceSeconds * 1000
  while ((await stage.progress()).open < streams && performance.now() < deadline) await pause(POLL_MS)
  const begin = await stage.progress()
  const before = stage.read(target)
  await pause(stage.effort.seconds * 1000)
  const end = await stage.progress()
  const used = between(before, stage.read(target))
  return {
    microsPerChunk: used.targetMicros / (end.tokens - begin.tokens),
    foreign: used.foreign,
    open: Math.min(begin.open, end.open),
    most: Math.max(begin.open, end.open),
    memory: memoryOf(target),
  }
}

function memoryOf({ pid }: Target): number {
  return pid === undefined ? 0 : residentKiB(processTree(pid))
}

function row(
  scenario: string,
  gateway: string,
  samples: readonly PacedSample[],
  yardstick: readonly PacedSample[],
): Row {
  const micros = samples.map(({ microsPerChunk }) => microsPerChunk)
  const ratios = micros.map((each, round) => each / (yardstick[round]?.microsPerChunk ?? Number.NaN))
  const sum = (of: (sample: PacedSample) => number): number => samples.reduce((total, each) => total + of(each), 0)
  return {
    scenario,
    gateway,
    'CPU, µs a chunk': withSpread(micros, 1),
    ratio: figure(median(ratios), 2),
    'least–most': range(ratios, 2),
    'KiB a stream': withSpread(samples.map(({ kibPerStream }) => kibPerStream)),
    'p50, ms': figure(median(samples.map(({ relay }) => relay.p50)), 2),
    'p99, ms': figure(median(samples.map(({ relay }) => relay.p99)), 2),
    'open at once': figure(Math.min(...samples.map(({ open }) => open))),
    chunks: `${sum(({ tokens }) => tokens)} of ${sum(({ expected }) => expected)}`,
    foreign: percent(median(samples.map(({ foreign }) => foreign))),
    broken: brokenness(samples),
  }
}
