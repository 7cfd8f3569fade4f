import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { newRequestId, requestIds } from './request-ids.ts'

export interface ListenSettings {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** ms until the head of a request must have come. */
  readonly headersTimeout: number
  /** ms until all of a request must have come. */
  readonly requestTimeout: number
  /** ms that an idle connection is kept. */
  readonly keepAlive: number
  readonly maxConnections?: number
}

export interface Listening {
  /** `http://HOST:PORT` */
  readonly url: string
  /** Takes no more connections, and closes the idle ones now and whenever another becomes idle. */
  stopAccepting(): void
  /** Resolves when the last connection has closed; after `graceMs` those that are left are cut. */
  close(graceMs: number): Promise<void>
}

// An import would read all that the module exports, and with `WebSocket` Node loads an undici of its own.
const { createServer } = process.getBuiltinModule('node:http')

type RequestListener = Parameters<typeof createServer>[1]

/** @throws Error with the system's code (`EADDRINUSE`, …) when the address cannot be taken */
export async function listen(settings: ListenSettings, listener: RequestListener): Promise<Listening> {
  const server = createServer(
    {
      // Node takes no longer one than for the whole request.
      headersTimeout: Math.min(settings.headersTimeout, settings.requestTimeout),
      // The handler has its own, which answers in the client's format; this one catches what never gets there.
      requestTimeout: settings.requestTimeout + 1_000,
      keepAliveTimeout: settings.keepAlive,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 16 * 1024,
      insecureHTTPParser: false,
      // The handler says so in the client's format.
      requireHostHeader: false,
    },
    listener,
  )
  server.maxHeadersCount = 100
  if (settings.maxConnections !== undefined) server.maxConnections = settings.maxConnections
  server.on('clientError', refuseUnparsed)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: settings.host, port: settings.port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return { url: urlOf(server), ...closing(server) }
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function closing(server: Server): Pick<Listening, 'stopAccepting' | 'close'> {
  const closed = Promise.withResolvers<void>()
  let sweeping: NodeJS.Timeout | undefined
  const stopAccepting = (): void => {
    if (sweeping) return
    server.close(() => {
      clearInterval(sweeping)
      closed.resolve()
    })
    server.closeIdleConnections()
    sweeping = setInterval(() => server.closeIdleConnections(), 100)
  }
  return {
    stopAccepting,
    async close(graceMs) {
      stopAccepting()
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed.promise
      clearTimeout(timer)
    },
  }
}

/** What is no HTTP gets a word nevertheless; there is no route yet, and so no format. */
function refuseUnparsed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const [status, code, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'headers_too_large', 'The headers are larger than 16 KiB.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'request_timeout', 'The request did not arrive in time.']
        : ['400 Bad Request', 'malformed_request', 'This is not a proper HTTP/1.1 request.']
  const body = JSON.stringify({ error: { code, message } })
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    ...requestIds(newRequestId()),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`)
}
