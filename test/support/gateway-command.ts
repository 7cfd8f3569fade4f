/** A whole gateway in processes of its own, started as a user starts it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { startCommand } from './command.ts'

/** Writes a configuration for the length of a test. @returns its path */
export function configFile(toml: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-command-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'config.toml')
  writeFileSync(file, toml)
  return file
}

/** Starts a gateway on a free port; whatever is left of it is killed when the test is over. */
export async function startGatewayCommand(toml: string) {
  const command = startCommand(['run', '--config', configFile(toml), '--port', '0'])
  onTestFinished(() => void command.process.kill('SIGKILL'))
  /** Its log so far. */
  const lines = (): readonly Record<string, unknown>[] =>
    command
      .output()
      .split('\n')
      .filter(line => line.endsWith('}'))
      .map(line => JSON.parse(line))
  const url = await vi.waitFor(
    () => {
      const line = lines().find(each => typeof each.url === 'string')
      if (!line) throw new Error(`does not listen: ${command.output()}${command.errors()}`)
      return String(line.url)
    },
    { timeout: 15_000 },
  )
  const stop = (): Promise<number | null> => {
    command.process.kill('SIGTERM')
    return command.ended
  }
  return { ...command, url, lines, stop }
}
