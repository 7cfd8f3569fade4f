import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { Client } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Lifetime } from '../../src/pipeline/lifetime.ts'
import { ChunkJoiner } from '../../src/upstream/chunk-joiner.ts'
import { UpstreamClient } from '../../src/upstream/client.ts'

const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

function chunk(data: string, { size = data.length.toString(16), extension = '', end = '\r\n' } = {}): string {
  return `${size}${extension}\r\n${data}${end}`
}

/** A text cut at these offsets. */
function cut(text: string, offsets: readonly number[]): Buffer[] {
  const within = offsets.map(offset => offset % (text.length + 1))
  const cuts = [...new Set([0, ...within, text.length])].sort((a, b) => a - b)
  return cuts.slice(1).map((until, index) => Buffer.from(text.slice(cuts[index], until), 'latin1'))
}

const DATA = fc.oneof(
  fc.constantFrom('data: {}\n\n', '\r\n', '\r\n\r\n', '0\r\n\r\n', '5\r\nabc'),
  fc.string({ minLength: 1, maxLength: 300 }).map(text => Buffer.from(text).toString('latin1')),
)
const OFFSETS = fc.array(fc.nat(4_000), { maxLength: 12 })

/** What a parser reads of a connection on which these come. */
function readAll(slices: Buffer[]): Buffer[] {
  const connection = { read: () => slices.shift() ?? null, unshift: () => {} } as unknown as Duplex
  const joiner = ChunkJoiner.on(connection)
  joiner.expectHead()
  const pieces: Buffer[] = []
  let text = ''
  for (let piece = connection.read(); piece !== null; piece = connection.read()) {
    pieces.push(piece)
    const isHead = !text.includes('\r\n\r\n')
    text += piece.toString('latin1')
    if (isHead && text.includes('\r\n\r\n')) joiner.expectBody(true)
  }
  return pieces
}

function dechunked(text: string): { data: string; chunks: number; rest: string } {
  let data = ''
  let chunks = 0
  for (let at = 0; ; chunks++) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (size === 0) return { data, chunks, rest: text.slice(at) }
    data += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
    expect(text.slice(at - 2, at)).toBe('\r\n')
  }
}

describe('chunks that come in one read', () => {
  it('are one chunk to the parser', () => {
    const body = ['one', 'two', 'three'].map(data => chunk(data)).join('')
    const text = Buffer.concat(readAll([Buffer.from(`${HEAD}${body}0\r\n\r\n`)])).toString()
    expect(text).toBe(`${HEAD}b\r\nonetwothree\r\n0\r\n\r\n`)
  })

  it('hold the same data in the same order, whatever the slicing', () => {
    fc.assert(
      fc.property(fc.array(DATA, { maxLength: 20 }), OFFSETS, (parts, offsets) => {
        const body = `${parts.map(data => chunk(data)).join('')}0\r\nx-trailer: a\r\n\r\n`
        const slices = cut(HEAD + body, offsets)
        const reads = slices.length
        const text = Buffer.concat(readAll(slices)).toString('latin1')
        expect(text.slice(0, HEAD.length)).toBe(HEAD)
        const { data, chunks, rest } = dechunked(text.slice(HEAD.length))
        expect([data, rest]).toEqual([parts.join(''), '0\r\nx-trailer: a\r\n\r\n'])
        // A head that comes in pieces is followed by chunks as they came.
        if ((offsets[0] ?? 0) >= HEAD.length) expect(chunks).toBeLessThanOrEqual(Math.max(reads, parts.length))
        if (reads === 1) expect(chunks).toBeLessThanOrEqual(1)
      }),
      { numRuns: 1_000 },
    )
  })

  it('pass as they are where there is only one', () => {
    const slices = [HEAD, chunk('one'), chunk('two'), '0\r\n\r\n'].map(text => Buffer.from(text))
    expect(readAll([...slices])).toEqual(slices)
  })

  it('are joined again after the parser gave bytes back', () => {
    const slices = [`${HEAD}${chunk('one')}${chunk('two')}`, `${chunk('three')}${chunk('four')}`].map(text =>
      Buffer.from(text),
    )
    const connection = {
      read: () => (slices.length === 0 ? null : Buffer.concat(slices.splice(0))),
      unshift: (bytes: Buffer<ArrayBuffer>) => slices.unshift(bytes),
    } as unknown as Duplex
    const last = slices.splice(1)
    const joiner = ChunkJoiner.on(connection)
    joiner.expectHead()
    expect(String(connection.read())).toBe(HEAD)
    joiner.expectBody(true)
    expect(String(connection.read())).toBe('6\r\n')
    expect(String(connection.read())).toBe('onetwo\r\n')
    connection.unshift(Buffer.from('two\r\n'))
    slices.push(...last)
    expect(String(connection.read())).toBe('two\r\n')
    expect(String(connection.read())).toBe('9\r\n')
    expect(String(connection.read())).toBe('threefour\r\n')
  })

  it('are left alone in an answer that was not announced', () => {
    const bytes = Buffer.from(`${HEAD}${chunk('one')}${chunk('two')}`)
    const slices = [bytes]
    const connection = { read: () => slices.shift() ?? null, unshift: () => {} } as unknown as Duplex
    ChunkJoiner.on(connection)
    expect(connection.read()).toBe(bytes)
  })
})

