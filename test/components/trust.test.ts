/** Files that others can change, in real folders with real modes. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listProcessors } from '../../src/components/catalogue.ts'
import { untrusted, warnOfOthers } from '../../src/components/trust.ts'
import { ConfigProblems } from '../../src/config/problems.ts'
import { clock } from '../../src/services/clock.ts'
import { type LogLine, recordingLog } from '../../src/testing/recorder.ts'
import { startTestGateway } from '../support/gateway.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trust-'))
  mkdirSync(join(folder, 'processors'))
  file = join(folder, 'processors', 'own.js')
  writeFileSync(file, 'export default {}')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function warnings(path: string): Promise<readonly LogLine[]> {
  const lines: LogLine[] = []
  await warnOfOthers(path, recordingLog(lines))
  return lines
}

describe('code', () => {
  test.each([0o600, 0o644, 0o664, 0o775])('of the mode %o is run: a group may write', async mode => {
    chmodSync(file, mode)
    chmodSync(join(folder, 'processors'), 0o775)
    expect(await untrusted(file, true)).toBeUndefined()
  })

  test.each([0o666, 0o777, 0o602])('of the mode %o is not', async mode => {
    chmodSync(file, mode)
    expect(await untrusted(file, true)).toBe(
      `every user of this machine can change ${file}, and what is in it would run with the gateway's rights; run: chmod o-w ${file}`,
    )
  })

  test('in a folder that everybody can write to is not', async () => {
    chmodSync(join(folder, 'processors'), 0o777)
    expect(await untrusted(file, true)).toContain(`chmod o-w ${join(folder, 'processors')}`)
    expect(await untrusted(file, false)).toContain('chmod o-w')
  })

  test('in a folder like /tmp is run when the configuration names it, but not when it is searched for', async () => {
    chmodSync(join(folder, 'processors'), 0o1777)
    expect(await untrusted(file, false)).toBeUndefined()
    expect(await untrusted(file, true)).toContain('chmod o-w')
  })

  test('is judged by the file that a link leads to', async () => {
    const link = join(folder, 'processors', 'link.js')
    symlinkSync(file, link)
    expect(await untrusted(link, true)).toBeUndefined()
    chmodSync(file, 0o666)
    expect(await untrusted(link, true)).toContain('chmod o-w')
  })
})

test('what everybody can change is refused before it runs, and said with what else is wrong', async () => {
  const config = `
[providers.main]
client = "echo"

[pipelines.main]
parsers = ["openai-chat"]
provider = "main"

[[pipelines.main.processors]]
use = "${file}"

[[pipelines.main.processors]]
use = "retry"
attempts = "many"
`
  writeFileSync(file, 'globalThis.ranUntrusted = true\nexport default {}')
  chmodSync(file, 0o646)
  const starting = startTestGateway(config)
  await expect(starting).rejects.toBeInstanceOf(ConfigProblems)
  await expect(starting).rejects.toThrow(/chmod o-w [\s\S]*attempts: must be|attempts: must be [\s\S]*chmod o-w/)
  expect(globalThis).not.toHaveProperty('ranUntrusted')
  const own = (await listProcessors(folder, clock)).find(({ name }) => name === 'own')
  expect(own?.problems.join()).toContain('chmod o-w')
  expect(globalThis).not.toHaveProperty('ranUntrusted')
})

describe('in the log it is said', () => {
  test('of nothing that only its user, root and a group can change', async () => {
    chmodSync(file, 0o664)
    expect(await warnings(file)).toEqual([])
    expect(await warnings(folder)).toEqual([])
    expect(await warnings('/tmp')).toEqual([])
  })

  test('that everybody can change a file or a folder', async () => {
    chmodSync(file, 0o666)
    chmodSync(folder, 0o777)
    const lines = [...(await warnings(file)), ...(await warnings(folder))]
    expect(lines.map(({ level, fields }) => [level, fields.file])).toEqual([
      ['warn', file],
      ['warn', folder],
    ])
  })

  test('that somebody else owns a file', async () => {
    if (process.getuid?.() !== 0) return
    chownSync(file, 12345, 12345)
    expect(await warnings(file)).toMatchObject([{ level: 'warn', fields: { file, owner: 12345 } }])
  })
})
