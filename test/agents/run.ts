/**
 * Runs real clients against a gateway in front of stand-in providers of every format:
 *
 *   node test/agents/run.ts [CLIENT …] [--to UPSTREAM,…] [--only TEXT] [--folder DIR] [--save DIR]
 *
 * Installs what is missing from npm into a folder of its own (`--folder` keeps it), prints a table client × upstream, and what each conversion lost. `--only` picks variants that contain a text; `--save` keeps requests and
 * outputs. Nothing leaves this machine but the installation. Not part of `npm test`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { startTestGateway } from '../support/gateway.ts'
import type { Client } from './client.ts'
import { claudeCode } from './clients/claude-code.ts'
import { codex } from './clients/codex.ts'
import { geminiCli } from './clients/gemini-cli.ts'
import { opencode } from './clients/opencode.ts'
import { qwenCode } from './clients/qwen-code.ts'
import { anthropicSdk, langchain, vercelAiSdk } from './clients/sdk.ts'
import { GATEWAY_FILES, gatewayConfig, UPSTREAMS } from './gateway.ts'
import { type StandIn, speakerOf, startStandIn } from './standin/server.ts'
import { type Outcome, runTrial, type Stage } from './trial.ts'

const CLIENTS: readonly Client[] = [
  claudeCode,
  codex,
  geminiCli,
  opencode,
  qwenCode,
  vercelAiSdk,
  langchain,
  anthropicSdk,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    to: { type: 'string' },
    only: { type: 'string', default: '' },
    folder: { type: 'string' },
    save: { type: 'string' },
  },
})
const root = values.folder ?? mkdtempSync(join(tmpdir(), 'sluice-clients-'))
const chosen = positionals.length === 0 ? CLIENTS : CLIENTS.filter(({ name }) => positionals.includes(name))
const upstreams = values.to?.split(',') ?? Object.keys(UPSTREAMS)

await using stack = new AsyncDisposableStack()
if (values.folder === undefined) stack.defer(() => rmSync(root, { recursive: true, force: true }))
const stages = await startStages(stack)
const outcomes: Outcome[] = []
for (const client of chosen) {
  const folder = install(client)
  for (const variant of client.variants.filter(name => name.includes(values.only))) {
    for (const stage of stages) outcomes.push(report(await runTrial(client, variant, folder, stage)))
  }
  console.log(`${client.name}: ${versions(client, folder)}`)
}
console.log(table(outcomes))
console.log(lossesOf(outcomes))
process.exitCode = outcomes.every(({ verdict }) => verdict === 'ok') ? 0 : 1

async function startStages(stack: AsyncDisposableStack): Promise<readonly Stage[]> {
  const standIns = new Map<string, StandIn>()
  for (const name of upstreams) standIns.set(name, stack.use(await startStandIn(speakerOf(name))))
  const addresses = new Map([...standIns].map(([name, { url }]) => [name, url]))
  const lines: Readonly<Record<string, unknown>>[] = []
  const log = (line: string): void => void lines.push(JSON.parse(line))
  const gateway = await startTestGateway(gatewayConfig(addresses), { files: GATEWAY_FILES, log })
  stack.use(gateway)
  const takeLog = (): typeof lines => lines.splice(0)
  return [...standIns].map(([upstream, standIn]) => ({
    upstream,
    standIn,
    base: `${gateway.url}/${upstream}`,
    takeLog,
  }))
}

function install({ name, packages }: Client): string {
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  if (packages.every(name => existsSync(join(folder, 'node_modules', name)))) return folder
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], {
    cwd: folder,
    stdio: 'inherit',
    // With an older Node, npm would quietly take older majors of the packages.
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
  })
  return folder
}

function versions({ packages }: Client, folder: string): string {
  const versionOf = (name: string): string =>
    JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version
  return packages.map(name => `${name} ${versionOf(name)}`).join(', ')
}

function report(outcome: Outcome): Outcome {
  const { client, variant, upstream, verdict, seconds, turns } = outcome
  const state = turns.some(({ stateReturned }) => stateReturned) ? ' (reasoning came back)' : ''
  console.log(`${client} [${variant}] → ${upstream}: ${verdict}, ${turns.length} requests, ${seconds} s${state}`)
  if (values.save !== undefined) {
    mkdirSync(values.save, { recursive: true })
    const name = `${client}.${variant}.${upstream}`.replace(/[^\w.-]/g, '_')
    writeFileSync(join(values.save, `${name}.json`), JSON.stringify(outcome, undefined, 1))
  }
  return outcome
}

function table(outcomes: readonly Outcome[]): string {
  const rows = Map.groupBy(outcomes, ({ client, variant }) => `${client} [${variant}]`)
  const cell = (list: readonly Outcome[], upstream: string): string =>
    list.find(outcome => outcome.upstream === upstream)?.verdict.slice(0, 60) ?? ''
  return [
    `| client | ${upstreams.join(' | ')} |`,
    `|---|${upstreams.map(() => '---|').join('')}`,
    ...[...rows].map(([name, list]) => `| ${name} | ${upstreams.map(format => cell(list, format)).join(' | ')} |`),
  ].join('\n')
}

/** Every loss once, with the clients and formats that had it. */
function lossesOf(outcomes: readonly Outcome[]): string {
  const all = outcomes.flatMap(({ client, upstream, losses }) =>
    losses.map(loss => ({ loss: loss.replace(/\[\d+\]/g, '[]'), where: `${client} → ${upstream}` })),
  )
  return [...Map.groupBy(all, ({ loss }) => loss)]
    .map(([loss, list]) => `- ${loss}: ${[...new Set(list.map(({ where }) => where))].join(', ')}`)
    .join('\n')
}
