/** Replies of other formats, told to clients of the Responses API. Named after what a user would see go wrong. */
import { describe, expect, test } from 'vitest'
import type { Part } from '../../../src/formats/conversation.ts'
import type { ErrorView } from '../../../src/formats/error-view.ts'
import format from '../../../src/formats/openai-responses/format.ts'
import type { FinishEvent, ReplyEvent, Usage } from '../../../src/formats/reply-events.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { asked, dataOf, type Fields, gathered, replyContext, sent, streamOf, terminalOf } from './exchange.ts'

const start: ReplyEvent = { type: 'start', id: 'chatcmpl-1', model: 'upstream-model', created: 5 }
const text: Part = { type: 'text', text: '' }
const image: Part = { type: 'media', kind: 'image', source: { base64: 'AAAA' }, mimeType: 'image/webp' }
const failure: ErrorView = { kind: 'overloaded', status: 503, code: 'overloaded', message: 'Later.' }

function begin(index: number, part: Part, candidate = 0): ReplyEvent {
  return { type: 'part-start', index, candidate, part }
}
function say(index: number, words: string): ReplyEvent {
  return { type: 'text-delta', index, text: words }
}
function end(index: number): ReplyEvent {
  return { type: 'part-end', index }
}
function finish(reason: FinishEvent['reason'] = 'stop', more: Partial<FinishEvent> = {}): readonly ReplyEvent[] {
  return [{ type: 'finish', candidate: 0, reason, ...more }, { type: 'end' }]
}
function whole(...parts: readonly Part[]): readonly ReplyEvent[] {
  return [start, ...parts.flatMap((part, index) => [begin(index, part), end(index)])]
}
function outputOf(events: readonly ReplyEvent[], body: Fields = {}): readonly Fields[] {
  return terminalOf(streamOf(events, replyContext(body))).output as Fields[]
}

test('E206: the whole life of a message', () => {
  const events = [start, begin(0, text), say(0, 'He'), say(0, 'y'), end(0), ...finish()]
  expect(dataOf(streamOf(events)).map(({ type, sequence_number }) => [type, sequence_number])).toEqual([
    ['response.created', 0],
    ['response.in_progress', 1],
    ['response.output_item.added', 2],
    ['response.content_part.added', 3],
    ['response.output_text.delta', 4],
    ['response.output_text.delta', 5],
    ['response.output_text.done', 6],
    ['response.content_part.done', 7],
    ['response.output_item.done', 8],
    ['response.completed', 9],
  ])
})

test('E207, E208: indices are dense, and those of contents belong to their item', () => {
  const call: Part = { type: 'tool-call', callId: 'c', name: 'f', kind: 'function', arguments: '{}' }
  const data = dataOf(streamOf([...whole(text, call, text), ...finish()]))
  const added = data.filter(({ type }) => type === 'response.output_item.added')
  expect(added.map(({ output_index }) => output_index)).toEqual([0, 1, 2])
  expect(data.filter(({ content_index }) => content_index !== undefined && content_index !== 0)).toEqual([])
})

test('E209, E213: every snapshot echoes the request, with numbers as they were written', () => {
  const context = replyContext({
    instructions: 'Be brief.',
    tools: [{ type: 'function', name: 'f', parameters: { maximum: 1 } }],
    tool_choice: 'required',
    temperature: 0,
    store: true,
    metadata: { a: 'b' },
    previous_response_id: 'resp_0',
  })
  for (const { response } of dataOf(streamOf([start, ...finish()], context))) {
    expect(response).toMatchObject({
      id: 'resp_chatcmpl-1',
      object: 'response',
      created_at: 5,
      model: 'asked-model',
      instructions: 'Be brief.',
      tools: [{ name: 'f' }],
      tool_choice: 'required',
      temperature: 0,
      store: false,
      metadata: { a: 'b' },
      parallel_tool_calls: true,
      previous_response_id: 'resp_0',
    })
  }
})

test('E209: usage has its details even where they are zero', () => {
  const usage: Usage = { input: 3, output: 2 }
  expect(terminalOf(streamOf([start, { type: 'usage', usage }, ...finish()])).usage).toEqual({
    input_tokens: 3,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: 2,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 5,
  })
})

