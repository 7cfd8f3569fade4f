/** What a client of Anthropic Messages sees of streams that came in another format: blocks, usage, order. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carryStream, type Fields, sse } from './convert.ts'
import { chat, responses } from './provider-frames.ts'

const TO = 'anthropic-messages'

/** A Chat server's stream, as frames for an Anthropic client. Its grammar is checked on the way. */
function fromChat(...chunks: readonly Fields[]): readonly Fields[] {
  return carryStream('openai-chat', TO, sse(...chunks, chat.done)).frames
}

/** The blocks of a stream: how each starts, and its deltas put together by type. */
function blocksOf(frames: readonly Fields[]): readonly Fields[] {
  const blocks: Record<string, unknown>[] = []
  for (const frame of frames) {
    if (frame.type === 'content_block_start') blocks.push({ start: frame.content_block, index: frame.index })
    if (frame.type !== 'content_block_delta') continue
    const { type, ...delta } = frame.delta as Fields
    const block = blocks.at(-1)
    if (block) block[String(type)] = `${block[String(type)] ?? ''}${Object.values(delta)[0]}`
  }
  return blocks
}

const STOP = chat.chunk({}, 'stop')
const CALLED = chat.chunk({}, 'tool_calls')
const A = { id: 'call_a', type: 'function', function: { name: 'look', arguments: '' } }
const B = { id: 'call_b', type: 'function', function: { name: 'find', arguments: '' } }
const more = (text: string) => ({ function: { arguments: text } })

