/** Codex looks for tools of its own when there are many; elsewhere it does so by a function. */
import { describe, expect, test } from 'vitest'
import { carry, carryReply, carryStream, type Fields, refusal, sse } from './cases/convert.ts'
import { chat } from './cases/provider-frames.ts'

const PARAMETERS = { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] }
const SEARCH = { type: 'tool_search', execution: 'client', description: 'Finds tools.', parameters: PARAMETERS }
const READ = { type: 'function', name: 'read', parameters: { type: 'object', properties: {} } }
const FOUND = {
  type: 'namespace',
  name: 'mcp__files',
  tools: [{ ...READ, name: 'list', defer_loading: true, strict: false }],
}
const ASKED = { role: 'user', content: 'Which files are there?' }
const CALL = {
  type: 'tool_search_call',
  call_id: 'call_1',
  execution: 'client',
  arguments: { query: 'files', limit: 12345678901234567890n },
}
const OUTPUT = {
  type: 'tool_search_output',
  call_id: 'call_1',
  execution: 'client',
  status: 'completed',
  tools: [FOUND],
}

function request(input: readonly unknown[], tools: readonly unknown[] = [SEARCH, READ]): string {
  const big = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `#${value}#` : value)
  return JSON.stringify({ model: 'm', input, tools }, big).replaceAll(/"#(\d+)#"/g, '$1')
}

const TO = ['anthropic-messages', 'openai-chat', 'gemini'] as const
/** The tools that a body offers, by name. */
function offered(body: Fields): readonly unknown[] {
  return [...JSON.stringify(body.tools ?? []).matchAll(/"name":"([^"]+)"/g)].map(([, name]) => name)
}

describe.each(TO)('%s', to => {
  test('the search is a function of the same arguments, and said to be', () => {
    const { body, text, lost } = carry('openai-responses', to, request([ASKED]))
    expect(offered(body)).toEqual(['tool_search', 'read'])
    expect(text).toContain('"query"')
    expect(lost).toEqual(['tools[0] approximated'])
  })

  test('what was found is offered, and the model is told its names', () => {
    const { body, text } = carry('openai-responses', to, request([ASKED, CALL, OUTPUT]))
    expect(offered(body)).toEqual(['tool_search', 'read', 'mcp__files__list'])
    expect(text).toContain('These tools can be called now: mcp__files__list.')
    expect(text).toMatch(/query\\?":\\?"files\\?",\\?"limit\\?":12345678901234567890/)
    expect(text).not.toContain('defer_loading')
  })

  test('a longer conversation begins with the same tools, each once', () => {
    const twice = carry(
      'openai-responses',
      to,
      request([ASKED, CALL, OUTPUT, ASKED, { ...CALL, call_id: 'call_2' }, { ...OUTPUT, call_id: 'call_2' }]),
    )
    expect(offered(twice.body)).toEqual(['tool_search', 'read', 'mcp__files__list'])
  })

  test('nothing was found', () => {
    expect(carry('openai-responses', to, request([ASKED, CALL, { ...OUTPUT, tools: [] }])).text).toContain(
      'Nothing was found.',
    )
  })

  test('a tool of the same name leaves no room for it', () => {
    const { body, lost } = carry('openai-responses', to, request([ASKED], [SEARCH, { ...READ, name: 'tool_search' }]))
    expect(offered(body)).toEqual(['tool_search'])
    expect(lost).toEqual(['tools[0] dropped'])
  })

  test('a search by the provider is refused: the model relies on it', () => {
    const server = { ...SEARCH, execution: 'server' }
    expect(refusal(() => carry('openai-responses', to, request([ASKED], [server, READ]))).message).toContain(
      'tool_search',
    )
  })
})

test('to a provider of the same format everything goes as it came', () => {
  const asked = request([ASKED, CALL, OUTPUT])
  const { body, lost } = carry('openai-responses', 'openai-responses', asked)
  expect([body.tools, lost]).toEqual([[SEARCH, READ], []])
  expect(body.input).toMatchObject([{ role: 'user' }, { type: 'tool_search_call' }, { type: 'tool_search_output' }])
})

describe('what the model answers', () => {
  const asking = JSON.parse(request([ASKED, CALL, OUTPUT]))
  const called = (name: string, text: string): string =>
    sse(chat.call(0, { id: 'call_9', function: { name, arguments: text } }), chat.chunk({}, 'tool_calls'), chat.done)

  test('a call of the function is a search again, told when it is whole', () => {
    const { frames } = carryStream('openai-chat', 'openai-responses', called('tool_search', '{"query":"x"}'), {
      request: asking,
    })
    const item = { type: 'tool_search_call', call_id: 'call_9', execution: 'client', arguments: { query: 'x' } }
    const [added, done, ...more] = frames.filter(({ type }) => String(type).startsWith('response.output_item'))
    expect([added?.item, done?.item, more]).toMatchObject([
      { status: 'in_progress' },
      { ...item, status: 'completed' },
      [],
    ])
    expect(frames.some(({ type }) => String(type).includes('arguments'))).toBe(false)
    expect(frames.at(-1)).toMatchObject({ response: { status: 'completed', output: [item] } })
  })

  test('a whole reply says the same', () => {
    const call = { id: 'call_9', type: 'function', function: { name: 'tool_search', arguments: '' } }
    const choices = [{ index: 0, message: { role: 'assistant', tool_calls: [call] }, finish_reason: 'tool_calls' }]
    const { body } = carryReply('openai-chat', 'openai-responses', { id: 'c', choices }, { request: asking })
    expect(body.output).toMatchObject([{ type: 'tool_search_call', call_id: 'call_9', arguments: {} }])
  })

  test('a tool that was found is called in its namespace', () => {
    const { frames } = carryStream('openai-chat', 'openai-responses', called('mcp__files__list', '{}'), {
      request: asking,
    })
    expect(frames.at(-1)).toMatchObject({
      response: { output: [{ type: 'function_call', name: 'list', namespace: 'mcp__files' }] },
    })
  })

  test('who did not ask for a search gets a call', () => {
    const { frames } = carryStream('openai-chat', 'openai-responses', called('tool_search', '{}'))
    expect(frames.at(-1)).toMatchObject({ response: { output: [{ type: 'function_call', name: 'tool_search' }] } })
  })
})
