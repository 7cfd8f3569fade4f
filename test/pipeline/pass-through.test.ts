import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import anthropic from '../../src/formats/anthropic-messages/format.ts'
import gemini from '../../src/formats/gemini/format.ts'
import chat from '../../src/formats/openai-chat/format.ts'
import responses from '../../src/formats/openai-responses/format.ts'
import type { StreamObserver, WireFormat } from '../../src/formats/wire-format.ts'
import { passThrough } from '../../src/pipeline/pass-through.ts'
import type { EngineReply } from '../../src/pipeline/reply.ts'
import { ReplyEnd } from '../../src/pipeline/reply-end.ts'
import type { Flow } from '../../src/stream/flow.ts'
import { firstEvent, type SeenBeginning } from '../../src/upstream/first-event.ts'
import { CHAT, DIALECTS, wholeStream } from '../gateway/dialects.ts'
import { framesOf } from '../support/frames.ts'
import { ManualFlow, Recorder } from '../support/manual-flow.ts'

const FORMATS: ReadonlyMap<string, WireFormat> = new Map<string, WireFormat>([
  ['anthropic-messages', anthropic],
  ['gemini', gemini],
  ['openai-chat', chat],
  ['openai-responses', responses],
])

/** As long as what stands in its place. */
const SECRET = 'hush-hus'

interface Passed {
  readonly text: string
  readonly pieces: readonly Buffer[]
  readonly ends: Recorder<Buffer>['ends']
  readonly end: ReplyEnd
}

/** What comes out of a stream in these chunks. @param ending an error breaks the stream off */
function pass(
  format: string,
  chunks: readonly Buffer[],
  {
    hideUsage = false,
    ending,
    ...begun
  }: { hideUsage?: boolean; ending?: Error; flow?: Flow<Buffer>; seen?: SeenBeginning | undefined } = {},
): Passed {
  const source = new ManualFlow<Buffer>()
  const end = new ReplyEnd()
  // All that passing through needs of a reply.
  const reply = {
    format,
    end,
    origin: { provider: 'up', scrub: (text: string) => text.replaceAll(SECRET, '[secret]') },
    exchange: { surroundings: { formats: FORMATS, providers: new Map() } },
  }
  const flow = passThrough(reply as unknown as EngineReply, { kind: 'stream', flow: source, hideUsage, ...begun })
  const recorder = new Recorder<Buffer>()
  flow.start(recorder as never)
  if (!begun.flow) {
    source.push(...chunks)
    if (ending === undefined) source.end()
    else source.fail(ending)
  }
  return { text: Buffer.concat(recorder.items).toString(), pieces: recorder.items, ends: recorder.ends, end }
}

function observerOf(format: string): StreamObserver {
  const observer = FORMATS.get(format)?.observeStream()
  if (!observer) throw new Error(`no format "${format}"`)
  return observer
}

