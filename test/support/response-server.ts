import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** A server whose every response a test writes itself, and a client that reads no faster than it is told to. */
export async function startResponseServer(): Promise<ResponseServer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets = new Set<Socket>()
  return {
    async exchange() {
      const arrived = once(server, 'request') as Promise<[unknown, ServerResponse]>
      const client = connect(port, '127.0.0.1')
      sockets.add(client)
      client.on('error', () => {})
      client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      const [, response] = await arrived
      return { client, response }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export interface ResponseServer extends AsyncDisposable {
  /** A request of a new client, and the response that waits to be written. */
  exchange(): Promise<{ client: Socket; response: ServerResponse }>
}

/** Reads a chunked response up to its end or to a break. */
export async function readChunked(client: Socket): Promise<{ body: string; whole: boolean; chunks: number }> {
  let text = ''
  client.setEncoding('latin1')
  client.on('data', (piece: string) => {
    text += piece
    if (text.endsWith('\r\n0\r\n\r\n')) client.destroy()
  })
  await once(client, 'close')
  return unchunked(text.slice(text.indexOf('\r\n\r\n') + 4))
}

function unchunked(text: string): { body: string; whole: boolean; chunks: number } {
  let body = ''
  let chunks = 0
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (size === 0) return { body, whole: true, chunks }
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    chunks++
    at = lineEnd + 2 + size + 2
  }
  return { body, whole: false, chunks }
}
