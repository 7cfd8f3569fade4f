/** `Reply` → socket. */
import type { ServerResponse } from 'node:http'
import type { Outcome } from '../contract.ts'
import { formatOf } from '../pipeline/exchange.ts'
import type { Rendered } from '../pipeline/render.ts'
import type { EngineReply } from '../pipeline/reply.ts'
import type { Channel } from '../stream/channel.ts'
import { type DeliveryStats, deliver } from '../stream/deliver.ts'
import { atEndOfTurn } from '../stream/end-of-turn.ts'
import type { Roster } from '../stream/roster.ts'
import { asRefusal } from './failure.ts'

/** Told of streams: what waits in them while they run, and how each went. */
export interface StreamObserver {
  readonly channels: Roster<Channel>
  stream(pipeline: string, stats: DeliveryStats): void
}

export interface StreamSettings {
  readonly bufferEvents: number
  readonly bufferBytes: number
  /** ms of silence after which a heartbeat goes out; 0: never. */
  readonly heartbeat: number
  readonly stallTimeout: number
}

/**
 * Sends a reply. Throws only before the first byte; later failures are told in the stream.
 * @returns how it ended
 */
export function respond(
  reply: EngineReply,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  settings: StreamSettings,
  observer: StreamObserver,
): Promise<Outcome> {
  const send = (rendered: Rendered): Promise<Outcome> =>
    rendered.kind === 'whole'
      ? sendWhole(reply, response, headers, settings, rendered.bytes)
      : sendStream(reply, response, headers, { settings, observer }, rendered)
  const rendered = reply.render()
  return rendered instanceof Promise ? rendered.then(send) : send(rendered)
}

const STALL_TIMEOUT_MS = 60_000

/**
 * Sends one body and waits until the socket has taken it.
 * @param stallTimeoutMs a client that takes nothing for this long is cut off
 */
export function sendBytes(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Buffer,
  stallTimeoutMs = STALL_TIMEOUT_MS,
): Promise<Outcome> {
  return new Promise(resolve => {
    if (response.destroyed) {
      resolve('abandoned')
      return
    }
    // Comes right after `finish`, where there is one.
    response.on('close', () => resolve(response.writableFinished ? 'completed' : 'abandoned'))
    response.writeHead(status, { ...headers, 'content-length': String(bytes.length) })
    atEndOfTurn(() => {
      response.end(bytes)
      // Most bodies are gone by now.
      if (response.writableLength > 0) response.setTimeout(stallTimeoutMs, () => response.destroy())
    })
  })
}

async function sendWhole(
  reply: EngineReply,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  { stallTimeout }: StreamSettings,
  bytes: Buffer,
): Promise<Outcome> {
  const all = { 'content-type': 'application/json', ...headers, ...reply.headers }
  const outcome = await sendBytes(response, reply.status, all, bytes, stallTimeout)
  reply.end.settle(outcome)
  return outcome
}

async function sendStream(
  reply: EngineReply,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  { settings, observer }: { readonly settings: StreamSettings; readonly observer: StreamObserver },
  { flow, failure }: Extract<Rendered, { kind: 'stream' }>,
): Promise<Outcome> {
  const { exchange } = reply
  const format = formatOf(exchange.surroundings, reply.format)
  const isArray = exchange.head.framing === 'array'
  response.writeHead(reply.status, {
    'content-type': isArray ? 'application/json' : 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    ...headers,
    ...reply.headers,
  })
  const delivered = await deliver(flow, response, {
    bufferEvents: settings.bufferEvents,
    bufferBytes: settings.bufferBytes,
    stallTimeoutMs: settings.stallTimeout,
    channels: observer.channels,
    onStats: stats => observer.stream(exchange.pipeline, stats),
    ...(settings.heartbeat > 0 && !isArray
      ? { heartbeat: { everyMs: settings.heartbeat, frame: format.heartbeat } }
      : {}),
    onFail: error => {
      const told = asRefusal(exchange.lifetime.reason ?? error, exchange.id, exchange.log)
      reply.end.note({ error: told })
      return failure(told)
    },
  })
  const outcome = delivered === 'completed' && reply.end.error ? 'failed' : delivered
  if (outcome !== 'completed') reply.origin.cancel()
  reply.end.settle(outcome)
  return outcome
}
