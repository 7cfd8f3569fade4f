/** System text reaches providers of every format at the place that the format has for it. */
import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'
import { DIALECTS, gatewayFor } from './dialects.ts'

const STEP = `
[[pipelines.main.processors]]
use = "prompt"
prepend = "FIRST for {{model}}"
append = "LAST"
`

/** With a system message of the client's own, in each format's way. */
const SYSTEM: Readonly<Record<string, object>> = {
  'anthropic-messages': { system: 'OWN' },
  'openai-chat': {
    messages: [
      { role: 'system', content: 'OWN' },
      { role: 'user', content: 'hi' },
    ],
  },
  'openai-responses': { instructions: 'OWN' },
  gemini: { systemInstruction: { parts: [{ text: 'OWN' }] } },
}

test.each(DIALECTS)('$name: before and behind what the client says', async dialect => {
  await using upstream = await startUpstream({ json: dialect.reply('hello') })
  await using gateway = await startTestGateway(gatewayFor(dialect, { provider: upstream.url, steps: STEP }))
  const reply = await post(gateway.url + dialect.path(false), { ...dialect.request(false), ...SYSTEM[dialect.name] })
  expect(reply.status, await reply.text()).toBe(200)
  const sent = upstream.requests[0]?.body.toString() ?? ''
  const places = ['FIRST for m', 'OWN', 'LAST'].map(text => sent.indexOf(text))
  expect(
    places.every(place => place >= 0),
    sent,
  ).toBe(true)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(sent).toContain('hi')
})
