import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { buildConnector } from 'undici'
import { ChunkJoiner } from './chunk-joiner.ts'
import { buildConnector as createConnector } from './undici.ts'

/** Thrown when no connection was made in time. `code` as undici has it, so that it is classed as `connect`. */
class ConnectTimeout extends Error {
  readonly code = 'UND_ERR_CONNECT_TIMEOUT'
}

/** Connects like undici does, with a deadline that is exact and covers the look-up of the name. */
export function connector(timeoutMs: number): buildConnector.connector {
  const connect = createConnector({ timeout: 0, allowH2: false, keepAlive: true })
  return (options, callback) => {
    let settled = false
    const settle: buildConnector.Callback = (...outcome) => {
      if (settled) {
        outcome[1]?.destroy()
        return
      }
      settled = true
      clearTimeout(timer)
      if (outcome[1]) joiners.set(outcome[1], ChunkJoiner.on(outcome[1]))
      callback(...outcome)
    }
    const timer = setTimeout(() => {
      socket?.destroy()
      settle(new ConnectTimeout('connect timeout'), null)
    }, timeoutMs)
    // undici returns the socket although its types do not say so.
    const socket = connect(options, settle) as unknown as Socket | undefined
  }
}

const used = new WeakSet<object>()
const joiners = new WeakMap<object, ChunkJoiner>()
let sending: ((reused: boolean, chunks: ChunkJoiner | undefined) => void) | undefined

/**
 * Tells of the connection that a request is about to be written to: whether it has carried one before, and what joins its
 * chunks. undici names the socket only on its diagnostics channel, in the same tick as it calls `onRequestStart`.
 */
export function onSending(listener: (reused: boolean, chunks: ChunkJoiner | undefined) => void): void {
  sending = listener
}

subscribe('undici:client:sendHeaders', message => {
  const { socket } = message as { readonly socket: object }
  const chunks = joiners.get(socket)
  chunks?.expectHead()
  sending?.(used.has(socket), chunks)
  sending = undefined
  used.add(socket)
})
