import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SseFrame, SseOverflow, SseParser, sseFrame } from '../../src/stream/sse.ts'
import { recordedCases } from '../support/traffic.ts'

describe('SseParser', () => {
  it('gives the same frames for any slicing of any bytes', () => {
    fc.assert(
      fc.property(streamText, cuts, (text, positions) => {
        const bytes = Buffer.from(text)
        expect(parse(slice(bytes, positions))).toEqual(parse([bytes]))
      }),
      { numRuns: 500 },
    )
  })

  it('reads what the specification reads', () => {
    fc.assert(
      fc.property(streamText, text => {
        expect(parse([Buffer.from(text)])).toEqual(framesBySpecification(text))
      }),
      { numRuns: 500 },
    )
  })

  it('gives frames as soon as their last byte is there', () => {
    const parser = new SseParser()
    expect(parser.push(Buffer.from('data: 1\n'))).toEqual([])
    expect(parser.push(Buffer.from('\ndata: 2\n\ndata: 3'))).toEqual([{ data: '1' }, { data: '2' }])
    expect(parser.push(Buffer.from('\n\n'))).toEqual([{ data: '3' }])
  })

  it.each(['\n', '\r', '\r\n'])('cuts lines at %j, at every split point', end => {
    const bytes = Buffer.from(['event: a', 'data: 1', 'data: 2', '', 'data: 3', '', ''].join(end))
    for (let at = 0; at <= bytes.length; at++) {
      expect(parse(slice(bytes, [at]))).toEqual([{ event: 'a', data: '1\n2' }, { data: '3' }])
    }
  })

  it('keeps characters whole that are split at every point', () => {
    const bytes = Buffer.from('event: é\ndata: 日本 😀 e\u0301\n\n')
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        expect(parse(slice(bytes, [first, second]))).toEqual([{ event: 'é', data: '日本 😀 e\u0301' }])
      }
    }
  })

  it('skips a byte order mark at the start, however it is split, and only there', () => {
    const bytes = Buffer.from('\ufeffdata: 1\n\n\ufeffdata: 2\n\ndata: \ufeff\n\n')
    for (let at = 0; at <= bytes.length; at++) {
      expect(parse(slice(bytes, [at, at + 1]))).toEqual([{ data: '1' }, { data: '\ufeff' }])
    }
  })

  it('turns invalid UTF-8 into U+FFFD', () => {
    expect(parse([Buffer.concat([Buffer.from('data: '), Buffer.from([0xff, 0xc3]), Buffer.from('\n\n')])])).toEqual([
      { data: '\ufffd\ufffd' },
    ])
  })

  it.each([
    [': a comment\n\n', []],
    ['event: a\n\n', []],
    ['id: 1\nretry: 2\n\n', []],
    ['data\n\n', [{ data: '' }]],
    ['data:\n\n', [{ data: '' }]],
    ['data:\ndata:\n\n', [{ data: '\n' }]],
    ['data:x\n\n', [{ data: 'x' }]],
    ['data:  x \n\n', [{ data: ' x ' }]],
    ['data: a: b\n\n', [{ data: 'a: b' }]],
    [' data: x\n\n', []],
    ['Data: x\n\n', []],
    ['database: x\n\n', []],
    ['event\ndata: x\n\n', [{ event: '', data: 'x' }]],
    ['event: a\nevent: b\ndata: x\n\n', [{ event: 'b', data: 'x' }]],
    ['event: a\n\ndata: x\n\n', [{ data: 'x' }]],
    ['data: x\n: between\nid: 7\ndata: y\n\n', [{ data: 'x\ny' }]],
    ['\n\n\ndata: x\n\n\n\n', [{ data: 'x' }]],
  ])('reads %j', (text, expected) => {
    expect(parse([Buffer.from(text)])).toEqual(expected)
  })

  it.each([
    ['', undefined],
    ['data: x\n\n', undefined],
    ['data: x\n', { data: 'x' }],
    ['event: a\ndata: x', { event: 'a', data: 'x' }],
    ['event: a', undefined],
  ])('tells of the unfinished frame in %j', (text, expected) => {
    const parser = new SseParser()
    parser.push(Buffer.from(text))
    expect(parser.end()).toEqual(expected)
  })

  it('knows where the last whole frame or comment ended', () => {
    const parser = new SseParser()
    const boundaries = ['', 'da', 'ta: x', '\n', '\n', ': comment\n', 'event: a\n', '\n', '\r'].map(text => {
      parser.push(Buffer.from(text))
      return parser.boundary
    })
    expect(boundaries).toEqual([0, 0, 0, 0, 9, 19, 19, 29, 30])
  })

  it.each(['\n', '\r\n', '\r'])('tells where each frame ended, with lines that end in %j', end => {
    const frames = ['\uFEFFdata: é', 'event: a|data: 1', ': comment|data'].map(
      frame => frame.replaceAll('|', end) + end + end,
    )
    const parser = new SseParser()
    parser.push(Buffer.from([0xef, 0xbb]))
    parser.push(Buffer.concat([Buffer.from(frames.join('')).subarray(2), Buffer.from('data: unfinished')]))
    const ends = frames.map((_, index) => Buffer.byteLength(frames.slice(0, index + 1).join('')))
    expect(parser.frameEnds).toEqual(ends)
    expect(parser.boundary).toBe(ends.at(-1))
    parser.push(Buffer.from(end))
    expect([parser.frameEnds, parser.boundary]).toEqual([[], ends.at(-1)])
  })

  it.each([
    ['one long line', ['data: ', 'x'.repeat(40), 'x'.repeat(60)]],
    ['a line without any field', ['x'.repeat(101)]],
    ['many lines of one frame', Array.from({ length: 11 }, () => 'data: 12345\n')],
    ['a long comment', [': '.repeat(60)]],
  ])('refuses a frame over the limit: %s', (_, chunks) => {
    const parser = new SseParser(70)
    expect(() => chunks.map(text => parser.push(Buffer.from(text)))).toThrow(SseOverflow)
  })

  it('lets any number of frames and comments pass whose own size is under the limit', () => {
    const parser = new SseParser(70)
    const frames = Array.from({ length: 100 }, () => parser.push(Buffer.from(': ping\ndata: 0123456789\n\n: ping\n')))
    expect(frames.flat()).toHaveLength(100)
    expect(Array.from({ length: 100 }, () => parser.push(Buffer.from(': ping\n'))).flat()).toEqual([])
  })

  it('reads every recorded stream alike, whole and byte by byte', () => {
    const streams = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini']
      .flatMap(recordedCases)
      .filter(recorded => recorded.responseIsStream)
    expect(streams.length).toBeGreaterThan(0)
    for (const { responseText } of streams) {
      const bytes = Buffer.from(responseText)
      const singly = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
      expect(parse(singly)).toEqual(parse([bytes]))
    }
  })
})

