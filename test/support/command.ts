/** The command `sluice`, run as a user runs it: in a process of its own. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/sluice.js', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Runs a command to its end. */
export async function runCommand(argv: readonly string[], input = ''): Promise<Finished> {
  const command = startCommand(argv)
  command.process.stdin.end(input)
  const code = await command.ended
  return { code, output: command.output(), errors: command.errors() }
}

/** Starts a command that goes on. */
export function startCommand(argv: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...argv])
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text
  })
  // When nobody holds its output any more, so that every process that it has started is gone as well. The code is `null`
  // when a signal ended it.
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { process: child, ended, output: () => output, errors: () => errors }
}
