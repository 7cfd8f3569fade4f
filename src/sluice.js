#!/usr/bin/env node
/**
 * The command. It does nothing but prepare Node before the rest is imported, so that a gateway stays small
 * (docs/decisions/016-idle-memory.md). The only file in JavaScript: for a first file in TypeScript, which is read before
 * there is a compile cache, Node would load its own TypeScript compiler, and keep it.
 */
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

/** The most that half of the heap's nursery may grow to, in MB. V8 takes twice as much, which serves nobody faster. */
const NURSERY = 16

const whileStarting = [
  // The garbage of a start would make the nursery grow, which V8 does not take back from a process that idles. It may grow
  // (by V8's own factor) as soon as there is work.
  '--semi-space-growth-factor=1',
  // No function is optimised for the sake of a start: V8's two optimising compilers are 9 MB of program to read in.
  '--maglev-filter=~',
  '--turbo-filter=~',
]
const whileServing = ['--semi-space-growth-factor=2', '--maglev-filter=*', '--turbo-filter=*']

beginAgain(`--max-semi-space-size=${NURSERY}`)
for (const flag of whileStarting) setFlagsFromString(flag)
// From the second start on, Node neither strips types nor compiles again.
enableCompileCache()
const { main } = await import('./commands/main.ts')
process.exitCode = await main(process.argv.slice(2))
for (const flag of whileServing) setFlagsFromString(flag)

/**
 * Begins the same process again with a flag that V8 takes only from the command line, unless it was given there (or in
 * `NODE_OPTIONS`) already, perhaps with another value. Not where the process may not, or could not go on as it is: Windows
 * has no `execve`, Node's permission model forbids it, and a process that was forked would lose the channel to its parent.
 *
 * @param {string} flag
 */
function beginAgain(flag) {
  const { execPath, execArgv, argv, env, platform, connected, permission } = process
  const [name] = flag.split('=')
  const isGiven = [...execArgv, env.NODE_OPTIONS].some(each => each?.includes(name))
  const isForbidden = permission !== undefined && !permission.has('child')
  if (isGiven || isForbidden || connected || platform === 'win32' || !process.execve) return
  process.execve(execPath, [execPath, ...execArgv, flag, fileURLToPath(import.meta.url), ...argv.slice(2)])
}
