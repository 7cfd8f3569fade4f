/** Writes docs/reference/ and docs/config.schema.json from the definitions; with --check says what differs instead. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedDocs } from '../src/components/generated-docs.ts'

const root = join(import.meta.dirname, '..')
const checking = process.argv.includes('--check')
let stale = 0
for (const [path, text] of await generatedDocs()) {
  const file = join(root, path)
  if (!checking) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  } else if (read(file) !== text) {
    stale++
    process.stderr.write(`${path} is not what the definitions say: run "npm run docs"\n`)
  }
}
process.stdout.write(
  checking ? `docs: ${stale === 0 ? 'as the definitions say' : `${stale} stale`}\n` : 'docs written\n',
)
process.exitCode = stale === 0 ? 0 : 1

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
