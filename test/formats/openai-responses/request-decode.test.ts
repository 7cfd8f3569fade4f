import { describe, expect, test } from 'vitest'
import format from '../../../src/formats/openai-responses/format.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import { Refusal } from '../../../src/refusal.ts'
import { asked, type Fields, sent } from './exchange.ts'

describe('what is wrong is told with its place', () => {
  const refused: readonly [string, string, Fields][] = [
    ['an input that is a number', 'input', { input: 5 }],
    ['an item that is a string', 'input[0]', { input: ['Hi'] }],
    ['a role that nobody has', 'input[0].role', { input: [{ role: 'narrator', content: 'x' }] }],
    ['content that is a number', 'input[0].content', { input: [{ role: 'user', content: 5 }] }],
    [
      'a text that is no string',
      'input[0].content[0].text',
      { input: [{ role: 'user', content: [{ type: 'input_text' }] }] },
    ],
    ['a call without its id', 'input[0].call_id', { input: [{ type: 'function_call', name: 'f', arguments: '{}' }] }],
    ['a call without arguments', 'input[0].arguments', { input: [{ type: 'function_call', name: 'f', call_id: 'c' }] }],
    [
      'arguments that are an object',
      'input[0].arguments',
      { input: [{ type: 'function_call', name: 'f', call_id: 'c', arguments: {} }] },
    ],
    ['a result without output', 'input[0].output', { input: [{ type: 'function_call_output', call_id: 'c' }] }],
    [
      'a custom call without input',
      'input[0].input',
      { input: [{ type: 'custom_tool_call', name: 'f', call_id: 'c' }] },
    ],
    ['a reference to nothing', 'input[0].id', { input: [{ type: 'item_reference' }] }],
    ['a tool without a name', 'tools[0].name', { input: 'Hi', tools: [{ type: 'function' }] }],
    [
      'a tool in the shape of Chat',
      'tools[0].name',
      { input: 'Hi', tools: [{ type: 'function', function: { name: 'f' } }] },
    ],
    [
      'a nameless tool of a namespace',
      'tools[0].tools[0].name',
      { input: 'Hi', tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'function' }] }] },
    ],
  ]
  test.each(refused)('%s', (_, param, body) => {
    const failure = failureOf(() => asked({ model: 'm', ...body }))
    expect(failure).toMatchObject({ status: 400, param })
    expect(failure.message).toContain(`"${param}"`)
  })

  const unfit: readonly [string, Fields][] = [
    ['model', { input: 'Hi' }],
    ['input', { model: 'm', input: {} }],
    ['tools', { model: 'm', input: 'Hi', tools: {} }],
    ['temperature', { model: 'm', input: 'Hi', temperature: 'hot' }],
    ['max_output_tokens', { model: 'm', input: 'Hi', max_output_tokens: '5' }],
    ['stream', { model: 'm', input: 'Hi', stream: 'yes' }],
  ]
  test.each(unfit)('the schema names %s', (param, body) => {
    expect(failureOf(() => bodyCheck(format.schemas.generate ?? {})(body))).toMatchObject({ status: 400, param })
  })
})

