#!/usr/bin/env node
/**
 * The command. It does nothing but switch the compile cache on before the rest is imported: from the second start on,
 * Node neither strips types nor compiles again, which halves the start and the memory of an idle gateway.
 */
import { enableCompileCache } from 'node:module'

enableCompileCache()
const { main } = await import('./commands/main.ts')
process.exitCode = await main(process.argv.slice(2))