test('E211: a call without arguments has empty ones, and says so', () => {
  const data = dataOf(
    streamOf([...whole({ type: 'tool-call', callId: 'c', name: 'f', kind: 'function', arguments: '' }), ...finish()]),
  )
  expect(data.find(({ type }) => type === 'response.function_call_arguments.done')).toMatchObject({ arguments: '{}' })
})

test('E212: a reply that was cut off is incomplete, and so is what it was cut off in', () => {
  const call: Part = { type: 'tool-call', callId: 'c', name: 'f', kind: 'function', arguments: '{"a":' }
  const stream = streamOf([...whole({ ...text, text: 'x' }, call), ...finish('length')])
  expect(terminalOf(stream)).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    output: [{ status: 'completed' }, { status: 'incomplete', arguments: '{"a":' }],
  })
  expect(dataOf(stream).at(-1)?.type).toBe('response.incomplete')
})

describe('E214: failures', () => {
  test.each([
    ['before anything', [], []],
    ['at the start', [start], []],
    ['within a part', [start, begin(0, text), say(0, 'He')], []],
    ['after a part', [...whole(image), begin(1, text)], [{ type: 'image_generation_call' }]],
  ] as const)('%s are told in both shapes, and nothing follows', (_, before, output) => {
    const stream = streamOf([...before, { type: 'error', error: failure }, say(0, 'x'), ...finish()])
    const data = dataOf(stream)
    expect(data[0]?.type).toBe('response.created')
    expect(data.at(-2)).toMatchObject({
      type: 'error',
      code: 'overloaded',
      message: 'Later.',
      param: null,
      error: { type: 'server_error', code: 'overloaded', message: 'Later.' },
    })
    expect(data.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'overloaded', message: 'Later.' }, output },
    })
  })

  test('an end without a finish is a failure, never a success', () => {
    expect(dataOf(streamOf([...whole({ ...text, text: 'x' }), { type: 'end' }])).at(-1)?.type).toBe('response.failed')
  })

  test('a call that cannot be read is a failure', () => {
    expect(terminalOf(streamOf([start, ...finish('malformed-tool-call')]))).toMatchObject({ status: 'failed' })
  })

  test('a call that was not whole is not said to be done', () => {
    const call: Part = { type: 'tool-call', callId: 'c', name: 'f', kind: 'function', arguments: '{"a":' }
    const types = dataOf(streamOf([...whole(call), { type: 'error', error: failure }])).map(({ type }) => type)
    expect(types).not.toContain('response.output_item.done')
  })
})

test('a reply that never said that it began, begins', () => {
  expect(terminalOf(streamOf([begin(0, text), say(0, 'x'), end(0), ...finish()]))).toMatchObject({
    id: 'resp_req-1',
    status: 'completed',
  })
})

describe('what a refusal looks like', () => {
  test('the reason is said as a refusal, after what was said before it', () => {
    const events = [...whole({ ...text, text: 'Well' }), ...finish('refusal', { explanation: 'I will not.' })]
    expect(outputOf(events)).toMatchObject([
      {
        content: [
          { type: 'output_text', text: 'Well' },
          { type: 'refusal', refusal: 'I will not.' },
        ],
      },
    ])
  })
  test('a refusal without a word is not a success', () => {
    expect(terminalOf(streamOf([start, ...finish('refusal')]))).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
    })
  })
  test('an end that nobody understands is none either, unless something was said', () => {
    expect(terminalOf(streamOf([start, ...finish('other')])).status).toBe('incomplete')
    expect(terminalOf(streamOf([...whole({ ...text, text: 'x' }), ...finish('other')])).status).toBe('completed')
  })
  test.each(['other', 'pause', 'compaction'] as const)(
    'an end that has no word here (%s) is told as a loss',
    reason => {
      const encoder = format.encodeStream(replyContext())
      for (const event of finish(reason)) encoder.event(event)
      expect(encoder.losses).toMatchObject([{ path: 'finish', action: 'approximated' }])
    },
  )
})

