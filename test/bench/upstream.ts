/** A provider that answers at once, in OpenAI's and Anthropic's shapes; every answer can be checked for completeness. */
import { createServer } from 'node:http'

const TOKENS = Number(process.argv[2] ?? 200)
const words = Array.from({ length: TOKENS }, (_, index) => `t${index} `)

const whole = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_763_632_800,
  model: 'bench-model',
  choices: [{ index: 0, message: { role: 'assistant', content: words.join('') }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: TOKENS, total_tokens: 100 + TOKENS },
})

const chunk = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_763_632_800, model: 'bench-model', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const chunks = [
  chunk({ role: 'assistant', content: '' }, null),
  ...words.map(content => chunk({ content }, null)),
  chunk({}, 'stop'),
  'data: [DONE]\n\n',
]

const server = createServer((request, response) => {
  let head = ''
  request.on('data', (bytes: Buffer) => {
    head ||= bytes.toString('latin1')
  })
  request.on('end', () => {
    if (/"stream": ?true/.test(head) || request.headers.accept === 'text/event-stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const each of chunks) response.write(each)
      response.end()
    } else {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(whole)),
      })
      response.end(whole)
    }
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 })
})
