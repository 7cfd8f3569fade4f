/**
 * The simulated provider, a process of its own: answers at once or at a pace, in OpenAI's or Anthropic's shape by the path
 * of the call. It refuses calls of which the end is missing, so that none can be cheaper by being cut.
 */
import { createServer, type Socket } from 'node:net'
import { MessageReader } from '../http-message.ts'
import { type ClientFormat, END_OF_PROMPT } from '../prompts.ts'
import { monotonicMicros, token } from '../sequence.ts'
import type { Manner } from './manner.ts'
import { END_OF_STREAM, framed, head, REPLIES } from './replies.ts'

const SSE = head('text/event-stream; charset=utf-8', 'transfer-encoding: chunked')

/** The same bytes for every call that is not paced: made once. */
interface Prepared {
  readonly whole: Buffer
  /** What is written for a stream that is not paced, write by write. */
  readonly stream: readonly Buffer[]
}

let manner: Manner = { tokens: 200, gapMs: 0, writesEach: false }
let prepared = prepare(manner)
let counts = { openai: 0, anthropic: 0, refused: 0 }

function prepare(given: Manner): Readonly<Record<ClientFormat, Prepared>> {
  return {
    'openai-chat': preparedIn('openai-chat', given),
    'anthropic-messages': preparedIn('anthropic-messages', given),
  }
}

function preparedIn(format: ClientFormat, { tokens, writesEach }: Manner): Prepared {
  const replies = REPLIES[format]
  const words = Array.from({ length: tokens }, (_, index) => token(index))
  const whole = replies.whole(words.join(''), tokens)
  const events = [...replies.opening, ...words.map(word => replies.delta(word)), ...replies.closing(tokens)].map(framed)
  const writes = [SSE, ...events, END_OF_STREAM]
  return {
    whole: Buffer.from(head('application/json', `content-length: ${Buffer.byteLength(whole)}`) + whole),
    stream: (writesEach ? writes : [writes.join('')]).map(text => Buffer.from(text)),
  }
}

function answer(socket: Socket, format: ClientFormat, isStream: boolean): void {
  if (!isStream) socket.write(prepared[format].whole)
  else if (manner.gapMs > 0) pace(socket, format)
  else for (const bytes of prepared[format].stream) socket.write(bytes)
}

/** The first token goes out at once, so that what a first token takes is all somebody else's time. */
function pace(socket: Socket, format: ClientFormat): void {
  const { tokens, gapMs } = manner
  const { opening, delta, closing } = REPLIES[format]
  let next = 0
  socket.write(SSE + opening.map(framed).join(''))
  const send = (): void => {
    if (socket.destroyed) return
    const event = framed(delta(token(next++, monotonicMicros())))
    if (next < tokens) {
      socket.write(event)
      setTimeout(send, gapMs)
    } else socket.write(event + closing(tokens).map(framed).join('') + END_OF_STREAM)
  }
  send()
}

function refuse(socket: Socket): void {
  counts.refused++
  const text = JSON.stringify({ error: { message: 'the end of the call is missing', type: 'bench' } })
  socket.write(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  )
}

/** What the processor `judge` asks: everything may pass. */
function allow(socket: Socket): void {
  const text = '{"action":"allow"}'
  socket.write(head('application/json', `content-length: ${text.length}`) + text)
}

function serve(socket: Socket): void {
  let path = ''
  let body = ''
  const reader = new MessageReader(
    {
      onHead: text => {
        path = text.slice(text.indexOf(' ') + 1, text.indexOf(' HTTP/'))
        body = ''
      },
      onBody: piece => {
        body += piece
      },
      onEnd: () => {
        if (path === '/judge') return allow(socket)
        const isMessages = path.endsWith('/messages')
        if (!body.includes(END_OF_PROMPT)) return refuse(socket)
        counts[isMessages ? 'anthropic' : 'openai']++
        const isStream = body.includes('"stream":true') || body.includes('"stream": true')
        answer(socket, isMessages ? 'anthropic-messages' : 'openai-chat', isStream)
        body = ''
      },
    },
    'empty',
  )
  socket.setNoDelay(true)
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => reader.push(text))
  socket.on('error', () => socket.destroy())
}

process.on('message', (asked: Manner | 'counts') => {
  if (asked === 'counts') {
    process.send?.(counts)
    counts = { openai: 0, anthropic: 0, refused: 0 }
    return
  }
  manner = asked
  prepared = prepare(manner)
  process.send?.('ready')
})
process.on('disconnect', () => process.exit())

const server = createServer(serve)
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 })
})
