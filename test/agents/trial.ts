/** One run of one client against one upstream format, and what came of it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Client } from './client.ts'
import type { StandIn, Turn } from './standin/server.ts'

const PASSWORD = 'MARMALADE-7F3A'
const PROMPT = 'Read the file note.txt in the current directory and tell me the password in it.'
const TIME_LIMIT_MS = 90_000

export interface Outcome {
  readonly client: string
  readonly variant: string
  readonly upstream: string
  readonly seconds: number
  /** `ok`, or what failed first. */
  readonly verdict: string
  readonly losses: readonly string[]
  readonly turns: readonly Turn[]
  readonly output: string
}

export interface Stage {
  /** The gateway's address with the prefix of one pipeline. */
  readonly base: string
  /** What the stand-in speaks. */
  readonly upstream: string
  readonly standIn: StandIn
  /** Lines of the gateway's log since the last call of this function. */
  takeLog(): readonly Readonly<Record<string, unknown>>[]
}

/** @param folder where the client's packages are */
export async function runTrial(client: Client, variant: string, folder: string, stage: Stage): Promise<Outcome> {
  const place = mkdtempSync(join(tmpdir(), 'sluice-agent-'))
  const [home, work] = [join(place, 'home'), join(place, 'work')]
  for (const path of [home, work]) mkdirSync(path)
  const note = join(work, 'note.txt')
  writeFileSync(note, `The password of the day is ${PASSWORD}.\n`)
  stage.standIn.expect({ path: note, password: PASSWORD })
  stage.standIn.take()
  stage.takeLog()
  const began = performance.now()
  const command = client.command({ base: stage.base, folder, home, work, note, variant, prompt: PROMPT })
  for (const [path, content] of Object.entries(command.files ?? {})) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  const { output, code } = await execute(command.argv, { HOME: home, ...command.env }, work)
  rmSync(place, { recursive: true, force: true, maxRetries: 5 })
  const log = stage.takeLog()
  const turns = stage.standIn.take()
  return {
    client: client.name,
    variant,
    upstream: stage.upstream,
    seconds: Math.round((performance.now() - began) / 100) / 10,
    verdict: verdictOf(turns, log, output, code),
    losses: [...new Set(log.filter(({ message }) => message === 'loss').map(({ entry }) => String(entry)))],
    turns,
    output,
  }
}

function verdictOf(
  turns: readonly Turn[],
  log: Awaited<ReturnType<Stage['takeLog']>>,
  output: string,
  code: number,
): string {
  const said = output.includes(PASSWORD)
  if (said && code === 0 && turns.some(({ asked }) => asked.result !== undefined)) return 'ok'
  const fault = turns.flatMap(({ asked }) => asked.faults)[0]
  if (fault !== undefined) return `the provider refused: ${fault}`
  const refusal = log.find(({ status }) => typeof status === 'number' && status >= 400)
  if (refusal !== undefined) return `the gateway answered ${refusal.status} ${refusal.error ?? ''}: ${saidIn(output)}`
  if (!turns.some(({ says }) => says?.type === 'call')) return `no tool was called (exit ${code})`
  if (!turns.some(({ asked }) => asked.result !== undefined)) return `no tool result came back (exit ${code})`
  return said ? `exit ${code}` : `the last text did not appear (exit ${code})`
}

/** What the client was told, as far as it shows it. */
function saidIn(output: string): string {
  return /message\W+(.{0,240})/.exec(output.slice(output.indexOf('error')))?.[1] ?? output.trim().slice(-240)
}

async function execute(
  [program, ...args]: readonly [string, ...(readonly string[])],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<{ readonly output: string; readonly code: number }> {
  const { PATH = '', LANG = 'C.UTF-8', TERM = 'dumb' } = process.env
  const path = `${dirname(process.execPath)}:${PATH}`
  const child = spawn(program, args, {
    cwd,
    env: { PATH: path, LANG, TERM, CI: '1', NO_COLOR: '1', NO_PROXY: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIME_LIMIT_MS,
  })
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { output: `${out}\n${error}`, code: code ?? -1 }
}
