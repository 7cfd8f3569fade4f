/** Several processes behind one address, started as a user starts them. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { runCommand } from '../support/command.ts'
import { configFile, startGatewayCommand } from '../support/gateway-command.ts'

const ECHO = '[providers.main]\nclient = "echo"\n'
const PIPELINE = '[pipelines.main]\nparsers = ["openai-chat"]\nprovider = "main"\n'
const LIMIT = '[[pipelines.main.processors]]\nuse = "rate-limit"\nrequests_per_hour = 10\n'

test('answer as one: one line in the log, one limit, one page of metrics', async () => {
  const gateway = await start(`${ECHO}${PIPELINE}${LIMIT}`)
  expect(gateway.lines().filter(({ message }) => String(message).startsWith('listening on'))).toHaveLength(1)
  const answers = await Promise.all(Array.from({ length: 14 }, () => call(gateway.url)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(10)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(4)
  // The ids of one process have a common beginning.
  expect(new Set(answers.map(({ id }) => id.slice(0, -8))).size).toBe(2)
  for (let scrape = 0; scrape < 3; scrape++) expect(await total(gateway.url)).toBe(14)
  expect(await metrics(gateway.url)).toMatch(/^sluice_build_info\{.*\} 1$/m)
  expect(await gateway.stop()).toBe(0)
  expect(gateway.lines().at(-1)).toMatchObject({ message: 'stopped', cut: 0 })
})

test('are replaced when they die, and what they have counted stays', async () => {
  const gateway = await start(`${ECHO}${PIPELINE}`)
  for (let sent = 0; sent < 6; sent++) expect((await call(gateway.url)).status).toBe(200)
  expect(await total(gateway.url)).toBe(6)
  const [victim = 0] = gateway.pids()
  process.kill(victim, 'SIGKILL')
  await vi.waitFor(() => expect(gateway.pids()).toHaveLength(3), { timeout: 10_000 })
  expect(gateway.lines()).toContainEqual(
    expect.objectContaining({
      level: 'error',
      pid: victim,
      code: 'SIGKILL',
      message: expect.stringContaining('has died'),
    }),
  )
  expect(await total(gateway.url)).toBe(6)
  for (let sent = 0; sent < 4; sent++) expect((await call(gateway.url)).status).toBe(200)
  expect(await total(gateway.url)).toBe(10)
  expect(await gateway.stop()).toBe(0)
})

test('finish their calls before they stop', async () => {
  await using upstream = await slowUpstream()
  const gateway = await start(`${upstream.toml}${PIPELINE}`)
  const calls = [call(gateway.url), call(gateway.url), call(gateway.url)]
  await vi.waitFor(() => expect(upstream.waiting).toHaveLength(3), { timeout: 5000 })
  const stopped = gateway.stop()
  // Refused, or taken by a process that hands it to nobody any more.
  const ask = () => fetch(`${gateway.url}/readyz`, { signal: AbortSignal.timeout(500) })
  await vi.waitFor(() => expect(ask()).rejects.toThrow(), { timeout: 5000 })
  upstream.answerAll()
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200])
  expect(await stopped).toBe(0)
})

test('leave nothing behind after a second signal', async () => {
  await using upstream = await slowUpstream()
  const gateway = await start(`${upstream.toml}${PIPELINE}`)
  const cut = call(gateway.url).catch(() => 'cut')
  await vi.waitFor(() => expect(upstream.waiting).toHaveLength(1), { timeout: 5000 })
  gateway.process.kill('SIGINT')
  await vi.waitFor(() => expect(gateway.output()).toContain('stopping:'))
  gateway.process.kill('SIGINT')
  expect(await gateway.ended).toBe(1)
  expect(await cut).toBe('cut')
})

test('end when the first process is killed', async () => {
  const gateway = await start(`${ECHO}${PIPELINE}`)
  gateway.process.kill('SIGKILL')
  expect(await gateway.ended).toBeNull()
  await expect(fetch(gateway.url)).rejects.toThrow()
})

test('a taken address is told once, and ends the command as with one process', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const [one, two] = await Promise.all([1, 2].map(count => runGateway(count, `${ECHO}${PIPELINE}`, port)))
  expect(two).toEqual(one)
  expect(two).toMatchObject({ code: 2 })
  expect(two?.errors.match(/cannot listen/g)).toHaveLength(1)
})

test('problems of the configuration and of a set-up are told once', async () => {
  const broken = `${ECHO}${PIPELINE}${LIMIT.replace('hour', 'huor')}`
  const unfit = `${ECHO}${PIPELINE}[[pipelines.main.processors]]\nuse = "rate-limit"\n`
  for (const toml of [broken, unfit]) {
    const [one, two] = await Promise.all([1, 2].map(count => runGateway(count, toml, 0)))
    expect(two).toEqual(one)
    expect(two).toMatchObject({ code: 1, output: '' })
    expect(two?.errors).toContain('config.toml:')
  }
})

function withWorkers(workers: number, toml: string): string {
  return `[server]\nworkers = ${workers}\n[log]\nlevel = "debug"\n${toml}`
}

/** The path of the file is left out of what it says. */
async function runGateway(workers: number, toml: string, port: number) {
  const file = configFile(withWorkers(workers, toml))
  const finished = await runCommand(['run', '--config', file, '--port', String(port)])
  return { ...finished, errors: finished.errors.replaceAll(file, 'config.toml') }
}

async function start(toml: string) {
  const gateway = await startGatewayCommand(withWorkers(2, toml))
  return {
    ...gateway,
    /** Of all workers that ever listened. */
    pids: () => gateway.lines().flatMap(line => (line.message === 'a worker listens' ? Number(line.pid) : [])),
  }
}

async function call(url: string): Promise<{ status: number; id: string }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  await response.text()
  return { status: response.status, id: response.headers.get('x-request-id') ?? '' }
}

async function metrics(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text()
}

async function total(url: string): Promise<number> {
  const lines = (await metrics(url)).matchAll(/^sluice_requests_total\{.*\} (\d+)$/gm)
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0)
}

/** A provider that answers when it is told to. */
async function slowUpstream() {
  const waiting: ServerResponse[] = []
  const server = createServer((_request, response) => waiting.push(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const message = { role: 'assistant', content: 'Hello' }
  const reply = {
    id: 'r',
    object: 'chat.completion',
    created: 1,
    model: 'x',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
  }
  return {
    toml: `[providers.main]\nclient = "openai-chat"\nbase_url = "http://127.0.0.1:${port}/v1"\n`,
    waiting,
    answerAll() {
      for (const response of waiting) response.setHeader('content-type', 'application/json').end(JSON.stringify(reply))
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