describe('what Codex sends', () => {
  const grammar = { type: 'grammar', syntax: 'lark', definition: 'start: "x"' }
  const inner = { type: 'function', name: 'open', description: 'Opens.', strict: false, parameters: { type: 'object' } }
  const body = {
    model: 'gpt-6',
    store: false,
    stream: true,
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: 'k',
    client_metadata: { a: 'b' },
    parallel_tool_calls: true,
    reasoning: { effort: 'high', summary: 'concise', context: 'all_turns' },
    text: { verbosity: 'low' },
    tool_choice: 'auto',
    tools: [
      { type: 'function', name: 'exec_command', parameters: { type: 'object', properties: { cmd: {} } } },
      { type: 'custom', name: 'apply_patch', description: 'Patches.', format: grammar },
      { type: 'namespace', name: 'files', description: 'Files.', tools: [inner, { ...inner, name: 'close' }] },
      { type: 'namespace', name: 'files', description: 'More files.', tools: [inner] },
      { type: 'tool_search', execution: 'client' },
    ],
    input: [
      { type: 'additional_tools', role: 'developer', tools: [{ type: 'custom', name: 'exec' }] },
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be brief.' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm' }], content: null, encrypted_content: 'xyz' },
      {
        type: 'message',
        role: 'assistant',
        phase: 'commentary',
        content: [{ type: 'output_text', text: 'I look.', annotations: [] }],
      },
      {
        type: 'function_call',
        name: 'open',
        namespace: 'files',
        arguments: '{"id": 90071992547409931}',
        call_id: 'c1',
      },
      { type: 'custom_tool_call', name: 'exec', input: 'ls\n', call_id: 'c2' },
      {
        type: 'function_call_output',
        call_id: 'c1',
        output: [
          { type: 'input_text', text: 'a' },
          { type: 'input_image', image_url: 'data:image/png;base64,AA==' },
        ],
      },
      { type: 'custom_tool_call_output', call_id: 'c2', output: 'b' },
      { type: 'configuration_update', reasoning: { effort: 'low' } },
    ],
  }

  test('comes back as it was', () => {
    const { json, losses } = sent(asked(body), { model: 'gpt-6', stream: true })
    const [, developer, user, reasoning, ...rest] = body.input
    const input = [
      body.input[0],
      { ...developer, content: 'Be brief.' },
      { ...user, content: 'Hi' },
      { type: 'reasoning', summary: reasoning?.summary, encrypted_content: 'xyz' },
      ...rest,
    ]
    expect(json).toEqual({ ...body, input })
    expect(losses).toEqual([])
  })

  test('is one turn a breath to other formats', () => {
    const { turns, tools } = asked(body)
    expect(turns.map(turn => [turn.role, turn.parts.map(part => part.type)])).toEqual([
      ['developer', ['tools-delta']],
      ['developer', ['text']],
      ['user', ['text']],
      ['assistant', ['reasoning', 'text', 'tool-call', 'tool-call']],
      ['tool', ['tool-result', 'tool-result']],
      ['developer', ['settings-delta']],
    ])
    expect(turns[3]?.parts[2]).toMatchObject({ namespace: 'files', arguments: '{"id": 90071992547409931}' })
    expect(tools).toMatchObject([
      { kind: 'function', schema: '{"type":"object","properties":{"cmd":{}}}' },
      { kind: 'custom', grammar: { syntax: 'lark' } },
      { kind: 'function', name: 'open', namespace: 'files', strict: false },
      { kind: 'function', name: 'close', namespace: 'files' },
      { kind: 'function', name: 'open', namespace: 'files' },
      { kind: 'hosted', name: 'tool_search' },
    ])
  })
})

test('integer-like keys and big numbers of a schema keep their places', () => {
  const parameters = '{"type":"object","properties":{"b":{"maximum":9007199254740993.0},"10":{},"2":{}}}'
  const { turns: _, ...rest } = asked(
    `{"model":"m","input":"Hi","tools":[{"type":"function","name":"f","parameters":${parameters}}]}`,
  )
  expect(sent({ turns: [], ...rest }).body).toContain(`"parameters":${parameters}`)
})

test('two messages in a row were not said in one breath', () => {
  const { turns } = asked({
    model: 'm',
    input: [assistant('a'), assistant('b'), { type: 'web_search_call', id: 'ws' }],
  })
  expect(turns.map(turn => turn.parts.length)).toEqual([1, 2])
})

test('a stored prompt is a part, so that no other format forgets it', () => {
  const prompt = { id: 'pmpt_1', version: '2' }
  const conversation = asked({ model: 'm', prompt, previous_response_id: 'resp_1' })
  expect(conversation.turns[0]?.parts).toMatchObject([{ type: 'opaque', label: 'prompt' }])
  expect(sent(conversation).json).toEqual({ model: 'm', prompt, previous_response_id: 'resp_1' })
})

