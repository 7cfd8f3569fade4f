/** The command `sluice`: run | check | list | hash-key. */
import { readFileSync } from 'node:fs'
import { processEnvironment } from '../config/environment.ts'
import { ConfigProblems } from '../config/problems.ts'
import { clock } from '../services/clock.ts'
import { HELP, readArguments, UsageError } from './arguments.ts'
import { check } from './check.ts'
import { hashKey } from './hash-key.ts'
import { listAll, listOne } from './list.ts'
import { run } from './run.ts'

const DONE = 0
const BAD_CONFIG = 1
const BAD_USAGE = 2
const INTERNAL = 70

/** Runs one command. @returns the exit code; a gateway that runs on goes on after this has returned */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    return await obey(argv)
  } catch (error) {
    return explain(error)
  }
}

async function obey(argv: readonly string[]): Promise<number> {
  const given = readArguments(argv)
  switch (given.command) {
    case 'help':
      process.stdout.write(HELP)
      return DONE
    case 'version':
      process.stdout.write(`${version()}\n`)
      return DONE
    case 'check':
      process.stdout.write(await check(given.config, processEnvironment()))
      return DONE
    case 'list':
      process.stdout.write(
        given.name === undefined ? await listAll(given.config, clock) : await listOne(given.name, given.config, clock),
      )
      return DONE
    case 'hash-key':
      process.stdout.write(await hashKey(given.name ?? '', process.stdin, text => process.stderr.write(text)))
      return DONE
    case 'run':
      return run(given, processEnvironment(), version())
  }
}

/** Tells a person what went wrong. @returns the exit code */
function explain(error: unknown): number {
  if (error instanceof ConfigProblems) {
    process.stderr.write(`${error.message}\n`)
    return BAD_CONFIG
  }
  if (error instanceof UsageError) {
    process.stderr.write(`sluice: ${error.message}\n\n${HELP}`)
    return BAD_USAGE
  }
  process.stderr.write(
    `sluice: internal failure\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  return INTERNAL
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : ''
}
