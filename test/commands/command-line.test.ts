import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readArguments, UsageError } from '../../src/commands/arguments.ts'

const root = join(import.meta.dirname, '../..')

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command as a user would, to its end. */
const sluice = (...argv: readonly string[]): Promise<Ended> => run(['src/sluice.js', ...argv])

function run(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise(resolve => {
    execFile(process.execPath, argv, { cwd: root, env: { ...process.env, ...environment } }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err })
    })
  })
}

function configFile(toml: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'sluice-command-')), 'my.toml')
  writeFileSync(file, toml)
  return file
}

describe('arguments', () => {
  test.each([
    [[], { command: 'run', config: 'config.toml' }],
    [['run', '--config', 'a.toml', '--port', '0'], { command: 'run', config: 'a.toml', port: 0 }],
    [['check', 'b.toml'], { command: 'check', config: 'b.toml' }],
    [['list', 'auth'], { command: 'list', config: 'config.toml', name: 'auth' }],
    [['--help'], { command: 'help', config: '' }],
  ] as const)('%j', (argv, expected) => {
    expect(readArguments(argv)).toEqual(expected)
  })

  test.each([['start'], ['run', 'x'], ['--port', '70000'], ['--port', 'http'], ['--colour'], ['check', 'a', 'b']])(
    'refuses %s %s',
    (...argv) => {
      expect(() => readArguments(argv.filter(each => typeof each === 'string'))).toThrow(UsageError)
    },
  )
})

describe('the command under its old name', () => {
  test('does the same, and passes arguments and exit codes on', async () => {
    const argv = ['check', configFile('[server]\nprot = 1\n'), '--strange']
    const [now, old] = await Promise.all([sluice(...argv), run(['src/main.ts', ...argv])])
    expect(now.code).toBeGreaterThan(0)
    expect(old).toEqual(now)
    expect(await run(['src/main.ts', 'check'])).toEqual(await sluice('check'))
  })
})

describe('the nursery of the heap', () => {
  const told = `console.error('told', process.pid, process.execArgv.filter(each => each.startsWith('--max')).join())`
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(told)}`]
  const tellings = ({ err }: Ended): string[][] => [...err.matchAll(/^told (\d+) (.*)$/gm)].map(([, ...found]) => found)

  test.skipIf(process.platform === 'win32')('is bounded, in the same process', async () => {
    const [first, second, ...more] = tellings(await run([...preload, 'src/sluice.js', 'check']))
    expect(more).toEqual([])
    expect(first?.[1]).toBe('')
    expect(second).toEqual([first?.[0], expect.stringMatching(/^--max-semi-space-size=\d+$/)])
  })

  test('is as large as it was told to be', async () => {
    const own = '--max-semi-space-size=64'
    expect(tellings(await run([own, ...preload, 'src/sluice.js', 'check']))).toEqual([[expect.anything(), own]])
    const byEnvironment = await run([...preload, 'src/sluice.js', 'check'], { NODE_OPTIONS: own })
    expect(tellings(byEnvironment)).toEqual([[expect.anything(), '']])
    expect(byEnvironment.code).toBe(0)
  })

  test('is as it may be under the permission model of Node', async () => {
    const ended = await run(['--permission', '--allow-fs-read=*', ...preload, 'src/sluice.js', 'check'])
    expect(tellings(ended)).toHaveLength(1)
    expect(ended).toMatchObject({ code: 0, out: expect.stringMatching(/good/) })
  })
})

describe('the shipped configuration', () => {
  test('is good', async () => {
    expect(await sluice('check')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^config\.toml: good; 1 pipeline,/),
    })
  })
})

describe('check', () => {
  test('tells of every problem at once, with its place, and exits with 1', async () => {
    const file = configFile(
      '[providers.a]\nclient = "ecco"\n[pipelines.main]\nparsers = ["openai-chatt"]\nprovider = "b"\n',
    )
    const { code, err, out } = await sluice('check', file)
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err).toContain(':2:10: providers.a.client')
    expect(err).toContain('did you mean "echo"?')
    expect(err).toContain(':4:12: pipelines.main.parsers[0]')
    expect(err).not.toContain('    at ')
  })

  test('of a file that is not there says so', async () => {
    const { code, err } = await sluice('check', join(tmpdir(), 'there-is-no-such.toml'))
    expect(code).toBe(1)
    expect(err).toContain('there is no such file')
  })
})

describe('list', () => {
  test('shows parsers, processors and provider clients with their summaries', async () => {
    const { code, out } = await sluice('list')
    expect(code).toBe(0)
    for (const line of [
      /^Parsers$/m,
      /^Processors$/m,
      /^Provider clients$/m,
      /^ {2}auth +\S/m,
      /^ {2}azure-openai +\S/m,
    ]) {
      expect(out).toMatch(line)
    }
  })

  test('shows one in full', async () => {
    const { out } = await sluice('list', 'rate-limit')
    expect(out).toMatch(/^# rate-limit\n/)
    expect(out).toContain('| `requests_per_minute` |')
  })

  test('knows what a misspelt name was meant to be', async () => {
    const { code, err } = await sluice('list', 'rate-limits')
    expect(code).toBe(2)
    expect(err).toContain('did you mean "rate-limit"?')
  })
})

test('an unknown command is answered with the usage', async () => {
  const { code, err } = await sluice('serve')
  expect(code).toBe(2)
  expect(err).toContain('there is no command "serve"')
  expect(err).toContain('Usage: sluice')
})
