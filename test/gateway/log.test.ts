/** A line for each call, with what was said; the client's bytes do not change for it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { DIALECTS, gatewayFor, wholeStream } from './dialects.ts'

const STEP = `
[[pipelines.main.processors]]
use = "log"
share = 1
record = ["prompt", "reply"]
file = "calls.jsonl"
`

test.each(DIALECTS)('$name: whole replies and streams', async dialect => {
  const whole = JSON.stringify(dialect.reply('to bob@example.com'), null, 1)
  const stream = wholeStream(dialect, 'to bob@', 'example.com')
  await using upstream = await startUpstream(
    { body: whole, headers: { 'content-type': 'application/json' } },
    { sliced: stream, at: 'every-byte' },
  )
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: STEP }))
  const first = await post(gateway.url + dialect.path(false), dialect.request(false, 'hi'))
  expect(await first.text()).toBe(whole)
  const second = await post(gateway.url + dialect.path(true), dialect.request(true, 'hi'))
  expect(await second.text()).toBe(stream)

  const lines = async () =>
    (await readFile(join(gateway.folder, 'calls.jsonl'), 'utf8').catch(() => '')).trim().split('\n')
  await expect.poll(async () => (await lines()).length).toBe(2)
  for (const line of await lines()) {
    expect(JSON.parse(line)).toMatchObject({
      provider: 'up',
      status: 200,
      outcome: 'completed',
      prompt: [{ role: 'user', text: 'hi' }],
      reply: expect.stringMatching(/^to \[removed\]/),
    })
  }
})