test('E169: texts in a row are one text, and citations find their place in it', () => {
  const cited: Part = {
    type: 'text',
    text: 'two',
    citations: [{ kind: 'search', url: 'https://a', title: 'A', format: 'anthropic-messages', json: '{}' }],
  }
  expect(outputOf([...whole({ ...text, text: 'one ' }, cited, { ...text, text: '.' }), ...finish()])).toMatchObject([
    { content: [{ text: 'one two.', annotations: [{ type: 'url_citation', start_index: 4, end_index: 7 }] }] },
  ])
})

test('E215: thinking comes before what was thought out, in its sections', () => {
  const thinking: Part = { type: 'reasoning', visibility: 'summary', chunks: ['a', 'b'] }
  const full: Part = { type: 'reasoning', visibility: 'full', chunks: ['c'] }
  expect(outputOf([...whole(thinking, full, { ...text, text: 'x' }), ...finish()])).toMatchObject([
    { type: 'reasoning', summary: [{ text: 'a' }, { text: 'b' }] },
    { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'c' }] },
    { type: 'message' },
  ])
})

test('a summary and the text of one item are told as one item', () => {
  const id = 'rs_1'
  const extensions = (bag: Record<string, string>) => ({ 'openai-responses': bag })
  const summary: Part = { type: 'reasoning', id, visibility: 'summary', chunks: ['a'], extensions: extensions({}) }
  const full: Part = { ...summary, visibility: 'full', chunks: ['b'], extensions: extensions({ '#joined': 'true' }) }
  expect(outputOf([...whole(summary, full), ...finish()])).toEqual([
    {
      id,
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 'a' }],
      content: [{ type: 'reasoning_text', text: 'b' }],
    },
  ])
})

test('E87: a signature of another maker is not passed off as OpenAI’s', () => {
  const encoder = format.encodeStream(replyContext())
  const thinking: Part = {
    type: 'reasoning',
    visibility: 'full',
    chunks: ['x'],
    state: [{ scheme: 'anthropic.signature', value: 'SECRET' }],
  }
  const stream = [...whole(thinking), ...finish()].map(event => encoder.event(event)).join('')
  expect(stream).not.toContain('SECRET')
  expect(encoder.losses).toMatchObject([{ path: 'parts[0].state', action: 'dropped' }])
})

describe('calls by the names that the client gave', () => {
  const body = {
    tools: [
      { type: 'custom', name: 'apply_patch' },
      { type: 'namespace', name: 'files', tools: [{ type: 'function', name: 'open' }] },
      { type: 'function', name: 'files__close' },
    ],
    input: [
      {
        type: 'additional_tools',
        tools: [{ type: 'namespace', name: 'x', tools: [{ type: 'custom', name: 'exec' }] }],
      },
    ],
  }
  const call = (name: string, args: string): Part => ({
    type: 'tool-call',
    callId: 'c',
    name,
    kind: 'function',
    arguments: args,
  })
  test.each([
    [
      'E49: a custom tool gets its text',
      call('apply_patch', '{"input":"a\\nb"}'),
      { type: 'custom_tool_call', input: 'a\nb' },
    ],
    ['a text that was not wrapped', call('apply_patch', 'a'), { type: 'custom_tool_call', input: 'a' }],
    ['E51: a namespace', call('files__open', '{}'), { type: 'function_call', name: 'open', namespace: 'files' }],
    ['a name that only looks like one', call('files__close', '{}'), { type: 'function_call', name: 'files__close' }],
    [
      'a tool that came with the input',
      call('x__exec', '{"input":"ls"}'),
      { type: 'custom_tool_call', name: 'exec', namespace: 'x', input: 'ls' },
    ],
    ['E50: a tool that nobody declared', call('exec', '{"input":"ls"}'), { type: 'function_call', name: 'exec' }],
  ] as const)('%s', (_, part, expected) => {
    expect(outputOf([...whole(part), ...finish('tool-calls')], body)).toMatchObject([expected])
  })

  test('pieces of a wrapped text are not shown before they can be unwrapped', () => {
    const part = call('apply_patch', '')
    const pieces = ['{"inp', 'ut":"a', '\\n"}'].map(
      (piece): ReplyEvent => ({ type: 'arguments-delta', index: 0, text: piece }),
    )
    const data = dataOf(streamOf([start, begin(0, part), ...pieces, end(0), ...finish()], replyContext(body)))
    expect(data.filter(({ type }) => type === 'response.custom_tool_call_input.delta')).toMatchObject([
      { delta: 'a\n' },
    ])
  })
})

