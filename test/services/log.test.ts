import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogFields } from '../../src/contract.ts'
import { createLog, type GatewayLog, type LogOptions } from '../../src/services/log.ts'

const SECRET = 'hunter2-the-configured/key+'

describe('the log', () => {
  it('writes one JSON object a line: time, level, message, fields', () => {
    const { log, lines } = open()
    log.info('listening', { url: 'http://a', port: 0, open: false, missing: undefined })
    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('\n')).toBe(true)
    const { time, ...rest } = JSON.parse(lines[0] ?? '')
    expect(Date.parse(time)).toBeGreaterThan(0)
    expect(rest).toEqual({ level: 'info', message: 'listening', url: 'http://a', port: 0, open: false })
  })

  it('gives children their fields, and their children theirs as well', () => {
    const { log, entries } = open()
    log.child({ id: 'req_1' }).child({ processor: SECRET }).warn('x', { a: 1 })
    expect(entries()).toMatchObject([{ id: 'req_1', processor: '[secret]', a: 1, level: 'warn' }])
  })

  it('writes nothing below its level, and nothing at all when silent', () => {
    const { log, entries } = open({ level: 'warn' })
    const silent = open({ level: 'silent' })
    for (const each of [log, silent.log, silent.log.child({ a: 1 })]) {
      each.debug('d')
      each.info('i')
      each.warn('w')
      each.error('e')
    }
    expect(entries().map(({ message }) => message)).toEqual(['w', 'e'])
    expect(silent.lines).toEqual([])
  })

  it.each([
    ['a configured secret', SECRET],
    ['a configured secret in a URL', encodeURIComponent(SECRET)],
    ['a secret configured later', 'added-later'],
    ['an OpenAI key', 'sk-proj-abcDEF1234567890'],
    ['an Anthropic key', 'sk-ant-api03-abc_def-123'],
    ['a Google key', 'AIzaSyA1234567890abcdefghijklmnopqrstuv'],
    ['an authorization header', 'Bearer abc.def-ghi'],
    ['a GitHub token', 'ghp_abcdefgh12345678'],
    [
      'a JSON web token',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0abcdefgh.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUx',
    ],
    ['hex', '0123456789abcdef0123456789abcdef'],
    ['base64', 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo3ODk='],
  ])('hides %s in messages, fields and children', (_, secret) => {
    const { log, lines } = open()
    log.hide(['added-later'])
    log.error(`before ${secret} after`, { field: `x=${secret}`, id: SECRET })
    log.child({ bound: secret }).info('y')
    for (const part of secret.split('.').filter(each => each.length > 12)) expect(lines.join('')).not.toContain(part)
    expect(lines.join('')).not.toContain(SECRET)
    expect(JSON.parse(lines[0] ?? '').message).toMatch(/^before .*\[secret\].* after$/)
  })

  it.each([
    '/home/user/projects/sluice/processors/rate-limit.ts',
    'https://api.openai.com/v1/chat/completions',
    'gen_ai_server_time_per_output_token_seconds_bucket',
    'claude-sonnet-4-5-20250929',
    'the provider did not answer within 60 s',
  ])('leaves %s readable', text => {
    const { log, entries } = open()
    log.info(text, { text })
    expect(entries()).toMatchObject([{ message: text, text }])
  })

  it('keeps ids readable, which look like keys', () => {
    const { log, entries } = open()
    log.child({ id: 'req_0123456789abcdef0123456789abcdef' }).info('x')
    expect(entries()[0]?.id).toBe('req_0123456789abcdef0123456789abcdef')
  })

  it('never shows any part of a secret that a cut would leave', () => {
    const position = fc.integer({ min: 0, max: 5000 })
    fc.assert(
      fc.property(position, at => {
        const { log, lines } = open()
        log.info(`${'.'.repeat(at)}${SECRET}`)
        expect(lines.join('')).not.toContain('hunter2')
      }),
    )
  })

  it('cuts strings at 256 characters', () => {
    const { log, entries } = open()
    log.info('é '.repeat(1000), { text: 'x '.repeat(200) })
    expect(entries()[0]?.message).toHaveLength(256)
    expect(String(entries()[0]?.text).endsWith('…')).toBe(true)
  })

  it('logs plain values only, whatever it is given', () => {
    const { log, entries } = open()
    const fields = {
      object: { key: 'sk-abcdefghijkl' },
      list: ['sk-abcdefghijkl'],
      error: new Error(SECRET),
      nothing: null,
      fn: () => SECRET,
      nan: Number.NaN,
      level: 'forged',
      time: 1,
      message: 'forged',
    }
    log.info('x', fields as unknown as LogFields)
    const [entry] = entries()
    expect(entry).toMatchObject({
      object: '[not logged: object]',
      list: '[not logged: object]',
      error: '[not logged: object]',
      nothing: '[not logged: null]',
      fn: '[not logged: function]',
      nan: 'NaN',
      level: 'info',
      message: 'x',
      level_: 'forged',
      message_: 'forged',
    })
  })

  it('keeps one event on one line, also for people', () => {
    const { log, lines } = open({ format: 'pretty' })
    log.warn('a\nb\u001b[2J', { text: 'c\nd' })
    expect(lines).toHaveLength(1)
    expect(lines[0]?.slice('12:34:56.789'.length)).toBe(' \u001b[33mWARN \u001b[0m a b [2J text="c\\nd"\n')
  })

  it('drops lines rather than growing when nobody reads standard output, and counts them', async () => {
    const file = fileURLToPath(new URL('../../src/services/log.ts', import.meta.url))
    const script = `
      import { createLog } from ${JSON.stringify(file)}
      const log = createLog({ level: 'info', format: 'json' })
      for (let i = 0; i < 100_000; i++) log.info('a line that nobody reads, and that is about as long as they are')
      process.stderr.write(String(log.dropped()), () => process.exit(0))
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [dropped] = (await once(child.stderr, 'data')) as [Buffer]
    expect(Number(dropped.toString())).toBeGreaterThan(10_000)
    child.kill()
  })

  it('writes what waits when it is flushed', async () => {
    const file = fileURLToPath(new URL('../../src/services/log.ts', import.meta.url))
    const script = `
      import { createLog } from ${JSON.stringify(file)}
      const log = createLog({ level: 'info' })
      log.info('last words')
      await log.flush()
      process.exit(1)
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    expect((await Array.fromAsync(child.stdout)).join('')).toContain('"message":"last words"')
  })
})

function open(options: Partial<LogOptions> = {}): {
  log: GatewayLog
  lines: string[]
  entries: () => Record<string, unknown>[]
} {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const log = createLog({ level: 'debug', format: 'json', secrets: [SECRET], destination, ...options })
  return { log, lines, entries: () => lines.map(line => JSON.parse(line) as Record<string, unknown>) }
}
