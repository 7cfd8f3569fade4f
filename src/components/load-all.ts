/** File → everything that the configuration names, found, imported and checked; nothing set up yet. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import { type Environment, withDotEnv } from '../config/environment.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Clock, Format, Log } from '../contract.ts'
import type { WireFormat } from '../formats/wire-format.ts'
import type { ProviderKind } from '../pipeline/provider-kind.ts'
import { loadFormats, loadProviderKinds } from './built-ins.ts'
import { loadProcessor } from './load.ts'
import { warnOfOthers } from './trust.ts'

export interface Blueprint {
  readonly config: Config
  readonly formats: ReadonlyMap<Format, WireFormat>
  readonly kinds: ReadonlyMap<string, ProviderKind>
  /** With what the `.env` beside the configuration adds. */
  readonly environment: Environment
}

/** @throws ConfigProblems with every problem at once */
export async function loadAll(
  path: string,
  environment: Environment,
  tools: { readonly clock: Clock; readonly log: Log },
): Promise<Blueprint> {
  const [formats, kinds] = await Promise.all([loadFormats(), loadProviderKinds()])
  const config = await loadConfig({
    path,
    environment,
    formats,
    providerKinds: kinds,
    async loadProcessor(use, place) {
      const loaded = await loadProcessor(use, place, dirname(path), tools)
      return 'processor' in loaded ? loaded.processor : loaded.problems
    },
  })
  const folder = dirname(path)
  for (const each of [folder, path, join(folder, '.env')]) if (existsSync(each)) await warnOfOthers(each, tools.log)
  return { config, formats, kinds, environment: withDotEnv(environment, dirname(path)).environment }
}
