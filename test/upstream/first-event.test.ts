import { describe, expect, it } from 'vitest'
import type { FrameSign, StreamObserver } from '../../src/formats/wire-format.ts'
import type { Flow } from '../../src/stream/flow.ts'
import { firstEvent } from '../../src/upstream/first-event.ts'
import { ManualFlow } from '../support/manual-flow.ts'

/** Takes the data of a frame for its sign. */
function observer(): StreamObserver {
  const error = { kind: 'overloaded', status: 529, code: 'busy', message: 'too busy' } as const
  return { frame: ({ data }) => data as FrameSign, observation: { error } }
}

const frame = (sign: FrameSign): Buffer => Buffer.from(`data: ${sign}\n\n`)

function collect(flow: Flow<Buffer>): { text: () => string; ends: string[] } {
  const chunks: Buffer[] = []
  const ends: string[] = []
  flow.start({
    item: chunk => void chunks.push(chunk),
    end: () => void ends.push('end'),
    fail: error => void ends.push(error.message),
  })
  return { text: () => Buffer.concat(chunks).toString(), ends }
}

describe('firstEvent', () => {
  it('waits for content and gives the stream from its first byte on', async () => {
    const source = new ManualFlow<Buffer>()
    const found = firstEvent(source, observer(), 'up')
    for (const sign of ['preamble', 'usage', 'preamble', 'content'] as const) source.push(frame(sign))
    source.push(Buffer.from('data: con'))
    const { text, ends } = collect(await found)
    source.push(Buffer.from('tent\n\n'))
    source.end()
    expect(text().match(/data: (\w+)/g)).toEqual([
      'data: preamble',
      'data: usage',
      'data: preamble',
      'data: content',
      'data: content',
    ])
    expect(ends).toEqual(['end'])
  })

  it.each([
    ['an error', [frame('error')], 'error_in_200', 'too busy'],
    ['an end before anything', [], 'reset', /broke the connection/],
    ['an end before the content', [frame('preamble')], 'truncated', /before its end/],
    ['a frame without end', [Buffer.alloc(9_000_000, 'x')], 'oversize', /more than may be held/],
    [
      'endless preambles',
      Array<Buffer>(100_000).fill(Buffer.from(`: ${'x'.repeat(100)}\n\n`)),
      'oversize',
      /more than may be held/,
    ],
  ])('%s is a failure that can be retried', async (_, chunks, failure, message) => {
    const source = new ManualFlow<Buffer>()
    const found = firstEvent(source, observer(), 'up')
    for (const chunk of chunks) source.push(chunk)
    source.end()
    await expect(found).rejects.toMatchObject({ failure, message: expect.stringMatching(message) })
    expect(source.cancelled).toBe(true)
  })

  it('takes content in an unfinished last frame', async () => {
    const source = new ManualFlow<Buffer>()
    const found = firstEvent(source, observer(), 'up')
    source.push(Buffer.from('data: content'))
    source.end()
    expect(collect(await found)).toMatchObject({ ends: ['end'] })
  })

  it('keeps a failure for whoever reads later', async () => {
    const source = new ManualFlow<Buffer>()
    const found = firstEvent(source, observer(), 'up')
    source.push(frame('content'))
    source.fail(new Error('broken'))
    expect(collect(await found).ends).toEqual(['broken'])
  })

  it('pauses the source while nobody reads, and lets it go on when somebody does', async () => {
    const source = new ManualFlow<Buffer>()
    const found = firstEvent(source, observer(), 'up')
    source.push(frame('content'))
    source.push(Buffer.alloc(2_000_000, '\n'))
    expect(source.paused).toBe(true)
    collect(await found)
    expect(source.paused).toBe(false)
  })

  it('stays paused for a sink that had enough while it was given what waited', async () => {
    const source = new ManualFlow<Buffer>()
    const found = firstEvent(source, observer(), 'up')
    source.push(frame('preamble'))
    source.push(frame('content'))
    const flow = await found
    flow.start({ item: () => flow.pause(), end: () => {}, fail: () => {} })
    expect(source.paused).toBe(true)
    flow.resume()
    expect(source.paused).toBe(false)
  })
})
