/** What a client of Chat Completions sees of a stream. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carryStream, type Fields, formats, sse } from './convert.ts'
import { claude, responses } from './provider-frames.ts'

const TO = 'openai-chat'

const section: CaseSection = {
  title: 'Streams to Chat clients',
  order: 110,
  cases: [
    {
      id: 'E197',
      title: 'Tool calls that stand behind text and thinking in the content',
      decision: 'carried',
      outcome: 'They are numbered among themselves, from 0.',
      prove: () => {
        const frames = choicesOf(
          ...claude.text(0, 'Let me look.'),
          ...claude.call(1, 'toolu_a', 'look', '{"at":1}'),
          ...claude.call(2, 'toolu_b', 'look', '{"at":2}'),
        )
        const calls = frames.flatMap(({ delta }) => ((delta as Fields).tool_calls ?? []) as readonly Fields[])
        expect([...new Set(calls.map(({ index }) => index))]).toEqual([0, 1])
        expect(calls.filter(({ id }) => id !== undefined).map(({ index }) => index)).toEqual([0, 1])
      },
    },
    {
      id: 'E198',
      title: 'What names the reply: role, id, time',
      decision: 'carried',
      outcome:
        'The first chunk has the role; every chunk, that of the usage too, has the same id and an integer `created`.',
      prove: () => {
        const { frames } = toChat({ stream_options: { include_usage: true } })
        const chunks = frames.filter(frame => String(frame) !== '[DONE]')
        expect(chunks[0]).toMatchObject({ choices: [{ delta: { role: 'assistant' } }] })
        expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
        expect(chunks[0]?.id).not.toBe('')
        expect(chunks.every(({ created }) => Number.isInteger(created))).toBe(true)
      },
    },
    {
      id: 'E199',
      title: 'The chunk with the usage',
      decision: 'carried',
      outcome: 'It comes last before `[DONE]`, has no choices, and goes only to clients that asked for it.',
      prove: () => {
        const asked = toChat({ stream_options: { include_usage: true } }).frames
        expect(asked.at(-2)).toMatchObject({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } })
        expect(asked.at(-1)).toBe('[DONE]')
        const unasked = toChat({}).frames
        expect(unasked.some(frame => Object(frame).usage)).toBe(false)
        expect(unasked.at(-1)).toBe('[DONE]')
      },
    },
    {
      id: 'E200',
      title: 'Stop reasons that Chat Completions has no word for',
      decision: 'approximated',
      outcome:
        '`finish_reason` is said once, is one of the words that there are, and a loss tells what became of the other.',
      prove: () => {
        const { frames, lost } = toChat({}, 'pause_turn')
        const reasons = choices(frames).map(({ finish_reason }) => finish_reason)
        expect(reasons.filter(reason => reason !== null)).toEqual(['stop'])
        expect(choices(frames).at(-1)).toMatchObject({ delta: {} })
        expect(lost).toContain('candidates[0].finish approximated')
      },
    },
    {
      id: 'E201',
      title: 'An error in the middle of a stream',
      decision: 'carried',
      outcome: 'One frame with `error` ends the stream; neither a `finish_reason` nor `[DONE]` follows.',
      prove: () => {
        const error = { type: 'error', error: { type: 'overloaded_error', message: 'Too busy.' } }
        const { frames } = carryStream('anthropic-messages', TO, sse(claude.start(), ...claude.text(0, 'He'), error))
        expect(frames.at(-1)).toMatchObject({ error: { message: 'Too busy.', type: 'server_error' } })
        expect(choices(frames.slice(0, -1)).every(({ finish_reason }) => finish_reason === null)).toBe(true)
      },
    },
    {
      id: 'E202',
      title: "A provider's own search, in the middle of the answer",
      decision: 'left out',
      outcome:
        'Neither the search nor its results are given as calls, which a client would try to run; a loss tells so. The pages cited are.',
      prove: () => {
        const search = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } }
        const result = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }
        const cite = {
          type: 'citations_delta',
          citation: {
            type: 'web_search_result_location',
            url: 'https://a.example/',
            title: 'A',
            cited_text: 'it',
            encrypted_index: 'e',
          },
        }
        const text = claude.block(2, { type: 'text', text: '' }, { type: 'text_delta', text: 'It is.' }, cite)
        const frames = [claude.start(), ...claude.block(0, search), ...claude.block(1, result), ...text]
        const told = carryStream('anthropic-messages', TO, sse(...frames, ...claude.end('end_turn')))
        expect(told.text).not.toContain('tool_calls')
        expect(told.text).toContain('"url":"https://a.example/"')
        expect(told.lost).toEqual(expect.arrayContaining([expect.stringMatching(/parts\[0\].* dropped/)]))
      },
    },
    {
      id: 'E203',
      title: "Anthropic's `ping`",
      decision: 'carried',
      outcome: 'It is a comment line, which keeps the connection open and which SDKs skip.',
      prove: () => {
        const { text } = carryStream(
          'anthropic-messages',
          TO,
          sse(claude.start(), { type: 'ping' }, ...claude.end('end_turn')),
        )
        expect(text).toContain(': keep-alive\n\n')
        expect(formats[TO].heartbeat).toBe(': keep-alive\n\n')
      },
    },
    {
      id: 'E204',
      title: 'Signed and redacted thinking',
      decision: 'carried',
      outcome:
        'The text is `reasoning_content`; signatures travel sealed in `reasoning_details`, or, without a key to seal them, are a told loss.',
      prove: () => {
        const signed = claude.block(
          0,
          { type: 'thinking', thinking: '', signature: '' },
          { type: 'thinking_delta', thinking: 'Hmm.' },
          { type: 'signature_delta', signature: 'c2lnbmVk' },
        )
        const stream = sse(claude.start(), ...signed, ...claude.text(1, 'Hi'), ...claude.end('end_turn'))
        const sealed = carryStream('anthropic-messages', TO, stream, { stateKey: Buffer.alloc(32, 1) })
        expect(sealed.text).toContain('"reasoning_content":"Hmm."')
        expect(sealed.text).toContain('"reasoning_details":[{"type":"reasoning.encrypted"')
        expect([sealed.text.includes('c2lnbmVk'), sealed.lost]).toEqual([false, []])
        expect(carryStream('anthropic-messages', TO, stream).lost).toEqual(['candidates[0].parts[0].state dropped'])
      },
    },
    {
      id: 'E205',
      title: 'The text of a refusal from the Responses API',
      decision: 'carried',
      outcome: 'It is `delta.refusal`, not content, and the answer ends in `stop`.',
      prove: () => {
        const item = { type: 'message', id: 'msg_1', role: 'assistant', content: [] }
        const done = { ...item, content: [{ type: 'refusal', refusal: 'No.' }] }
        const stream = sse(
          responses.created,
          { type: 'response.output_item.added', output_index: 0, item },
          {
            type: 'response.content_part.added',
            output_index: 0,
            content_index: 0,
            part: { type: 'refusal', refusal: '' },
          },
          { type: 'response.refusal.delta', output_index: 0, content_index: 0, delta: 'No.' },
          { type: 'response.output_item.done', output_index: 0, item: done },
          responses.end('completed', [done]),
        )
        const said = choices(carryStream('openai-responses', TO, stream).frames)
        expect(said.map(({ delta }) => (delta as Fields).refusal ?? '').join('')).toBe('No.')
        expect(said.map(({ delta }) => (delta as Fields).content ?? '').join('')).toBe('')
        expect(said.at(-1)).toMatchObject({ finish_reason: 'stop' })
      },
    },
  ],
}

export default section

/** A short answer of Claude's. */
function toChat(request: Fields, stop = 'end_turn') {
  const frames = [claude.start(), ...claude.text(0, 'Hi'), ...claude.end(stop)]
  return carryStream('anthropic-messages', TO, sse(...frames), { request })
}

function choices(frames: readonly Fields[]): readonly Fields[] {
  return frames.flatMap(frame => (Object(frame).choices as readonly Fields[] | undefined) ?? [])
}

function choicesOf(...frames: readonly Fields[]): readonly Fields[] {
  return choices(
    carryStream('anthropic-messages', TO, sse(claude.start(), ...frames, ...claude.end('tool_use'))).frames,
  )
}
