/** A folder that has nothing but config.toml and processors/: no package.json, no node_modules, plain Node. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { post } from '../support/sse-client.ts'
import { CHAT } from './dialects.ts'

const MAIN = fileURLToPath(new URL('../../src/sluice.js', import.meta.url))

const TYPED = `
import { defineProcessor, Refusal, type Call } from 'sluice'

function isRude(call: Call): boolean {
  return JSON.stringify(call.conversation.turns).includes('rude')
}

export default defineProcessor({
  summary: 'Refuses rude words.',
  options: {
    type: 'object',
    properties: { status: { type: 'integer', default: 400, description: 'What to answer.' } },
    additionalProperties: false,
  },
  examples: [],
  setup({ options }) {
    return {
      async handle(call, next) {
        if (isRude(call)) throw new Refusal(options.status, 'rude', 'Be polite.')
        return next(call)
      },
    }
  },
})`

const PLAIN = `
import { matchGlob } from 'sluice'
export default {
  summary: 'Shouts.',
  options: { type: 'object', properties: {}, additionalProperties: false },
  examples: [],
  setup: () => ({
    async handle(call, next) {
      const reply = await next(call)
      if (!matchGlob('loud-*', call.model)) return reply
      return reply.map(event => event.type === 'text-delta' ? { ...event, text: event.text.toUpperCase() } : event)
    },
  }),
}`

const STRAY = `
export default {
  summary: 'Forgets a promise.',
  options: { type: 'object', properties: {}, additionalProperties: false },
  examples: [],
  setup: () => ({
    handle(call, next) {
      Promise.reject(new Error('nobody listens'))
      return next(call)
    },
  }),
}`

const CONFIG = `
[providers.echo]
client = "echo"
pace = "0s"

[pipelines.main]
parsers = ["openai-chat"]
provider = "echo"

[[pipelines.main.processors]]
use = "polite"
status = 422

[[pipelines.main.processors]]
use = "shout"
`

const folders: string[] = []
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-drop-in-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

async function command(folder: string, ...words: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    const args = [MAIN, ...words, '--config', join(folder, 'config.toml')]
    const child = execFile(process.execPath, args, { cwd: folder, env: {} }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

/** Starts the gateway. @returns its address, and the lines of its log from then on */
async function run(folder: string): Promise<{ url: string; child: ChildProcess; lines: string[] }> {
  const args = [MAIN, 'run', '--config', join(folder, 'config.toml'), '--port', '0']
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  children.push(child)
  const lines: string[] = []
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`ended without listening: ${lines.join('\n')}`)))
    createInterface({ input: child.stdout }).on('line', line => {
      lines.push(line)
      const found = /listening on (http:\/\/[\d.:]+)/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
  return { url, child, lines }
}

const FILES = { 'config.toml': CONFIG, 'processors/polite.ts': TYPED, 'processors/shout.js': PLAIN }

it('is found to be right', async () => {
  const { code, err } = await command(folderWith(FILES), 'check')
  expect([code, err]).toEqual([0, ''])
})

it('is listed beside the built-in ones', async () => {
  const { code, out } = await command(folderWith(FILES), 'list')
  expect(code).toBe(0)
  expect(out).toMatch(/polite .*Refuses rude words/)
  expect(out).toMatch(/retry /)
})

it('runs', async () => {
  const { url, child } = await run(folderWith(FILES))
  const ask = (prompt: string, model = 'loud-1') =>
    post(`${url}/v1/chat/completions`, { ...CHAT.request(true, prompt), model })
  expect(CHAT.textOf(await (await ask('hello you')).text())).toBe('HELLO YOU')
  expect(CHAT.textOf(await (await ask('hello you', 'soft')).text())).toBe('hello you')
  const refused = await ask('rude words')
  expect([refused.status, CHAT.messageOf(await refused.json())]).toEqual([422, 'Be polite.'])
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

it('is told of, with file and place, when it is wrong', async () => {
  const broken = folderWith({ ...FILES, 'config.toml': CONFIG.replace('status = 422', 'statsu = 422') })
  const options = await command(broken, 'check')
  expect(options.code).toBe(1)
  expect(options.err).toMatch(/config\.toml:\d+:\d+.*statsu[\s\S]*status/)
  const missing = await command(folderWith({ ...FILES, 'config.toml': CONFIG.replace('"shout"', '"shuot"') }), 'check')
  expect(missing.code).toBe(1)
  expect(missing.err).toMatch(/shuot[\s\S]*shout/)
  const syntax = await command(folderWith({ ...FILES, 'processors/shout.js': 'export default {' }), 'check')
  expect(syntax.code).toBe(1)
  expect(syntax.err).toMatch(/shout\.js/)
})

it('does not end the process with a promise that it forgot', async () => {
  const config = CONFIG.replace('"shout"', '"stray"')
  const { url, child, lines } = await run(folderWith({ ...FILES, 'config.toml': config, 'processors/stray.js': STRAY }))
  for (let index = 0; index < 2; index++) {
    const reply = await post(`${url}/v1/chat/completions`, CHAT.request(true, 'hello'))
    expect(CHAT.textOf(await reply.text())).toBe('hello')
  }
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(lines.filter(line => line.includes('nobody listens'))).toHaveLength(2)
})
