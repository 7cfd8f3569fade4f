import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ProcessorFile } from '../../src/components/find.ts'

/** A file of `test/fixtures/processors/`, as the loader would have found it. */
export function fixture(name: string): ProcessorFile {
  const path = (ending: string): string =>
    fileURLToPath(new URL(`../fixtures/processors/${name}.${ending}`, import.meta.url))
  return { name, file: existsSync(path('js')) ? path('js') : path('ts'), source: 'path', shadows: false }
}
