import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameRuns } from '../../src/stream/frame-runs.ts'
import { type SseFrame, SseOverflow, SseParser } from '../../src/stream/sse.ts'

/** Takes runs of the frames whose data is `!`, and notes each of them as a frame. */
class Taker {
  readonly frames: SseFrame[] = []
  runs = 0

  frame(frame: SseFrame): void {
    this.frames.push(frame)
  }

  run(text: string, from: number): number {
    let at = from
    for (; text.startsWith('data: !\n\n', at); at += 9) this.frames.push({ data: '!' })
    if (at > from) this.runs++
    return at
  }
}

function taken(chunks: readonly Buffer[]): Taker {
  const taker = new Taker()
  const runs = new FrameRuns(new SseParser(), taker)
  for (const chunk of chunks) runs.push(chunk)
  return taker
}

function parsed(chunks: readonly Buffer[]): SseFrame[] {
  const parser = new SseParser()
  return chunks.flatMap(chunk => parser.push(chunk))
}

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constant('data: !\n\n') },
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }).map(value => `data: ${value}\n\n`) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('event: a\n', 'data: 1\n', 'data:2\n\n', ': c\n\n', '\n', '\n\n\n', 'data\n', '\ufeff'),
  },
  { weight: 1, arbitrary: fc.constantFrom('data: x\r\n\r\n', '\r', 'event: b\rdata: y\r\r') },
)
const stream = fc.array(piece, { maxLength: 16 }).map(pieces => Buffer.from(pieces.join('')))
const cuts = fc.array(fc.nat(), { maxLength: 6 })

function slice(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const sorted = positions.map(position => position % (bytes.length + 1)).sort((a, b) => a - b)
  return [...sorted, bytes.length].map((position, index) => bytes.subarray(sorted[index - 1] ?? 0, position))
}

describe('FrameRuns', () => {
  it('gives the same frames as the parser, for any bytes and any slicing', () => {
    fc.assert(
      fc.property(stream, cuts, (bytes, positions) => {
        const chunks = slice(bytes, positions)
        expect(taken(chunks).frames).toEqual(parsed(chunks))
      }),
      { numRuns: 2000 },
    )
  })

  it('gives the same for bytes that are not UTF-8', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 6 }), cuts, (values, positions) => {
        const frames = values.map(value => Buffer.concat([Buffer.from('data: '), value, Buffer.from('\n\n')]))
        const chunks = slice(Buffer.concat([Buffer.from('data: !\n\n'), ...frames]), positions)
        expect(taken(chunks).frames).toEqual(parsed(chunks))
      }),
      { numRuns: 500 },
    )
  })

  it('offers the taker every place where a frame begins in a chunk of whole ones', () => {
    const taker = taken([Buffer.from('data: a\n\ndata: !\n\ndata: !\n\nevent: b\ndata: b\n\ndata: !\n\n')])
    expect([taker.runs, taker.frames.length]).toEqual([2, 5])
  })

  it('goes on with runs behind a frame that was cut', () => {
    const chunks = ['data: a\n\nda', 'ta: b\n\ndata: !\n\ndata: !\n\ndata', ': !\n\n', 'data: !\n\n'].map(text =>
      Buffer.from(text),
    )
    const taker = taken(chunks)
    expect(taker.frames.map(({ data }) => data)).toEqual(['a', 'b', '!', '!', '!', '!'])
    expect(taker.runs).toBe(2)
  })

  it('keeps to the limit of a frame', () => {
    const taker = new Taker()
    const runs = new FrameRuns(new SseParser(70), taker)
    runs.push(Buffer.from('data: a\n\n'))
    expect(() => {
      for (let n = 0; n < 11; n++) runs.push(Buffer.from('data: 12345\n'))
    }).toThrow(SseOverflow)
  })
})
