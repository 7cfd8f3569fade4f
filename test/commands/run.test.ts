import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startCommand } from '../support/command.ts'

const CONFIG = '[providers.main]\nclient = "echo"\n[pipelines.main]\nparsers = ["openai-chat"]\nprovider = "main"\n'

test.each([1, 2])(
  'ends when it is told to although nobody reads its log any more, with %s processes',
  async workers => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-run-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'config.toml'), `[server]\nworkers = ${workers}\n${CONFIG}`)
    const command = startCommand(['run', '--config', join(folder, 'config.toml'), '--port', '0'])
    onTestFinished(() => void command.process.kill('SIGKILL'))
    await vi.waitFor(() => expect(command.output()).toContain('listening on'), { timeout: 15_000 })
    command.process.stdout.destroy()
    command.process.kill('SIGTERM')
    expect(await command.ended).toBe(0)
  },
)
