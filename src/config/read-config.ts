import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ProviderKindEntry } from './config.ts'
import { type Environment, reasonOf, withDotEnv } from './environment.ts'
import { interpolate } from './interpolate.ts'
import { pathId } from './key-path.ts'
import { applyOverrides } from './overrides.ts'
import { type Origin, Place } from './place.ts'
import type { Problem } from './problems.ts'
import type { Table } from './table.ts'
import { tablesSchema } from './tables-schema.ts'
import { parseToml } from './toml.ts'

/** A file after environment variables have been worked in, and before anything in it is checked. */
export interface RawConfig {
  readonly file: string
  readonly value: Table
  /** The place of the whole file. */
  readonly place: Place
  readonly problems: readonly Problem[]
}

const MAX_BYTES = 1024 * 1024

/**
 * Reads a file: TOML, then the `SLUICE__…` variables over it, then `${…}` in its strings.
 * @returns a `Problem` where there is nothing to go on with: no such file, or no TOML
 */
export async function readConfig(
  file: string,
  environment: Environment,
  kinds: ReadonlyMap<string, ProviderKindEntry>,
): Promise<RawConfig | Problem> {
  const read = await readText(file)
  if ('message' in read) return read
  const folder = dirname(file)
  const dotEnv = withDotEnv(environment, folder)
  const toml = parseToml(read.text, file)
  if ('message' in toml) return toml
  const overridden = applyOverrides(toml.value, tablesSchema(toml.value, kinds), dotEnv.environment)
  const place = new Place({ file, positions: toml.positions, origins: overridden.origins })
  const filled = interpolate(overridden.value, place, { environment: dotEnv.environment, folder })
  const misfits = toml.misfits.map(({ path, message }) => place.at(...path).problem(message))
  const unknown = toml.misfits.map(({ path }) => [pathId(path), { kind: 'unknown' }] as const)
  const origins = new Map<string, Origin>([...unknown, ...overridden.origins, ...filled.origins])
  return {
    file,
    value: filled.value,
    place: new Place({ file, positions: toml.positions, origins }),
    problems: [...dotEnv.problems, ...misfits, ...overridden.problems, ...filled.problems],
  }
}

async function readText(file: string): Promise<{ readonly text: string } | Problem> {
  const refuse = (message: string): Problem => ({ file, key: '', message })
  try {
    await using handle = await open(file)
    const chunks: Buffer[] = []
    for await (const chunk of handle.createReadStream({ end: MAX_BYTES })) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    if (bytes.length > MAX_BYTES) return refuse('is larger than 1MiB')
    return isUtf8(bytes) ? { text: bytes.toString('utf8') } : refuse('is not UTF-8')
  } catch (error) {
    return refuse(`cannot be read: ${reasonOf(error)}`)
  }
}