describe('sseFrame', () => {
  it('writes what the parser reads back, whatever the data', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.option(fc.constantFrom('a', 'b.c'), { nil: undefined }),
        (data, event) => {
          const expected = data.replace(/\r\n|\r/g, '\n')
          expect(parse([Buffer.from(sseFrame(data, event))])).toEqual([
            event === undefined ? { data: expected } : { event, data: expected },
          ])
        },
      ),
    )
  })

  it.each(['\n', '\r', '\r\n', '\n\n', '\r\r'])('does not let %j in the data forge a field or a frame', end => {
    const frames = parse([Buffer.from(sseFrame(`a${end}event: forged${end}data: forged`, 'true'))])
    expect(frames).toHaveLength(1)
    expect(frames[0]?.event).toBe('true')
  })
})

const line = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }).map(value => `data: ${value}`) },
  { weight: 2, arbitrary: fc.constantFrom('event: a', 'event:b', 'event', 'data', 'data:', 'data:  two') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(': comment', 'id: 1', 'retry: 5', ' data: no', 'datax: no', '\ufeffdata: x'),
  },
  { weight: 4, arbitrary: fc.constant('') },
)
const end = fc.constantFrom('\n', '\r', '\r\n')
const streamText = fc
  .tuple(
    fc.constantFrom('', '\ufeff'),
    fc.array(
      fc.tuple(line, end).map(parts => parts.join('')),
      { maxLength: 12 },
    ),
  )
  .map(([mark, lines]) => mark + lines.join(''))
const cuts = fc.array(fc.nat(), { maxLength: 8 })

function parse(chunks: readonly Buffer[]): SseFrame[] {
  const parser = new SseParser()
  return chunks.flatMap(chunk => parser.push(chunk))
}

/** Cuts the bytes at these positions, counted round and round. */
function slice(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const sorted = positions.map(position => position % (bytes.length + 1)).sort((a, b) => a - b)
  return [...sorted, bytes.length].map((position, index) => bytes.subarray(sorted[index - 1] ?? 0, position))
}

/** Section 9.2.6 of the specification, word by word and without any care for speed. */
function framesBySpecification(text: string): SseFrame[] {
  const frames: SseFrame[] = []
  let frame: { event?: string; data?: string } = {}
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)
  for (const content of lines.slice(0, -1)) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(content) ?? []
    if (content === '') {
      if (frame.data !== undefined) frames.push({ ...frame, data: frame.data })
      frame = {}
    } else if (field === 'event') {
      frame.event = value
    } else if (field === 'data') {
      frame.data = frame.data === undefined ? value : `${frame.data}\n${value}`
    }
  }
  return frames
}
