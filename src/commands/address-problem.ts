import type { ServerConfig } from '../config/config.ts'
import { UsageError } from './arguments.ts'

/** What kept the gateway from listening, in words where they are known; anything else as it is. */
export function addressProblem(error: unknown, server: Pick<ServerConfig, 'host' | 'port'>): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'something listens there already',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'that port needs more rights',
  }
  const reason = why[code]
  return reason === undefined
    ? error
    : new UsageError(`cannot listen on ${server.host} port ${server.port}: ${reason}; try --port 0`)
}
