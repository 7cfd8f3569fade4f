#!/usr/bin/env node
/**
 * The command. It does nothing but prepare Node before the rest is imported, so that a gateway that idles stays small
 * (docs/decisions/018-idle-memory.md). The only file in JavaScript: for a first file in TypeScript, which is read before
 * there is a compile cache, Node would load its own TypeScript compiler, and keep it.
 */
import { enableCompileCache } from 'node:module'

// From the second start on, Node neither strips types nor compiles again.
enableCompileCache()
const { main } = await import('./commands/main.ts')
process.exitCode = await main(process.argv.slice(2))
