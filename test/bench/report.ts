/** What was found, as tables for people. */
import type { Row } from './scenario.ts'

/** Where and when it was measured. */
export interface Occasion {
  /** ISO, in UTC. */
  readonly date: string
  readonly versions: Readonly<Record<string, string>>
  readonly cores: number
  readonly cpu: string
  readonly rounds: number
  readonly seconds: number
}

export interface Table {
  readonly name: string
  readonly rows: readonly Row[]
}

interface Words {
  readonly title: string
  readonly note: string
}

const WORDS: Readonly<Record<string, Words>> = {
  cost: {
    title: 'A call, beside other gateways',
    note: 'CPU time of all processes of the gateway, user and system. The ratio is to the first gateway of the scenario in the same round. In scenarios that convert, nginx and the baseline pass the call on as it is.',
  },
  converting: {
    title: 'What converting costs',
    note: 'One gateway, one OpenAI provider; an OpenAI client and an Anthropic client in turn.',
  },
  processors: {
    title: 'What each processor costs',
    note: 'One gateway with two pipelines, without any processor and with this one, in turn.',
  },
  observing: {
    title: 'What metrics and logs cost',
    note: 'One process, in which one of them is switched off and on again in turn. The log has a line for each call.',
  },
  paced: {
    title: 'Many streams at once',
    note: 'All streams open at the same time, each chunk a write of the provider. Memory is what an open stream adds to a gateway that has just been warmed. The times are those of a chunk from the provider to the client. Every chunk is looked for by its number.',
  },
  latency: {
    title: 'Latency added',
    note: 'Over a direct call in the same round, at a fixed rate. The first token is that with the first content; each token is timed from the provider’s write to the client’s read.',
  },
  start: {
    title: 'Cold start',
    note: 'From the start of the process; `/healthz` for Sluice, an open port for others.',
  },
  memory: { title: 'Memory after load', note: 'Resident memory. The slope is that of the second half of the calls.' },
  workers: {
    title: 'Workers',
    note: 'Whole answers of 20 KB converted. Load client and provider run on the same cores: their share is what two workers cannot have.',
  },
}

/** Sections of Markdown, one for each table. */
export function markdown(tables: readonly Table[], occasion: Occasion): string {
  return tables.map(table => section(table, occasion)).join('\n')
}

function section({ name, rows }: Table, { date, versions, cores, cpu, rounds, seconds }: Occasion): string {
  const { title, note } = WORDS[name] ?? { title: name, note: '' }
  const named = Object.entries(versions).map(([program, version]) => `${program} ${version}`)
  const where = `${date.slice(0, 10)}, ${named.join(', ')}; ${cores} cores (${cpu}).`
  const how = `Medians of ${rounds} rounds of ${seconds} s, ± half of the range of the middle half.`
  return `## ${title}\n\n${note}\n\n${where} ${how}\n\n${grid(rows)}\n`
}

/** @param rows with the same columns each */
export function grid(rows: readonly Row[]): string {
  const [first = {}] = rows
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const head = Object.keys(first)
  return [line(head), line(head.map(() => '---')), ...rows.map(row => line(Object.values(row)))].join('\n')
}
