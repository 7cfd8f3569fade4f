import { cpus } from 'node:os'
import type { Effort } from './effort.ts'
import type { Occasion, Table } from './report.ts'
import type { Measured, Scenario } from './scenario.ts'
import { Stage } from './stage.ts'
import { nginxVersion } from './targets/nginx.ts'
import { type PeerName, peerVersion } from './targets/peers.ts'

export interface Findings {
  readonly occasion: Occasion
  readonly effort: Effort
  readonly tables: readonly Table[]
  readonly samples: Readonly<Record<string, readonly object[]>>
  /** Scenarios that could not be measured, and why. */
  readonly failures: Readonly<Record<string, string>>
  /** Peers that could not be had, and why. */
  readonly leftOut: Readonly<Record<string, string>>
}

/**
 * Measures one scenario after another. One that fails does not take the others with it.
 * @param say gets a line for a person who waits
 */
export async function bench(
  scenarios: readonly Scenario[],
  peers: readonly PeerName[],
  effort: Effort,
  say: (line: string) => void,
): Promise<Findings> {
  const measured = new Map<Scenario, Measured>()
  const failures: Record<string, string> = {}
  await using stage = await Stage.open(effort, peers, say)
  for (const [index, scenario] of scenarios.entries()) {
    say(`${index + 1}/${scenarios.length} ${scenario.name}: ${scenario.summary}`)
    try {
      measured.set(scenario, await scenario.measure(stage))
    } catch (error) {
      failures[scenario.name] = error instanceof Error ? error.message : String(error)
      say(`failed: ${failures[scenario.name]}`)
    }
  }
  return {
    occasion: occasionOf(
      effort,
      peers.filter(name => !stage.leftOut.has(name)),
    ),
    effort,
    tables: tablesOf(measured),
    samples: Object.fromEntries([...measured].map(([{ name }, { samples }]) => [name, samples])),
    failures,
    leftOut: Object.fromEntries(stage.leftOut),
  }
}

function tablesOf(measured: ReadonlyMap<Scenario, Measured>): readonly Table[] {
  const byTable = Map.groupBy(measured, ([{ table }]) => table)
  return [...byTable].map(([name, entries]) => ({ name, rows: entries.flatMap(([, { rows }]) => rows) }))
}

function occasionOf({ rounds, seconds }: Effort, peers: readonly PeerName[]): Occasion {
  const nginx = nginxVersion()
  const versions = {
    Node: process.versions.node,
    ...(nginx === undefined ? {} : { nginx }),
    ...Object.fromEntries(peers.map(name => [name, peerVersion(name)])),
  }
  const [{ model = 'unknown' } = {}, ...others] = cpus()
  return { date: new Date().toISOString(), versions, cores: others.length + 1, cpu: model.trim(), rounds, seconds }
}