/** A text cut at these offsets. */
function cut(text: string, offsets: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(text)
  const cuts = [...new Set([0, ...offsets.map(offset => offset % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  )
  return cuts.slice(1).map((until, index) => bytes.subarray(cuts[index], until))
}

const OFFSETS = fc.array(fc.nat(5_000), { maxLength: 30 })
const TEXTS = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { minLength: 1, maxLength: 6 })
const USAGE =
  'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\n'

describe.each(DIALECTS)('$name', dialect => {
  it('every byte passes, whatever the slicing, line ends and comments', () => {
    fc.assert(
      fc.property(
        TEXTS,
        OFFSETS,
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        (texts, offsets, lineEnd, comments) => {
          const plain = wholeStream(dialect, ...texts.map(text => `a${text}`))
          const stream = (comments ? `: hello\n\n${plain}: bye\n\n` : plain).replaceAll('\n', lineEnd)
          const { text, ends } = pass(dialect.name, cut(stream, offsets))
          expect(text).toBe(stream)
          expect(ends).toEqual(['end'])
        },
      ),
      { numRuns: 200 },
    )
  })

  it('a stream that breaks leaves whole frames, and says that it broke', () => {
    const frames = [dialect.preamble, dialect.piece('one'), dialect.piece('two')].filter(frame => frame !== '')
    const whole = frames.join('')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), OFFSETS, (length, offsets) => {
        const { text, ends } = pass(dialect.name, cut(whole.slice(0, length), offsets), { ending: new Error('broken') })
        expect(whole.startsWith(text)).toBe(true)
        expect(text === '' || text.endsWith('\n\n')).toBe(true)
        expect(ends).toMatchObject([{ message: 'broken' }])
      }),
    )
  })

  it('a clean end without the terminal event is a failure', () => {
    const { ends } = pass(dialect.name, [Buffer.from(dialect.preamble + dialect.piece('one'))])
    expect(ends).toMatchObject([{ failure: 'truncated', provider: 'up' }])
  })

  it('what breaks behind the terminal event breaks nothing', () => {
    const stream = wholeStream(dialect, 'one')
    const { text, ends, end } = pass(dialect.name, [Buffer.from(stream)], { ending: new Error('broken') })
    expect([text, ends]).toEqual([stream, ['end']])
    expect(end.error).toBe(undefined)
  })

  it('a terminal event whose last line end is missing counts, and passes', () => {
    const stream = wholeStream(dialect, 'one').trimEnd()
    const { text, ends } = pass(dialect.name, cut(stream, [100, 150]))
    expect([text, ends]).toEqual([stream, ['end']])
  })

  it('an error that the provider tells passes, and is known', () => {
    const stream = dialect.preamble + dialect.piece('one') + dialect.errorFrame
    const { text, ends, end } = pass(dialect.name, [Buffer.from(stream)])
    expect([text, ends]).toEqual([stream, ['end']])
    expect(end.error?.message).toBe('in the stream')
  })

  it('credentials are taken out of errors and of nothing else, whatever the slicing', () => {
    const before = `${dialect.preamble}${dialect.piece(`said ${SECRET}`)}: a comment\n\n`
    const error = dialect.errorFrame.replace('in the stream', `in the ${SECRET} stream`)
    const behind = dialect.piece('behind it')
    fc.assert(
      fc.property(OFFSETS, fc.constantFrom('', behind), (offsets, rest) => {
        const { text } = pass(dialect.name, cut(before + error + rest, offsets))
        expect(text).toBe(before + error.replace(SECRET, '[secret]') + rest)
      }),
    )
    // An error whose last line end is missing.
    expect(pass(dialect.name, [Buffer.from(before + error.slice(0, -1))]).text).not.toContain(`the ${SECRET} stream`)
  })

  it('a frame without end is refused before it fills the memory', () => {
    const chunks = [Buffer.from(`${dialect.preamble}data: `), ...Array<Buffer>(20).fill(Buffer.alloc(1024 * 1024, 'x'))]
    expect(pass(dialect.name, chunks).ends).toMatchObject([{ failure: 'oversize' }])
  })
})

