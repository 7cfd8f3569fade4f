import { parseArgs } from 'node:util'
import { type Effort, FULL, QUICK } from './effort.ts'
import type { Scenario } from './scenario.ts'
import { PEER_NAMES, type PeerName } from './targets/peers.ts'
import { UsageError } from './usage-error.ts'

export interface Arguments {
  readonly command: 'run' | 'list' | 'help'
  readonly chosen: readonly Scenario[]
  readonly peers: readonly PeerName[]
  readonly effort: Effort
  /** Files to write. */
  readonly json: string | undefined
  readonly markdown: string | undefined
}

export const HELP = `Usage: npm run bench -- [options]

  --only NAMES      scenarios, or tables of them, with commas between; all unless told otherwise
  --list            what there is
  --peers NAMES     other gateways, fetched from npm: ${PEER_NAMES.join(', ')}
  --rounds N        samples of each side, ${FULL.rounds} unless told otherwise
  --seconds N       of one sample, ${FULL.seconds}
  --warm N          seconds before the first sample of each side, ${FULL.warmSeconds}
  --calls N         calls under which memory has to stay flat, ${FULL.memoryCalls}
  --max-foreign N   a sample is taken again while others use more than this share of the machine, ${FULL.maxForeign}
  --quick           a handful of calls of each: shows that all works, measures nothing
  --json FILE       everything that was found, sample by sample
  --markdown FILE   the tables, ready to paste
`

/** @throws UsageError */
export function readArguments(argv: readonly string[], scenarios: readonly Scenario[]): Arguments {
  const { values } = parse(argv)
  const base = values.quick === true ? QUICK : FULL
  return {
    command: values.help === true ? 'help' : values.list === true ? 'list' : 'run',
    chosen: choose(values.only, scenarios),
    peers: namesIn(values.peers).map(name => peerNamed(name)),
    effort: {
      ...base,
      rounds: numberIn('--rounds', values.rounds, base.rounds),
      seconds: numberIn('--seconds', values.seconds, base.seconds),
      warmSeconds: numberIn('--warm', values.warm, base.warmSeconds),
      memoryCalls: numberIn('--calls', values.calls, base.memoryCalls),
      maxForeign: numberIn('--max-foreign', values['max-foreign'], base.maxForeign),
    },
    json: values.json,
    markdown: values.markdown,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        list: { type: 'boolean' },
        help: { type: 'boolean' },
        quick: { type: 'boolean' },
        peers: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        warm: { type: 'string' },
        calls: { type: 'string' },
        'max-foreign': { type: 'string' },
        json: { type: 'string' },
        markdown: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function choose(only: string | undefined, scenarios: readonly Scenario[]): readonly Scenario[] {
  if (only === undefined) return scenarios
  const names = namesIn(only)
  const unknown = names.filter(name => !scenarios.some(each => each.name === name || each.table === name))
  if (names.length === 0 || unknown.length > 0) {
    const tables = [...new Set(scenarios.map(({ table }) => table))]
    throw new UsageError(
      `there is no ${unknown.map(name => `"${name}"`).join(', ') || 'scenario without a name'}; there are the tables ` +
        `${tables.join(', ')} and the scenarios ${scenarios.map(({ name }) => name).join(', ')}`,
    )
  }
  return scenarios.filter(({ name, table }) => names.includes(name) || names.includes(table))
}

function namesIn(list: string | undefined): readonly string[] {
  return (list ?? '').split(',').flatMap(name => name.trim() || [])
}

function peerNamed(name: string): PeerName {
  const peer = PEER_NAMES.find(each => each === name)
  if (peer === undefined) throw new UsageError(`there is no peer "${name}"; there are ${PEER_NAMES.join(', ')}`)
  return peer
}

function numberIn(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) throw new UsageError(`${option} wants a number`)
  if (option === '--rounds' && (number < 1 || !Number.isInteger(number)))
    throw new UsageError('--rounds wants 1 or more')
  return number
}
