/** Formats and provider kinds: whatever lies in their folders. The folder is the list. */
import { existsSync, readdirSync } from 'node:fs'
import type { Format } from '../contract.ts'
import type { WireFormat } from '../formats/wire-format.ts'
import type { ProviderKind } from '../pipeline/provider-kind.ts'

// `.ts` when the sources run as they are, `.js` in a compiled package.
const ENDING = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

/** Each folder of `src/formats/` that has a `format.ts`, under the folder's name. */
export async function loadFormats(): Promise<ReadonlyMap<Format, WireFormat>> {
  const root = new URL('../formats/', import.meta.url)
  const names = readdirSync(root, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && existsSync(new URL(`${entry.name}/format${ENDING}`, root)))
    .map(({ name }) => name)
    .sort()
  return importEach(names, name => new URL(`${name}/format${ENDING}`, root))
}

/** Each file of `src/providers/`, under the file's name. */
export async function loadProviderKinds(): Promise<ReadonlyMap<string, ProviderKind>> {
  const root = new URL('../providers/', import.meta.url)
  const names = readdirSync(root)
    .filter(file => file.endsWith(ENDING))
    .map(file => file.slice(0, -ENDING.length))
    .sort()
  return importEach(names, name => new URL(name + ENDING, root))
}

async function importEach<T>(names: readonly string[], urlOf: (name: string) => URL): Promise<ReadonlyMap<string, T>> {
  const modules = await Promise.all(
    names.map(async name => [name, ((await import(urlOf(name).href)) as { readonly default: T }).default] as const),
  )
  return new Map(modules)
}