/** A provider that answers each request with the next list of slices, and closes. */
class RawProvider {
  readonly #server: Server = createServer(socket => {
    socket.setNoDelay().on('error', () => {})
    socket.once('data', async () => {
      for (const slice of this.slices) {
        socket.write(slice)
        await turns(2)
      }
      socket.end()
    })
  })
  slices: readonly Buffer[] = []
  origin = ''

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
  }
}

type Outcome = readonly [status: number | undefined, body: string, whole: boolean]

/** What undici makes of it by itself. */
async function plainly(origin: string): Promise<Outcome> {
  const client = new Client(origin)
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  let status: number | undefined
  let body = ''
  client.dispatch(
    { method: 'POST', path: '/', body: '{}' },
    {
      onRequestStart() {},
      onResponseStart(_, code) {
        if (code >= 200) status = code
      },
      onResponseData(_, data) {
        body += data.toString('latin1')
      },
      onResponseEnd: () => resolve([status, body, true]),
      onResponseError: () => resolve([status, body, false]),
    },
  )
  const outcome = await promise
  await client.destroy()
  return outcome
}

async function turns(count: number): Promise<void> {
  for (let each = 0; each < count; each++) await turn()
}

async function joined(origin: string): Promise<Outcome> {
  const timeouts = { connect: 5_000, firstToken: 5_000, idle: 5_000, total: 10_000 }
  const client = new UpstreamClient({ provider: 'up', origin, timeouts })
  try {
    const request = { method: 'POST', path: '/', headers: {}, body: [Buffer.from('{}')], stream: false } as const
    const { status, body: answer } = await client.send(request, new Lifetime())
    let body = ''
    const whole = await new Promise<boolean>(resolve => {
      answer.start({
        item(data) {
          body += data.toString('latin1')
          // Reading is given up and taken up again, as by a client that is slow.
          answer.pause()
          turns(4).then(() => answer.resume())
        },
        end: () => resolve(true),
        fail: () => resolve(false),
      })
    })
    return [status, body, whole]
  } catch {
    return [undefined, '', false]
  } finally {
    await client.destroy()
  }
}

describe('whatever a provider sends', () => {
  const provider = new RawProvider()
  beforeAll(() => provider.start())
  afterAll(() => provider.close())

  const plain = DATA.map(data => chunk(data))
  const odd = fc.oneof(
    DATA.map(data => chunk(data, { extension: ';a=b' })),
    DATA.map(data => chunk(data, { size: `000${data.length.toString(16).toUpperCase()}` })),
    DATA.map(data => chunk(data, { size: `0000000000${data.length.toString(16)}` })),
    DATA.map(data => chunk(data, { size: (data.length + 1).toString(16) })),
    DATA.map(data => chunk(data, { size: (data.length - 1).toString(16) })),
    DATA.map(data => chunk(data, { size: `-${data.length}` })),
    DATA.map(data => chunk(data, { end: '\n' })),
    DATA.map(data => chunk(data, { end: '' })),
    DATA.map(data => chunk(data).replace('\r\n', '\n')),
    fc.constantFrom('0\r\n\r\n', '0\r\nx-a: b\r\n\r\n', 'zz\r\n', '\r\n'),
  )
  const bodies = fc
    .tuple(fc.array(plain, { maxLength: 8 }), fc.option(odd, { nil: '' }), fc.array(plain, { maxLength: 3 }))
    .map(([before, fault, behind]) => [...before, fault, ...behind, '0\r\n\r\n'].join(''))
  const heads = fc.constantFrom(
    HEAD,
    HEAD,
    HEAD.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'),
    `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${HEAD}`,
    HEAD.replace('chunked', 'gzip, chunked'),
    HEAD.replace('200 OK', '500 No'),
    HEAD.replace('HTTP/1.1', 'HTTP/1.0'),
    HEAD.replace('OK\r\n', 'OK\n'),
    HEAD.replace('\r\n\r\n', '\r\n\n'),
    HEAD.replace('\r\n\r\n', '\n\r\n'),
    HEAD.replace('\r\n\r\n', '\n\n'),
    HEAD.replace('transfer-encoding: chunked', 'content-length: 40'),
    HEAD.replace('transfer-encoding: chunked', 'connection: close'),
  )

  it('is to us what it is to undici', async () => {
    await fc.assert(
      fc.asyncProperty(heads, bodies, OFFSETS, fc.option(fc.nat(2_000)), async (head, body, offsets, length) => {
        const text = (head + body).slice(0, length === null ? undefined : head.length + length)
        provider.slices = cut(text, offsets)
        expect(await joined(provider.origin)).toEqual(await plainly(provider.origin))
      }),
      { numRuns: 250 },
    )
  })
})
