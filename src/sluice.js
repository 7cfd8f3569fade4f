#!/usr/bin/env node
/**
 * The command. It does nothing but prepare Node before the rest is imported, so that a gateway that idles stays small
 * (docs/decisions/016-idle-memory.md). The only file in JavaScript: for a first file in TypeScript, which is read before
 * there is a compile cache, Node would load its own TypeScript compiler, and keep it.
 */
import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

const whileStarting = [
  // The garbage of a start would make the heap's nursery grow to 16 MB and more, which V8 does not take back from a process
  // that idles. It may grow (by V8's own factor) as soon as there is work.
  '--semi-space-growth-factor=1',
  // No function is optimised for the sake of a start: V8's two optimising compilers are 9 MB of program to read in.
  '--maglev-filter=~',
  '--turbo-filter=~',
]
const whileServing = ['--semi-space-growth-factor=2', '--maglev-filter=*', '--turbo-filter=*']

for (const flag of whileStarting) setFlagsFromString(flag)
// From the second start on, Node neither strips types nor compiles again.
enableCompileCache()
const { main } = await import('./commands/main.ts')
process.exitCode = await main(process.argv.slice(2))
for (const flag of whileServing) setFlagsFromString(flag)