test('a tool that was searched for keeps the namespace that OpenAI wants back', () => {
  const item = { id: 'fc_1', type: 'function_call', status: 'completed', arguments: '{}', call_id: 'c', name: 'f' }
  const reply = { id: 'resp_1', object: 'response', status: 'completed', output: [{ ...item, namespace: 'f' }] }
  const events = format.decodeReply(parseDocument(JSON.stringify(reply)), 'generate')
  expect(events[1]).toMatchObject({ part: { name: 'f' } })
  expect(events[1]).not.toHaveProperty('part.namespace')
  expect(outputOf(events)).toMatchObject([{ name: 'f', namespace: 'f' }])
})

test('ids that are blank or stand twice are made unlike', () => {
  const call: Part = { type: 'tool-call', callId: '', name: 'f', kind: 'function', arguments: '{}' }
  const ids = outputOf([...whole(call, call, { ...call, callId: 'a' }, { ...call, callId: 'a' }), ...finish()]).map(
    item => item.call_id,
  )
  expect(new Set(ids).size).toBe(4)
  expect(ids).not.toContain('')
})

test('what has no form here is lost, but not in silence', () => {
  const encoder = format.encodeStream(replyContext())
  const hosted: Part = { type: 'hosted-tool', tool: 'x', phase: 'both', format: 'gemini', json: '{}' }
  const events: readonly ReplyEvent[] = [
    ...whole(hosted),
    begin(1, text, 1),
    end(1),
    { type: 'raw', format: 'gemini', json: '{}' },
    { type: 'finish', candidate: 1, reason: 'stop' },
    ...finish('pause'),
  ]
  for (const event of events) encoder.event(event)
  expect(encoder.losses.map(loss => loss.path)).toEqual(['parts[0]', 'candidates[1]', 'raw', 'finish'])
})

test('an image that the model made is an image call', () => {
  expect(outputOf([...whole(image), ...finish()])).toMatchObject([
    { type: 'image_generation_call', id: expect.stringMatching(/^ig_/), result: 'AAAA', output_format: 'webp' },
  ])
})

test('an image call is an image of the assistant, and the same call again', () => {
  const call = { id: 'ig_1', type: 'image_generation_call', status: 'completed', result: 'AAAA', output_format: 'webp' }
  const output = [{ ...call, quality: 'high', revised_prompt: 'A cat.' }]
  const reply = JSON.stringify({ id: 'resp_1', object: 'response', status: 'completed', output })
  const events = format.decodeReply(parseDocument(reply), 'generate')
  const part = events[1]?.type === 'part-start' ? events[1].part : undefined
  expect(part).toMatchObject({ type: 'media', kind: 'image', source: { base64: 'AAAA' }, mimeType: 'image/webp' })
  expect(outputOf(events)).toEqual(output)
  expect(sent(asked({ model: 'm', input: output })).json.input).toEqual(output)
})

test('an image call that failed is none', () => {
  const output = [{ id: 'ig_1', type: 'image_generation_call', status: 'failed', result: null }]
  const reply = JSON.stringify({ id: 'resp_1', object: 'response', status: 'completed', output })
  const events = format.decodeReply(parseDocument(reply), 'generate')
  expect(events[1]).toMatchObject({ part: { type: 'hosted-tool', tool: 'image_generation' } })
  expect(outputOf(events)).toEqual(output)
})

test('a ping is a comment, which no client trips over', () => {
  const encoder = format.encodeStream(replyContext())
  expect(encoder.event({ type: 'ping' })).toBe(format.heartbeat)
  expect(format.heartbeat).toMatch(/^:.*\n\n$/)
})

test('a whole reply says what its stream says', () => {
  const events = [...whole({ ...text, text: 'x' }), ...finish()]
  const { body } = format.encodeReply(gathered(events), replyContext())
  expect(JSON.parse(body)).toEqual(terminalOf(streamOf(events)))
})
