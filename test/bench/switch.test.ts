/** The price of metrics and of the log is only what it says if they are off when they are said to be. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { headline } from './gateway-config.ts'
import { freePort, isHealthy } from './processes.ts'
import { KEY, startGateway } from './targets/sluice.ts'
import type { Target } from './targets/target.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bench-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Nobody is behind it: its calls fail, which is logged and counted as well. */
async function start(what: 'metrics' | 'log'): Promise<Target> {
  const { toml } = headline({ level: 'info' })
  const options = { toml, environment: { BENCH_SWITCH: what }, preload: 'switch.ts' }
  return await startGateway({ upstreamPort: await freePort(), folder }, options)
}

async function call({ port }: Target): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: '{"model":"bench-model","messages":[{"role":"user","content":"Hello"}]}',
  })
  expect(answer.status).toBe(502)
}

async function flip({ pid, port }: Target): Promise<void> {
  if (pid === undefined) throw new Error('there is no process')
  process.kill(pid, 'SIGUSR2')
  // Whoever answers has come by the signal.
  for (let asked = 0; asked < 2; asked++) expect(await isHealthy(port, '/healthz')).toBe(true)
}

test('metrics are off when they are switched off', async () => {
  await using gateway = await start('metrics')
  const counted: number[] = []
  for (const step of [async () => {}, flip, flip]) {
    await step(gateway)
    await call(gateway)
    const text = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text()
    counted.push(Number(/^sluice_requests_total\{.*\} (\d+)$/m.exec(text)?.[1]))
  }
  expect(counted).toEqual([1, 1, 2])
})

test('the log is off when it is switched off', async () => {
  await using gateway = await start('log')
  await call(gateway)
  await flip(gateway)
  await call(gateway)
  await flip(gateway)
  await call(gateway)
  // The log is written when the gateway has ended.
  await gateway[Symbol.asyncDispose]()
  const [own = ''] = readdirSync(folder)
  const lines = readFileSync(join(folder, own, 'log'), 'utf8').match(/"message":"call"/g)
  expect(lines).toHaveLength(2)
})
