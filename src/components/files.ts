/** The files of processors: read and checked like the configuration, and again whenever they change. */
import { open, stat } from 'node:fs/promises'
import { checkOptions } from '../config/check-options.ts'
import { deadReferences } from '../config/cross-checks.ts'
import { type Environment, reasonOf } from '../config/environment.ts'
import { interpolate } from '../config/interpolate.ts'
import { Place } from '../config/place.ts'
import { type Problem, problemText } from '../config/problems.ts'
import { secretsIn } from '../config/secrets-in.ts'
import { parseToml } from '../config/toml.ts'
import type { Files, Log } from '../contract.ts'
import type { ObjectSchema } from '../options.ts'
import { stateOf, watchForChange } from './file-watch.ts'
import { thrownText } from './thrown.ts'

export interface FilesParts {
  /** What `${NAME}` in a file may draw on. */
  readonly environment: Environment
  /** The folder that `${file:…}` starts from: that of the configuration. */
  readonly folder: string
  /** Names of the configured providers. */
  readonly providers: readonly string[]
  readonly log: Log
  /** Keeps secrets out of the log. */
  hide(secrets: Iterable<string>): void
  /** Ends the watching. */
  readonly signal: AbortSignal
}

/** A list of ten thousand keys has a tenth of it. */
const MAX_BYTES = 16 * 1024 * 1024
/** Problems of a changed file that are logged one by one. */
const MAX_LOGGED = 5

export function filesFor(parts: FilesParts): Files {
  return {
    async follow(file: string, schema: ObjectSchema, take: (content: never) => void) {
      // What has passed the schema is of its type.
      const read = () => readInto(file, schema, take as (content: unknown) => void, parts)
      const known = await stateOf(file)
      const problems = await read()
      if (problems.length > 0) throw new Error(problems.map(problemText).join('; '))
      if (JSON.stringify(schema).includes('"secret":true')) await warnOfReaders(file, parts)
      const stop = watchForChange(file, known, async () => report(file, await read(), parts))
      if (parts.signal.aborted) stop()
      else parts.signal.addEventListener('abort', stop, { once: true })
    },
  }
}

/** Once, at the start: what is secret in a file should not be open to every user of the machine. */
async function warnOfReaders(file: string, { log }: FilesParts): Promise<void> {
  const { mode, uid } = await stat(file)
  // Of a file that is somebody else's, such as a mounted secret, the group is how we come to read it.
  const others = uid === process.getuid?.() ? 0o077 : 0o007
  if (process.platform === 'win32' || (mode & others) === 0) return
  log.warn('other users of this machine can reach a file that may hold secrets; chmod 600 it', {
    file,
    mode: (mode & 0o777).toString(8),
  })
}

function report(file: string, problems: readonly Problem[], { log }: FilesParts): void {
  if (problems.length === 0) {
    log.info('a file has changed and was taken over', { file })
    return
  }
  log.warn('a file has changed and cannot be taken over; what it said before still holds', {
    file,
    problems: problems.length,
  })
  for (const problem of problems.slice(0, MAX_LOGGED)) log.warn(problemText(problem))
}

/** All or nothing: `take` is called only with a file that has no problem. */
async function readInto(
  file: string,
  schema: ObjectSchema,
  take: (content: unknown) => void,
  parts: FilesParts,
): Promise<readonly Problem[]> {
  const refuse = (message: string): readonly Problem[] => [{ file, key: '', message }]
  try {
    const text = await readText(file)
    if (text === undefined) return refuse(`is larger than ${MAX_BYTES / 1024 / 1024}MiB`)
    const { value, problems } = checkText(file, text, schema, parts)
    if (problems.length > 0 || value === undefined) return problems
    parts.hide(secretsIn(value))
    take(value)
    return []
  } catch (error) {
    const isSystems = error instanceof Error && 'syscall' in error
    return refuse(isSystems ? `cannot be read: ${reasonOf(error)}` : thrownText(error))
  }
}

async function readText(file: string): Promise<string | undefined> {
  await using handle = await open(file)
  if ((await handle.stat()).size > MAX_BYTES) return undefined
  return handle.readFile('utf8')
}

function checkText(
  file: string,
  text: string,
  schema: ObjectSchema,
  { environment, folder, providers }: FilesParts,
): { readonly value?: unknown; readonly problems: readonly Problem[] } {
  const toml = parseToml(text, file)
  if ('message' in toml) return { problems: [toml] }
  const { positions, misfits } = toml
  const filled = interpolate(toml.value, new Place({ file, positions, origins: new Map() }), { environment, folder })
  const place = new Place({ file, positions, origins: filled.origins })
  const checked = checkOptions(schema, filled.value, place)
  const problems = [
    ...misfits.map(misfit => place.at(...misfit.path).problem(misfit.message)),
    ...filled.problems,
    ...checked.problems,
    ...deadReferences(checked.references, providers),
  ]
  return problems.length > 0 ? { problems } : { value: checked.value, problems }
}
