/**
 * `npm run bench`: CPU time of the gateway per call, beside the least that Node can do, in turn within each round.
 *
 *     npm run bench -- [--rounds 5] [--seconds 3] [--json FILE]
 *
 * CPU time and ratios hold on a noisy machine; throughput and latency do not, so they are not compared.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type LoadResult, load } from './load.ts'
import { cpuMicros, type Running, residentMiB, startGateway, startScript } from './processes.ts'
import { CONFIG, SCENARIOS, type Scenario } from './scenarios.ts'

interface Sample extends LoadResult {
  readonly scenario: string
  readonly target: string
  readonly cpuPerCall: number
  readonly residentMiB: number
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const samples: Sample[] = []
try {
  using upstream = await startScript(new URL('./upstream.ts', import.meta.url))
  const config = join(folder, 'config.toml')
  writeFileSync(config, CONFIG.replaceAll('{port}', String(upstream.port)))
  using baseline = await startScript(new URL('./baseline.ts', import.meta.url), `http://127.0.0.1:${upstream.port}`)
  using gateway = await startGateway(config)
  for (const scenario of SCENARIOS) {
    // JITs settle first.
    await measure(scenario, 'baseline', baseline)
    await measure(scenario, 'sluice', gateway)
    for (let round = 0; round < rounds; round++) {
      samples.push(await measure(scenario, 'baseline', baseline), await measure(scenario, 'sluice', gateway))
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
report()

async function measure(scenario: Scenario, target: string, running: Running): Promise<Sample> {
  const path = target === 'baseline' ? '/' : scenario.path
  const before = cpuMicros(running.pid)
  const result = await load({
    url: `http://127.0.0.1:${running.port}${path}`,
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench-key', ...scenario.headers },
    body: target === 'baseline' ? scenario.upstreamBody : scenario.body,
    clients: 16,
    seconds,
    lastWord: 't199',
  })
  const cpuPerCall = (cpuMicros(running.pid) - before) / Math.max(1, result.done)
  return { scenario: scenario.name, target, cpuPerCall, residentMiB: residentMiB(running.pid), ...result }
}

function report(): void {
  const rows = SCENARIOS.map(({ name }) => {
    const of = (target: string): Sample[] => samples.filter(each => each.scenario === name && each.target === target)
    const ratios = of('sluice').map(
      (each, index) => each.cpuPerCall / (of('baseline')[index]?.cpuPerCall ?? Number.NaN),
    )
    return {
      scenario: name,
      'baseline µs': Math.round(median(of('baseline').map(each => each.cpuPerCall))),
      'sluice µs': Math.round(median(of('sluice').map(each => each.cpuPerCall))),
      ratio: median(ratios).toFixed(2),
      spread: `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`,
      'MiB resident': Math.max(...of('sluice').map(each => each.residentMiB)),
      broken: of('sluice').reduce((sum, each) => sum + each.broken, 0),
    }
  })
  console.table(rows)
  if (values.json !== undefined) {
    writeFileSync(values.json, JSON.stringify({ node: process.version, rounds, seconds, rows, samples }, null, 2))
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
