import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'

const CONFIG = `
[providers.echo]
client = "echo"
[pipelines.main]
parsers = ["openai-chat", "anthropic-messages"]
provider = "echo"
`

test('requests that never become calls are counted under their code and logged under their id', async () => {
  const lines: string[] = []
  await using gateway = await startTestGateway(CONFIG, { log: line => lines.push(line) })
  const response = await fetch(`${gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"model": ',
  })
  expect(response.status).toBe(400)
  const id = response.headers.get('x-request-id')
  expect(await gateway.metrics()).toContain(
    'sluice_requests_total{pipeline="main",format="anthropic-messages",provider="",status_class="4xx",error="malformed_json"} 1',
  )
  const refused = lines.map(line => JSON.parse(line)).filter(({ message }) => message === 'refused')
  expect(refused).toMatchObject([{ id, status: 400, error: 'malformed_json', format: 'anthropic-messages' }])
})