describe('a stream of which the beginning was looked at', () => {
  const chunk = (delta: object): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`

  it.each(DIALECTS)('is passed as if it was not: $name', async dialect => {
    const stream = wholeStream(dialect, 'one', 'two', 'three')
    const noted = ({ model, knownUsage, finish, error }: ReplyEnd): unknown => [model, knownUsage, finish, error]
    const beginnings = fc.constantFrom(
      '',
      ': hello\n\n',
      '\uFEFF',
      ...(dialect === CHAT ? [USAGE, chunk({ content: '' })] : []),
    )
    await fc.assert(
      fc.asyncProperty(
        beginnings,
        OFFSETS,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (beginning, offsets, lineEnd, hideUsage) => {
          const chunks = cut((beginning + stream).replaceAll('\n', lineEnd), offsets)
          const source = new ManualFlow<Buffer>()
          const begun = firstEvent(source, observerOf(dialect.name), 'up')
          source.push(...chunks)
          source.end()
          const flow = await begun
          const looked = pass(dialect.name, [], { hideUsage, flow, seen: flow.seen })
          const plain = pass(dialect.name, chunks, { hideUsage })
          expect(looked.text).toBe(plain.text)
          expect(looked.ends).toEqual(plain.ends)
          expect(noted(looked.end)).toEqual(noted(plain.end))
          if (beginning === '' && lineEnd === '\n' && chunks.length === 1) expect(flow.seen?.bytes).toBeGreaterThan(0)
          if (beginning === USAGE) expect(flow.seen).toBe(undefined)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('usage that the client did not ask for', () => {
  it('is hidden, and nothing else, whatever the slicing', () => {
    fc.assert(
      fc.property(TEXTS, OFFSETS, fc.constantFrom('\n', '\r\n'), (texts, offsets, lineEnd) => {
        const before = (CHAT.preamble + texts.map(text => CHAT.piece(`a${text}`)).join('')).replaceAll('\n', lineEnd)
        const after = CHAT.terminal.replaceAll('\n', lineEnd)
        const stream = before + USAGE.replaceAll('\n', lineEnd) + after
        const { text, end } = pass('openai-chat', cut(stream, offsets), { hideUsage: true })
        // Cut between its CR and its LF, a line end of what is hidden leaves the LF: an empty line more, which is nothing.
        expect(framesOf(text)).toEqual(framesOf(before + after))
        if (lineEnd === '\n') expect(text).toBe(before + after)
        expect(end.knownUsage).toMatchObject({ input: 3, output: 2 })
      }),
      { numRuns: 300 },
    )
  })

  it('is hidden at the very end too', () => {
    const stream = CHAT.preamble + CHAT.piece('one') + CHAT.terminal.replace('data: [DONE]\n\n', '')
    expect(pass('openai-chat', [Buffer.from(stream + USAGE.trimEnd())], { hideUsage: true }).text).toBe(stream)
  })
})

describe('what is noted of a stream', () => {
  const chunk = (choice: object, more: object = {}): string =>
    `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, finish_reason: null, ...choice }], ...more })}\n\n`
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }
  const sly = 'data: [DONE]\n\n"finish_reason":"stop" "usage":{ "error" event: message_stop'
  const pieces: Readonly<Record<string, readonly string[]>> = {
    'openai-chat': [
      ...Array.from({ length: 6 }, (_, index) => chunk({ delta: { content: `t${index}` } })),
      chunk({ delta: { content: sly } }),
      chunk({ delta: { tool_calls: [call] } }),
      chunk({ index: 1, delta: { content: 'another answer' } }),
      chunk({ delta: { content: 'b' } }, { usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }),
      chunk({ delta: {}, finish_reason: 'length' }),
      chunk({ delta: {}, finish_reason: 'stop' }),
      ': a comment\n\n',
      'data: {"error":{"message":"no","type":"server_error"}}\n\n',
    ],
    'anthropic-messages': [
      ...Array.from(
        { length: 6 },
        (_, index) =>
          `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"t${index}"}}\n\n`,
      ),
      `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: sly } })}\n\n`,
      'event: content_block_start\ndata: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}\n\n',
      'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":7}}\n\n',
      'event: ping\ndata: {"type":"ping"}\n\n',
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no"}}\n\n',
    ],
  }

  it.each(DIALECTS.filter(({ name }) => pieces[name]))(
    'of $name is what its observer says frame by frame, although plain runs are not cut',
    dialect => {
      const piece = fc.constantFrom(...(pieces[dialect.name] ?? []))
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 25 }), OFFSETS, (middle, offsets) => {
          const stream = `${dialect.preamble}${dialect.piece('one')}${middle.join('')}`
          const observer = FORMATS.get(dialect.name)?.observeStream()
          for (const frame of framesOf(stream)) observer?.frame(frame)
          const { end, text } = pass(dialect.name, cut(stream, offsets))
          const seen = { model: end.model, usage: end.knownUsage, finish: end.finish, error: end.error }
          const { model, usage, finish, error } = observer?.observation ?? {}
          expect(seen).toEqual({ model, usage, finish, error })
          expect(text).toBe(stream)
        }),
        { numRuns: 300 },
      )
    },
  )
})
