/** `npm run bench`: what Sluice costs, beside others. docs/benchmarks.md tells the method; `--help` the options. */
import { writeFileSync } from 'node:fs'
import { HELP, readArguments } from './arguments.ts'
import { bench } from './bench.ts'
import { grid, markdown } from './report.ts'
import { SCENARIOS } from './scenarios.ts'
import { UsageError } from './usage-error.ts'

process.exitCode = await main(process.argv.slice(2))

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  try {
    return await obey(argv)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`bench: ${error.message}\n`)
    return 2
  }
}

async function obey(argv: readonly string[]): Promise<number> {
  const given = readArguments(argv, SCENARIOS)
  if (given.command === 'help') return print(HELP)
  if (given.command === 'list')
    return print(`${grid(SCENARIOS.map(({ table, name, summary }) => ({ table, name, summary })))}\n`)
  // What was started is ended on the way out.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const findings = await bench(given.chosen, given.peers, given.effort, line => process.stderr.write(`${line}\n`))
  const text = markdown(findings.tables, findings.occasion)
  if (given.json !== undefined) writeFileSync(given.json, `${JSON.stringify(findings, null, 1)}\n`)
  if (given.markdown !== undefined) writeFileSync(given.markdown, text)
  print(text)
  return Object.keys(findings.failures).length === 0 ? 0 : 1
}

function print(text: string): 0 {
  process.stdout.write(text)
  return 0
}