describe('fields that only this format knows come back', () => {
  const bodies: readonly [string, Fields][] = [
    ['of the request', { truncation: 'auto', background: true, max_tool_calls: 3, user: 'u', 'x-new': { a: [1.5] } }],
    ['of reasoning', { reasoning: { effort: 'turbo', mode: 'pro' } }],
    ['of text', { text: { format: { type: 'grammar', syntax: 'lark' }, verbosity: 'high' } }],
    ['a service tier', { service_tier: 'scale' }],
    ['metadata that is not text', { metadata: { a: 1 } }],
    [
      'a choice of hosted tools',
      { tool_choice: { type: 'mcp', server_label: 's', name: 'n' }, tools: [{ type: 'mcp' }] },
    ],
    [
      'a choice among hosted tools',
      {
        tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'mcp', server_label: 's' }] },
        tools: [{ type: 'mcp', server_label: 's' }],
      },
    ],
    ['of a tool', { tools: [{ type: 'function', name: 'f', parameters: null, async: true, output_schema: { a: 1 } }] }],
    [
      'of a custom tool',
      { tools: [{ type: 'custom', name: 'f', format: { type: 'text' }, allowed_callers: ['direct'] }] },
    ],
    ['an empty namespace', { tools: [{ type: 'namespace', name: 'n', tools: [] }] }],
    ['of a message', { input: [{ type: 'message', role: 'user', content: 'x', id: 'msg_1', status: 'completed' }] }],
    ['of what was said', { input: [{ ...assistant('x'), id: 'msg_1', status: 'completed', 'x-y': null }] }],
    [
      'an unknown content part',
      { input: [{ type: 'message', role: 'user', content: [{ type: 'input_video', url: 'u' }] }] },
    ],
    ['an unknown item', { input: [{ type: 'dream', of: { '2': 1, '1': 2 } }] }],
    ['a result without an id', { input: [{ type: 'function_call_output', name: 'f', output: 'x' }] }],
    [
      'a call of a program',
      {
        input: [
          {
            type: 'function_call',
            id: 'fc_1',
            call_id: 'c',
            name: 'f',
            arguments: '{}',
            caller: { type: 'program', caller_id: 'p' },
            status: 'completed',
          },
        ],
      },
    ],
    [
      'a call of a tool that was searched for',
      { input: [{ type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}', namespace: 'f' }] },
    ],
    [
      'both texts of reasoning',
      {
        input: [
          {
            type: 'reasoning',
            id: 'rs_1',
            summary: [{ type: 'summary_text', text: 's' }],
            content: [{ type: 'reasoning_text', text: 'f' }],
            status: 'completed',
          },
        ],
      },
    ],
    ['reasoning of an unknown shape', { input: [{ type: 'reasoning', id: 'rs_1', summary: [{ type: 'other' }] }] }],
    [
      'a bare file',
      {
        input: [
          { type: 'message', role: 'user', content: [{ type: 'input_file', file_data: 'AAAA', filename: 'a.bin' }] },
        ],
      },
    ],
    [
      'an image as a file',
      {
        input: [
          {
            type: 'message',
            role: 'user',
            content: [{ type: 'input_file', file_data: 'data:image/png;base64,AAAA', filename: 'a.png' }],
          },
        ],
      },
    ],
    [
      'a cache breakpoint',
      {
        input: [
          {
            type: 'message',
            role: 'user',
            content: [{ type: 'input_text', text: 'x', prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' } }],
          },
        ],
      },
    ],
    [
      'compaction',
      {
        input: [
          { type: 'compaction', id: 'cmp_1', encrypted_content: 'x', created_by: 'y' },
          { type: 'compaction_trigger' },
        ],
      },
    ],
    ['a system message at the head', { input: [{ type: 'message', role: 'system', content: 'x' }], instructions: 'y' }],
  ]
  test.each(bodies)('%s', (_, fields) => {
    const body: Fields = { model: 'm', input: [], ...fields }
    const { json, losses } = sent(asked(body))
    expect(json).toEqual(body)
    expect(losses).toEqual([])
  })
})

test('keys that name an object prototype are keys like any other', () => {
  const hostile =
    '{"model":"m","__proto__":{"a":1},"input":[{"type":"function_call","call_id":"__proto__","name":"constructor","arguments":"{}","__proto__":2}]}'
  const { body } = sent(asked(hostile))
  expect(body).toContain('"__proto__":{"a":1}')
  expect(body).toContain('"__proto__":2')
  expect(({} as Fields).a).toBeUndefined()
})

function assistant(text: string): Fields {
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] }
}

function failureOf(act: () => unknown): Refusal {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}
