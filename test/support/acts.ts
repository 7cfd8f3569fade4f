/** What a scripted upstream can be told to do with one request. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

type Headers = Readonly<Record<string, string | readonly string[]>>
type Bytes = string | Buffer

interface Head {
  readonly status?: number
  readonly headers?: Headers
}

/** Called before each chunk is written, and awaited. */
export type Pace = 'tick' | ((index: number) => void | Promise<void>)

/**
 * How an answer in chunks ends: properly, by RST, by FIN in the middle of a chunk, or not at all (until somebody closes
 * the connection).
 */
export type Ending = 'complete' | 'cut' | 'close' | 'stall'

export type Act =
  | (Head & { readonly json: unknown })
  | (Head & { readonly body: Bytes })
  | (Head & { readonly chunks: readonly Bytes[]; readonly ending?: Ending; readonly pace?: Pace })
  /** One body in pieces cut at these byte offsets, each in a chunk and a tick of its own. */
  | (Head & { readonly sliced: Bytes; readonly at: 'every-byte' | readonly number[] })
  /** The same chunk again and again, as fast as the connection takes it, until it is closed. */
  | (Head & { readonly flood: { readonly chunk: Bytes } })
  /** Never answers. */
  | { readonly hang: true }
  /** Closes the connection instead of answering: with FIN, or with RST. */
  | { readonly refuse: true | 'reset' }
  /** Written to the socket as it is, then FIN unless told otherwise. */
  | { readonly raw: Bytes; readonly ending?: Exclude<Ending, 'complete'> }

/** @returns when the answer was given as far as the act goes; for `hang`, `stall` and `flood` when the connection closed */
export async function perform(act: Act, response: ServerResponse, socket: Socket): Promise<void> {
  if ('json' in act) return answer(act, 'application/json', JSON.stringify(act.json), response)
  if ('body' in act) return answer(act, 'text/plain; charset=utf-8', act.body, response)
  if ('chunks' in act) return sendChunks(act, response, socket)
  if ('sliced' in act) return sendChunks({ ...act, chunks: sliced(act.sliced, act.at), pace: 'tick' }, response, socket)
  if ('flood' in act) return flood(act, response)
  if ('refuse' in act) return act.refuse === 'reset' ? void socket.resetAndDestroy() : void socket.destroy()
  if ('raw' in act) {
    socket.write(act.raw)
    return breakOff(act.ending ?? 'close', socket)
  }
}

function answer(head: Head, type: string, body: Bytes, response: ServerResponse): void {
  const bytes = Buffer.from(body)
  writeHead(head, { 'content-type': type, 'content-length': String(bytes.length) }, response)
  response.end(bytes)
}

function writeHead({ status = 200, headers }: Head, defaults: Headers, response: ServerResponse): void {
  for (const [name, value] of Object.entries({ ...defaults, ...headers })) response.setHeader(name, value)
  response.writeHead(status)
}

interface Chunked extends Head {
  readonly chunks: readonly Bytes[]
  readonly ending?: Ending
  readonly pace?: Pace
}

async function sendChunks(act: Chunked, response: ServerResponse, socket: Socket): Promise<void> {
  const { chunks, ending = 'complete', pace } = act
  writeHead(act, { 'content-type': 'text/event-stream' }, response)
  response.flushHeaders()
  for (const [index, chunk] of chunks.entries()) {
    if (pace === 'tick') await turn()
    else await pace?.(index)
    if (response.destroyed) return
    response.write(chunk)
  }
  if (ending === 'complete') response.end()
  else response.write('', () => cutOff(ending, socket))
}

/** The response is chunked: an announced chunk that does not come makes a FIN land in the middle of it. */
function cutOff(ending: Exclude<Ending, 'complete'>, socket: Socket): void {
  if (ending === 'close') socket.write('ff\r\n')
  breakOff(ending, socket)
}

function breakOff(ending: Exclude<Ending, 'complete'>, socket: Socket): void {
  if (ending === 'close') socket.end()
  // Not before what was written has left, or it would be lost.
  if (ending === 'cut') socket.write('', () => socket.resetAndDestroy())
}

function sliced(body: Bytes, at: 'every-byte' | readonly number[]): Buffer[] {
  const bytes = Buffer.from(body)
  const cuts = at === 'every-byte' ? Array.from(bytes, (_, index) => index) : at
  const offsets = [...new Set([0, ...cuts, bytes.length])].sort((a, b) => a - b)
  return offsets.slice(1).map((end, index) => bytes.subarray(offsets[index], end))
}

function flood(act: Head & { readonly flood: { readonly chunk: Bytes } }, response: ServerResponse): void {
  writeHead(act, { 'content-type': 'text/event-stream' }, response)
  const pour = () => {
    // One tick for each filling of the buffers, so that the rest of the test gets its turn.
    while (!response.destroyed && response.write(act.flood.chunk)) {}
  }
  response.on('drain', pour)
  pour()
}
