/** What the figures rest on: framing, the numbering of tokens, rounds, and the arithmetic. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FULL } from './effort.ts'
import { MessageReader, type WithoutLength } from './http-message.ts'
import { pairedRounds } from './rounds.ts'
import { Sequence, token } from './sequence.ts'
import { median, quantile, slope, spread } from './statistics.ts'

interface Message {
  readonly head: string
  readonly body: string
}

/** Messages of a connection that came in these pieces. */
function read(pieces: readonly string[], withoutLength: WithoutLength = 'empty'): readonly Message[] {
  const messages: Message[] = []
  let [head, body] = ['', '']
  const reader = new MessageReader(
    {
      onHead: text => {
        ;[head, body] = [text, '']
      },
      onBody: piece => {
        body += piece
      },
      onEnd: () => messages.push({ head, body }),
    },
    withoutLength,
  )
  for (const piece of pieces) reader.push(piece)
  if (withoutLength === 'until-close') reader.close()
  return messages
}

/** The text, cut anywhere. */
const cut = (text: string): fc.Arbitrary<readonly string[]> =>
  fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 })).map(places => {
    const edges = [0, ...places.toSorted((a, b) => a - b), text.length]
    return edges.slice(1).map((end, index) => text.slice(edges[index], end))
  })

describe('messages', () => {
  const LENGTH = 'POST /a HTTP/1.1\r\nContent-Length: 7\r\n\r\none\r\n\r\n'
  const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\ntwo\r\nA\r\n three\r\n 4\r\n0\r\n\r\n'
  const BARE = 'GET /b HTTP/1.1\r\nhost: x\r\n\r\n'
  const INTERIM = 'HTTP/1.1 100 Continue\r\n\r\n'

  test('are read one after another, however they are cut', () => {
    fc.assert(
      fc.property(cut(LENGTH + INTERIM + CHUNKED + BARE + LENGTH), pieces => {
        expect(read(pieces).map(({ body }) => body)).toEqual(['one\r\n\r\n', 'two three\r\n 4', '', 'one\r\n\r\n'])
      }),
    )
  })

  test('without a length end with their connection', () => {
    expect(read(['HTTP/1.1 200 OK\r\n\r\nall', ' of it'], 'until-close')).toMatchObject([{ body: 'all of it' }])
    expect(read(['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nnot all'], 'until-close')).toEqual([])
  })
})

describe('a sequence', () => {
  const words = Array.from({ length: 12 }, (_, index) => token(index, 1_000_000 + index))
  const sequenceOf = (pieces: readonly string[], times: number[] = []): Sequence => {
    const sequence = new Sequence(sentAt => times.push(sentAt))
    for (const piece of pieces) sequence.push(piece)
    return sequence
  }

  test('is whole, however it is cut', () => {
    fc.assert(
      fc.property(cut(words.map(word => `data: {"content":"${word}"}\n\n`).join('')), pieces => {
        const times: number[] = []
        expect(sequenceOf(pieces, times)).toMatchObject({ count: 12, isInOrder: true })
        expect(times).toEqual(words.map((_, index) => 1_000_000 + index))
      }),
    )
  })

  test('shows what is lost, doubled or moved', () => {
    fc.assert(
      fc.property(fc.nat(10), at => {
        const moved = [...words.slice(0, at), words[at + 1] ?? '', words[at] ?? '', ...words.slice(at + 2)]
        expect(sequenceOf(words.toSpliced(at, 1)).isInOrder).toBe(false)
        expect(sequenceOf(words.toSpliced(at, 0, words[at] ?? '')).isInOrder).toBe(false)
        expect(sequenceOf(moved).isInOrder).toBe(false)
      }),
    )
    expect(sequenceOf(words.slice(0, -1)).count).toBe(11)
  })
})

describe('rounds', () => {
  test('go A B, B A', async () => {
    const order: string[] = []
    const samples = await pairedRounds(['a', 'b'], { ...FULL, rounds: 3 }, async side => {
      order.push(side)
      return { foreign: 0, number: order.length }
    })
    expect(order.join('')).toBe('abbaab')
    expect(samples.get('b')?.map(({ number }) => number)).toEqual([2, 3, 6])
  })

  test('take a disturbed sample again, twice at most, and keep the least disturbed', async () => {
    const shares = [0.9, 0.5, 0.7, 0.6, 0.1]
    const samples = await pairedRounds(['a'], { ...FULL, rounds: 2, maxForeign: 0.25 }, async () => ({
      foreign: shares.shift() ?? Number.NaN,
    }))
    expect(samples.get('a')).toEqual([
      { foreign: 0.5, attempts: 3 },
      { foreign: 0.1, attempts: 2 },
    ])
  })
})

test('statistics', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(quantile([5, 1, 2, 3, 4], 0.75)).toBe(4)
  expect(spread([1, 2, 3, 4, 5])).toBe(1)
  expect(slope([1, 2, 3].map(x => ({ x, y: 10 - 2 * x })))).toBeCloseTo(-2)
  expect(median([])).toBeNaN()
})
