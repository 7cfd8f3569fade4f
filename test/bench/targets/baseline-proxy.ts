/** The least that a Node process can do between a client and a provider: bytes in, bytes out. What Sluice is held to. */
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(process.argv[2] ?? '', { pipelining: 1 })
const server = createServer((request, response) => {
  const body: Buffer[] = []
  request.on('data', (bytes: Buffer) => body.push(bytes))
  request.on('end', () => {
    const headers = { 'content-type': 'application/json', accept: request.headers.accept ?? '*/*' }
    pool.dispatch(
      { method: 'POST', path: '/v1/chat/completions', headers, body: Buffer.concat(body) },
      {
        onRequestStart: () => {},
        onResponseStart: (_, status, { 'content-type': type }) =>
          void response.writeHead(status, { 'content-type': String(type) }),
        onResponseData: (_, bytes) => void response.write(bytes),
        onResponseEnd: () => void response.end(),
        onResponseError: () => void response.destroy(),
      },
    )
  })
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 })
})