const section: CaseSection = {
  title: 'Streams to Anthropic clients: blocks and usage',
  order: 100,
  cases: [
    {
      id: 'E180',
      title: 'The numbers of blocks',
      decision: 'carried',
      outcome: 'From 0 without a gap, one block open at a time, and each that starts also stops.',
      prove: () => {
        const frames = fromChat(
          chat.chunk({ role: 'assistant', reasoning_content: 'Hm' }),
          chat.chunk({ content: 'Ok' }),
          chat.call(0, A),
          chat.call(0, more('{}')),
          CALLED,
        )
        const marks = frames.flatMap(({ type, index }) =>
          type === 'content_block_start' || type === 'content_block_stop' ? [`${type}`.slice(14, 19) + index] : [],
        )
        expect(marks).toEqual(['start0', 'stop0', 'start1', 'stop1', 'start2', 'stop2'])
      },
    },
    {
      id: 'E181',
      title: 'Parallel calls whose arguments come by turns',
      decision: 'carried',
      outcome: 'The first is streamed as it comes, the next waits until that has ended; none gets pieces of another.',
      prove: () => {
        const frames = fromChat(
          chat.call(0, A),
          chat.call(1, B),
          chat.call(0, more('{"a":')),
          chat.call(1, more('{"b":')),
          chat.call(0, more('1}')),
          chat.call(1, more('2}')),
          CALLED,
        )
        expect(blocksOf(frames)).toMatchObject([
          { start: { name: 'look', input: {} }, input_json_delta: '{"a":1}' },
          { start: { name: 'find', input: {} }, input_json_delta: '{"b":2}' },
        ])
      },
    },
    {
      id: 'E182',
      title: 'Input tokens, which Anthropic tells first and others last',
      decision: 'approximated',
      outcome:
        'The beginning has an estimate, not 0; the last `message_delta` has what the provider told, cache and all.',
      prove: () => {
        const usage = { prompt_tokens: 30, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 20 } }
        const frames = fromChat(chat.chunk({ role: 'assistant', content: 'Ok' }), STOP, chat.usage(usage))
        expect(Object(frames[0]?.message).usage.input_tokens).toBeGreaterThan(0)
        expect(frames.at(-2)).toMatchObject({
          type: 'message_delta',
          usage: { input_tokens: 10, cache_read_input_tokens: 20, output_tokens: 2 },
        })
      },
    },
    {
      id: 'E183',
      title: 'Usage that comes behind the finish reason, or not at all',
      decision: 'carried',
      outcome: '`message_delta` waits for it, and for no longer than the end of the stream.',
      prove: () => {
        const usage = { prompt_tokens: 3, completion_tokens: 2 }
        const first = chat.chunk({ role: 'assistant', content: 'Ok' })
        expect(fromChat(first, STOP, chat.usage(usage)).at(-2)).toMatchObject({ usage: { output_tokens: 2 } })
        const cut = carryStream('openai-chat', TO, sse(first, STOP)).frames
        expect(cut.slice(-2).map(({ type }) => type)).toEqual(['message_delta', 'message_stop'])
      },
    },
    {
      id: 'E184',
      title: 'How blocks start',
      decision: 'carried',
      outcome: 'With every member that SDKs read: empty text, empty thinking and signature, an empty object as input.',
      prove: () => {
        const frames = fromChat(
          chat.chunk({ role: 'assistant', reasoning_content: 'Hm' }),
          chat.chunk({ content: 'Ok' }),
          chat.call(0, A),
          CALLED,
        )
        expect(blocksOf(frames).map(({ start }) => start)).toMatchObject([
          { type: 'thinking', thinking: '', signature: '' },
          { type: 'text', text: '' },
          { type: 'tool_use', name: 'look', input: {} },
        ])
      },
    },
    {
      id: 'E185',
      title: 'The signature of thinking, also where it is a carrier',
      decision: 'carried',
      outcome: 'One `signature_delta`, the last thing in its block, since SDKs keep only the last.',
      prove: () => {
        const item = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm' }] }
        const place = { item_id: 'rs_1', output_index: 0, summary_index: 0 }
        const text = sse(
          responses.created,
          { type: 'response.output_item.added', output_index: 0, item: { ...item, summary: [] } },
          { type: 'response.reasoning_summary_part.added', ...place, part: { type: 'summary_text', text: '' } },
          { type: 'response.reasoning_summary_text.delta', ...place, delta: 'Hm' },
          { type: 'response.output_item.done', output_index: 0, item: { ...item, encrypted_content: 'gAAA' } },
          responses.end('completed', [{ ...item, encrypted_content: 'gAAA' }]),
        )
        const { frames } = carryStream('openai-responses', TO, text, { stateKey: Buffer.alloc(32, 7) })
        const deltas = frames
          .filter(({ type }) => type === 'content_block_delta')
          .map(({ delta }) => Object(delta).type)
        expect(deltas).toEqual(['thinking_delta', 'signature_delta'])
        expect(blocksOf(frames)).toMatchObject([{ signature_delta: expect.stringContaining('gw1.') }])
      },
    },
    {
      id: 'E186',
      title: 'One chunk with thinking, text and a call in it',
      decision: 'carried',
      outcome: 'They are said in this order, each in a block of its own.',
      prove: () => {
        const call = { index: 0, ...A, function: { name: 'look', arguments: '{}' } }
        const frames = fromChat(
          chat.chunk({ role: 'assistant', tool_calls: [call], content: 'Ok', reasoning_content: 'Hm' }),
          CALLED,
        )
        expect(blocksOf(frames)).toMatchObject([
          { thinking_delta: 'Hm' },
          { text_delta: 'Ok' },
          { input_json_delta: '{}', start: { name: 'look' } },
        ])
      },
    },
    {
      id: 'E187',
      title: 'Thinking that goes on behind a text',
      decision: 'carried',
      outcome: 'A new thinking block with a number of its own; a block that has ended stays so.',
      prove: () => {
        const frames = fromChat(
          chat.chunk({ role: 'assistant', reasoning_content: 'One' }),
          chat.chunk({ content: 'Ok' }),
          chat.chunk({ reasoning_content: 'Two' }),
          STOP,
        )
        expect(blocksOf(frames)).toMatchObject([
          { index: 0, thinking_delta: 'One' },
          { index: 1, text_delta: 'Ok' },
          { index: 2, thinking_delta: 'Two' },
        ])
      },
    },
    {
      id: 'E188',
      title: 'Chunks with an empty text or an empty list of calls',
      decision: 'carried',
      outcome: 'They open and close nothing.',
      prove: () => {
        const nothing = { content: '', tool_calls: [], reasoning_content: '' }
        const frames = fromChat(
          chat.chunk({ role: 'assistant', ...nothing }),
          chat.chunk({ reasoning_content: 'Hm', content: '' }),
          chat.chunk({ ...nothing, reasoning_content: 'm' }),
          chat.chunk({ content: 'Ok', tool_calls: [] }),
          chat.chunk(nothing),
          chat.chunk({ content: '!' }),
          STOP,
        )
        expect(blocksOf(frames)).toMatchObject([{ thinking_delta: 'Hmm' }, { text_delta: 'Ok!' }])
      },
    },
    {
      id: 'E189',
      title: 'Usage on every chunk (vLLM, GLM)',
      decision: 'carried',
      outcome: 'It ends nothing: the latest counts, and the stream goes on.',
      prove: () => {
        const counted = (content: string, tokens: number) => ({
          ...chat.chunk({ role: 'assistant', content }),
          usage: { prompt_tokens: 3, completion_tokens: tokens },
        })
        const frames = fromChat(counted('a', 1), counted('b', 2), counted('c', 3), STOP)
        expect(blocksOf(frames)).toMatchObject([{ text_delta: 'abc' }])
        expect(frames.filter(({ type }) => type === 'message_delta')).toMatchObject([{ usage: { output_tokens: 3 } }])
      },
    },
    {
      id: 'E190',
      title: 'The name of a call that comes behind its arguments, in pieces, or again with each chunk',
      decision: 'carried',
      outcome: 'The block starts when the name is known; a whole name that comes again is not put behind itself.',
      prove: () => {
        const late = fromChat(
          chat.call(0, { id: 'call_a', type: 'function', function: { arguments: '{"a":' } }),
          chat.call(0, { function: { name: 'look', arguments: '1}' } }),
          CALLED,
        )
        const again = fromChat(
          chat.call(0, { ...A, function: { name: 'look', arguments: '{"a":' } }),
          chat.call(0, { ...A, function: { name: 'look', arguments: '1}' } }),
          CALLED,
        )
        for (const frames of [late, again]) {
          expect(blocksOf(frames)).toMatchObject([{ start: { name: 'look' }, input_json_delta: '{"a":1}' }])
        }
      },
    },
  ],
}

export default section
