/** What Chat clients are given: whole and streamed. Each test is named after the fault it prevents. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventsOf } from '../../../src/formats/completion.ts'
import type { Part } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/openai-chat/format.ts'
import { checkStream } from '../../../src/formats/openai-chat/grammar.ts'
import type { Completion, FinishEvent, FinishReason, ReplyEvent } from '../../../src/formats/reply-events.ts'
import { TRUNCATED } from '../../../src/formats/reply-faults.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { anyEvents, completion } from '../../support/arbitraries.ts'
import { framesOf } from '../../support/frames.ts'
import { eventsOfStream, gathered, replyContext, streamOf } from './exchange.ts'

type Json = Record<string, unknown>

const START: ReplyEvent = { type: 'start', id: 'msg_1', model: 'served' }
const TEXT: Part = { type: 'text', text: 'Hello' }
const CALL: Part = { type: 'tool-call', callId: 'toolu_1', name: 'f', kind: 'function', arguments: '{"x":1.0}' }

function completed(parts: readonly Part[], finish: Partial<FinishEvent> = {}): Completion {
  return {
    id: 'msg_1',
    model: 'served',
    candidates: [{ index: 0, parts, finish: { type: 'finish', candidate: 0, reason: 'stop', ...finish } }],
    raw: [],
  }
}

function whole(reply: Completion, body: Json = {}): { reply: Json; message: Json; finish: unknown; lost: string[] } {
  const { body: text, losses } = format.encodeReply(reply, replyContext(body))
  const encoded = JSON.parse(text) as { choices: { message: Json; finish_reason: unknown }[] }
  const [choice] = encoded.choices
  if (choice === undefined) throw new Error('no choice')
  return { reply: encoded, message: choice.message, finish: choice.finish_reason, lost: losses.map(loss => loss.path) }
}

function chunksOf(events: readonly ReplyEvent[], body: Json = {}): Json[] {
  const frames = framesOf(streamOf(events, replyContext(body)))
  return frames.filter(frame => frame.data !== '[DONE]').map(frame => JSON.parse(frame.data))
}

describe('finish reasons', () => {
  const table: readonly (readonly [FinishReason, readonly Part[], string])[] = [
    ['stop', [TEXT], 'stop'],
    ['stop', [CALL], 'tool_calls'],
    ['tool-calls', [CALL], 'tool_calls'],
    ['tool-calls', [TEXT], 'stop'],
    ['stop-sequence', [TEXT], 'stop'],
    ['length', [TEXT], 'length'],
    ['length', [CALL], 'length'],
    ['context-window', [TEXT], 'length'],
    ['content-filter', [TEXT], 'content_filter'],
    ['refusal', [TEXT], 'content_filter'],
    ['refusal', [{ type: 'refusal', text: 'No.' }], 'stop'],
    ['pause', [TEXT], 'stop'],
    ['compaction', [TEXT], 'stop'],
    ['other', [TEXT], 'stop'],
    ['other', [], 'content_filter'],
  ]
  test.each(table)('%s of %j', (reason, parts, expected) => {
    const reply = completed(parts, { reason })
    expect(whole(reply).finish).toBe(expected)
    const last = chunksOf(eventsOf(reply)).at(-1)
    expect(last).toMatchObject({ choices: [{ finish_reason: expected }] })
  })

  test('a call that cannot be read is an error, not "stop"', () => {
    const reply = completed([TEXT], { reason: 'malformed-tool-call' })
    expect(() => whole(reply)).toThrow('cannot be read')
    expect(chunksOf(eventsOf(reply)).at(-1)).toMatchObject({ error: { code: 'malformed_tool_call' } })
  })

  test.each(['pause', 'compaction'] as const)('that the model stopped for "%s" is noted as lost', reason => {
    expect(whole(completed([TEXT], { reason })).lost).toEqual(['candidates[0].finish'])
  })

  test('why a model refused is told', () => {
    const reply = completed([], { reason: 'refusal', explanation: 'Too risky.' })
    expect(whole(reply).message).toMatchObject({ content: null, refusal: 'Too risky.' })
    const streamed = gathered(eventsOfStream(streamOf(eventsOf(reply), replyContext())))
    expect(streamed.candidates[0]?.parts).toEqual([{ type: 'refusal', text: 'Too risky.' }])
  })
})

describe('messages', () => {
  test('the client is told the model that it asked for, and the provider id', () => {
    expect(whole(completed([TEXT])).reply).toMatchObject({ id: 'msg_1', model: 'asked-model', created: 1_700_000_000 })
    expect(whole({ ...completed([TEXT]), id: '' }).reply.id).toBe('chatcmpl-req-1')
  })

  test('reasoning goes out as reasoning_content, never as content', () => {
    const thought: Part = { type: 'reasoning', visibility: 'summary', chunks: ['a', 'b'] }
    expect(whole(completed([thought, TEXT])).message).toMatchObject({ content: 'Hello', reasoning_content: 'a\n\nb' })
  })

  test('a reply without text has null content', () => {
    expect(whole(completed([CALL])).message.content).toBeNull()
    const [first] = chunksOf(eventsOf(completed([CALL])))
    expect(first).toMatchObject({ choices: [{ delta: { role: 'assistant' } }] })
  })

  test('a finished call without arguments gets an empty object; a cut one does not', () => {
    const empty: Part = { type: 'tool-call', callId: 'a', name: 'f', kind: 'function', arguments: '' }
    const args = (reason: FinishReason): unknown => {
      const reply = completed([empty], { reason })
      const { tool_calls } = whole(reply).message as { tool_calls: { function: Json }[] }
      const streamed = gathered(eventsOfStream(streamOf(eventsOf(reply), replyContext()))).candidates[0]?.parts[0]
      return [tool_calls[0]?.function.arguments, streamed?.type === 'tool-call' && streamed.arguments]
    }
    expect(args('tool-calls')).toEqual(['{}', '{}'])
    expect(args('length')).toEqual(['', ''])
  })

  test('calls are counted from 0, whatever stands between them', () => {
    const reply = completed([
      TEXT,
      CALL,
      { type: 'reasoning', visibility: 'full', chunks: ['x'] },
      { ...CALL, callId: 'b' },
    ])
    const indices = chunksOf(eventsOf(reply)).flatMap(chunk => {
      const [choice] = chunk.choices as { delta: { tool_calls?: { index: number }[] } }[]
      return choice?.delta.tool_calls?.map(call => call.index) ?? []
    })
    expect(indices).toEqual([0, 1])
  })

  test('a client of the old functions is answered with function_call', () => {
    const body = { functions: [{ name: 'f' }] }
    const reply = completed([CALL, { ...CALL, callId: 'b' }])
    const { message, finish, lost } = whole(reply, body)
    expect(message.function_call).toEqual({ name: 'f', arguments: '{"x":1.0}' })
    expect(message.tool_calls).toBeUndefined()
    expect([finish, lost]).toEqual(['function_call', ['candidates[0].parts[1]']])
    expect(chunksOf(eventsOf(reply), body).at(-1)).toMatchObject({ choices: [{ finish_reason: 'function_call' }] })
  })

  test("the provider's own tools are not handed to the client as calls", () => {
    const hosted: Part = {
      type: 'hosted-tool',
      tool: 'web_search',
      phase: 'call',
      format: 'anthropic-messages',
      json: '{}',
    }
    const { message, finish, lost } = whole(completed([hosted, TEXT]))
    expect(message.tool_calls).toBeUndefined()
    expect([finish, lost]).toEqual(['stop', ['candidates[0].parts[0]']])
    expect(chunksOf(eventsOf(completed([hosted, TEXT])))).toHaveLength(2)
  })

  test('web citations of another format become annotations that count code points', () => {
    const citation = { kind: 'url', url: 'u', title: 't', start: 2, end: 4, format: 'gemini', json: '{}' } as const
    const parts: Part[] = [
      { type: 'text', text: '😀' },
      { type: 'text', text: 'a😀b', citations: [{ ...citation, start: 1, end: 3 }] },
    ]
    const annotation = { type: 'url_citation', url_citation: { url: 'u', title: 't', start_index: 2, end_index: 3 } }
    expect(whole(completed(parts)).message.annotations).toEqual([annotation])
    const annotated = chunksOf(eventsOf(completed(parts))).find(chunk => JSON.stringify(chunk).includes('annotations'))
    expect(annotated).toMatchObject({ choices: [{ delta: { annotations: [annotation] } }] })
  })

  test('state of another issuer is noted, and not put where it does not belong', () => {
    const state = [{ scheme: 'anthropic.signature' as const, value: 's3cret' }]
    const thought: Part = { type: 'reasoning', visibility: 'full', chunks: ['x'], state }
    const { reply, lost } = whole(completed([thought]))
    expect(JSON.stringify(reply)).not.toContain('s3cret')
    expect(lost).toEqual(['candidates[0].parts[0].state'])
  })

  test("Gemini's signature goes with its call, where Chat clients of Gemini look for it", () => {
    const state = [{ scheme: 'gemini.thought-signature' as const, value: 'c2ln' }]
    const { message, lost } = whole(completed([{ ...CALL, state } as Part]))
    expect(message.tool_calls).toMatchObject([{ extra_content: { google: { thought_signature: 'c2ln' } } }])
    expect(lost).toEqual([])
  })

  test('missing bytes of log probabilities are counted out', () => {
    const text: Part = { type: 'text', text: 'é', logprobs: [{ token: 'é', logprob: -0.5 }] }
    const { reply } = whole(completed([text]))
    expect(reply).toMatchObject({
      choices: [{ logprobs: { content: [{ token: 'é', logprob: -0.5, bytes: [195, 169], top_logprobs: [] }] } }],
    })
  })
})

describe('usage', () => {
  const reply: Completion = {
    ...completed([TEXT]),
    usage: { input: 10, output: 5, cacheRead: 4, cacheWrite: 2, reasoning: 3 },
  }

  test('input includes the cache, output includes reasoning', () => {
    expect(whole(reply).reply.usage).toEqual({
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 3 },
    })
  })

  test('a client that did not ask gets no usage chunk, one that did gets it last', () => {
    expect(chunksOf(eventsOf(reply)).some(chunk => 'usage' in chunk)).toBe(false)
    const asked = chunksOf(eventsOf(reply), { stream_options: { include_usage: true } })
    expect(asked.slice(0, -1).every(chunk => chunk.usage === null)).toBe(true)
    expect(asked.at(-1)).toMatchObject({ id: 'msg_1', choices: [], usage: { total_tokens: 15 } })
  })

  test('the tier of another format is told in the words of this one', () => {
    const tiered = { ...reply, usage: { input: 1, output: 1, serviceTier: 'standard' } }
    expect(whole(tiered).reply.service_tier).toBe('default')
  })
})

describe('streams', () => {
  test('events that end without a finish are an error, never a made-up success', () => {
    const events: ReplyEvent[] = [START, { type: 'part-start', index: 0, candidate: 0, part: TEXT }, { type: 'end' }]
    const last = chunksOf(events).at(-1)
    expect(last).toMatchObject({ error: { code: TRUNCATED.code, message: TRUNCATED.message } })
    expect(streamOf(events, replyContext())).not.toContain('[DONE]')
  })

  test('a delta that comes before the start does not break the stream', () => {
    const events = eventsOf(completed([TEXT])).filter(event => event.type !== 'start')
    expect(chunksOf(events)[0]).toMatchObject({ id: 'chatcmpl-req-1', created: 1_700_000_000 })
  })

  test('two texts at once do not run into each other', () => {
    const open = (index: number): ReplyEvent => ({
      type: 'part-start',
      index,
      candidate: 0,
      part: { type: 'text', text: '' },
    })
    const events: ReplyEvent[] = [
      START,
      open(0),
      open(1),
      { type: 'text-delta', index: 1, text: 'second' },
      { type: 'text-delta', index: 0, text: 'fi' },
      { type: 'text-delta', index: 0, text: 'rst ' },
      { type: 'part-end', index: 0 },
      { type: 'part-end', index: 1 },
      { type: 'finish', candidate: 0, reason: 'stop' },
      { type: 'end' },
    ]
    const { candidates } = gathered(eventsOfStream(streamOf(events, replyContext())))
    expect(candidates[0]?.parts).toEqual([{ type: 'text', text: 'first second' }])
  })

  test('a ping is a comment, which no SDK takes for a chunk', () => {
    const encoder = format.encodeStream(replyContext())
    expect(encoder.event({ type: 'ping' })).toBe(': keep-alive\n\n')
    expect(framesOf(format.heartbeat)).toEqual([])
  })

  test('several answers keep apart', () => {
    const reply: Completion = {
      ...completed([]),
      candidates: [0, 1].map(index => ({
        index,
        parts: [{ type: 'text', text: `answer ${index}` }, CALL],
        finish: { type: 'finish', candidate: index, reason: 'tool-calls' },
      })),
    }
    const { candidates } = gathered(eventsOfStream(streamOf(eventsOf(reply), replyContext())))
    expect(candidates.map(each => each.parts[0])).toEqual([
      { type: 'text', text: 'answer 0' },
      { type: 'text', text: 'answer 1' },
    ])
  })

  test('whatever events come, the stream is one that an SDK can read', () => {
    fc.assert(
      fc.property(
        anyEvents(),
        fc.constantFrom<ReplyEvent>({ type: 'end' }, { type: 'error', error: BUSY }),
        fc.boolean(),
        (events, last, asked) => {
          const encoder = format.encodeStream(replyContext(asked ? { stream_options: { include_usage: true } } : {}))
          const text = [...events, last, last].map(event => encoder.event(event)).join('')
          const checker = checkStream()
          for (const frame of framesOf(text)) expect(checker.frame(frame)).toBeUndefined()
          expect(checker.end()).toBeUndefined()
        },
      ),
      { numRuns: 200 },
    )
  })
})

const BUSY = { kind: 'overloaded', status: 529, code: 'overloaded', message: 'Busy.' } as const

describe('any completion', () => {
  test('says the same whole and streamed', () => {
    fc.assert(
      fc.property(completion('openrouter.details'), reply => {
        const context = replyContext({ stream_options: { include_usage: true } })
        const { body } = format.encodeReply(withJsonState(reply), context)
        const fromWhole = gathered(format.decodeReply(parseDocument(body), 'generate'))
        const fromStream = gathered(eventsOfStream(streamOf(eventsOf(withJsonState(reply)), context)))
        expect(said(fromStream)).toEqual(said(fromWhole))
        expect(said(fromWhole)).toEqual(said(withJsonState(reply)))
      }),
      { numRuns: 300 },
    )
  })
})

/** State of this scheme is a JSON array. */
function withJsonState(reply: Completion): Completion {
  return {
    ...reply,
    candidates: reply.candidates.map(candidate => ({ ...candidate, parts: candidate.parts.map(jsonState) })),
  }
}

function jsonState(part: Part): Part {
  const state = part.state?.map(each => ({ ...each, value: JSON.stringify([{ data: each.value }]) }))
  return state ? ({ ...part, state } as Part) : part
}

/** What of a completion Chat Completions can hold: texts joined, reasoning joined, calls in order. */
function said({ candidates, usage }: Completion): unknown {
  return candidates.map(({ parts, finish }) => ({
    text: parts.map(part => (part.type === 'text' ? part.text : '')).join(''),
    reasoning: parts.map(part => (part.type === 'reasoning' ? part.chunks.join('\n\n') : '')).join(''),
    calls: parts.flatMap(part => (part.type === 'tool-call' ? [[part.name, part.kind, part.arguments]] : [])),
    state: parts.flatMap(part => (part.state ?? []).flatMap(({ value }) => JSON.parse(value) as unknown[])),
    finish: finish.reason,
    usage: usage && [usage.input, usage.output, usage.cacheRead, usage.reasoning],
  }))
}
