#!/usr/bin/env node
/**
 * The command under its old name. It becomes `sluice.js` in the same process: to read this file, which is TypeScript, Node
 * loaded a compiler, and would keep it (docs/decisions/016-idle-memory.md). Windows has no `execve`; there it stays loaded.
 */
import { fileURLToPath } from 'node:url'

const command = new URL('sluice.js', import.meta.url)
if (process.platform !== 'win32' && process.execve) {
  const { execPath, execArgv, argv } = process
  process.execve(execPath, [execPath, ...execArgv, fileURLToPath(command), ...argv.slice(2)])
}
await import(command.href)
