import { describe, expect, it } from 'vitest'
import format from '../../../src/formats/anthropic-messages/format.ts'
import type { Turn } from '../../../src/formats/conversation.ts'
import {
  assistant,
  call,
  conversation,
  encode,
  LOOK,
  messagesOf,
  refusalOf,
  result,
  target,
  text,
  turns,
  user,
} from './exchange.ts'

describe('tool calls', () => {
  it('makes foreign ids acceptable, alike for call and result, different ids staying different (E32)', () => {
    const ids = ['functions.Bash:0', 'functions_Bash:0', 'call_x|fc_y', 'ünï', 'ok-1', '']
    const source = turns(user(text('a')), assistant(...ids.map(id => call(id))), {
      role: 'tool',
      parts: ids.map(id => result(id)),
    })
    const [, called, answered] = messagesOf(source)
    const sent = called?.content.map(block => String(block.id)) ?? []
    expect(new Set(sent).size).toBe(ids.length)
    for (const id of sent) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/)
    expect(answered?.content.map(block => block.tool_use_id)).toEqual(sent)
    expect(sent).toContain('ok-1')
  })

  it('tells apart calls that reuse one id (E37)', () => {
    const round = [assistant(call('call_0')), { role: 'tool', parts: [result('call_0')] } as Turn]
    const sent = messagesOf(turns(user(text('a')), ...round, ...round))
    expect(sent[1]?.content[0]?.id).toBe('call_0')
    expect(sent[3]?.content[0]?.id).toBe('call_0_2')
    expect(sent[4]?.content[0]?.tool_use_id).toBe('call_0_2')
  })

  it('splices arguments as they were written (E45)', () => {
    const args = '{ "10":1, "2":9007199254740993, "f":1.0 }'
    const source = turns(user(text('a')), assistant(call('x', args)), { role: 'tool', parts: [result('x')] })
    expect(format.encodeRequest(source, target()).body).toContain(`"input":${args}`)
  })

  it.each([
    ['', {}],
    ['{"a":', { _raw: '{"a":' }],
    ['[1]', { _raw: '[1]' }],
    ['"s"', { _raw: '"s"' }],
    ['null', { _raw: 'null' }],
  ])('gives arguments %j as an object (E42, E43, E44)', (args, input) => {
    const source = turns(user(text('a')), assistant(call('x', args)), { role: 'tool', parts: [result('x')] })
    expect(messagesOf(source)[1]?.content[0]?.input).toEqual(input)
    expect(encode(source).losses).toHaveLength(args === '' ? 0 : 1)
  })

  it('refuses calls without a result by name (E13, E71)', () => {
    const missing = turns(user(text('a')), assistant(call('x'), call('y')), { role: 'tool', parts: [result('y')] })
    expect(refusalOf(missing).message).toContain('x')
    expect(refusalOf(turns(user(text('a')), assistant(call('x'))))).toMatchObject({ status: 400 })
  })

  it('sends a result without a call as text (E72)', () => {
    const { body, losses } = encode(turns({ role: 'tool', parts: [result('gone', 'it was 7')] }))
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: '[result of gone]' },
          { type: 'text', text: 'it was 7' },
        ],
      },
    ])
    expect(losses).toEqual(['turns[0].parts[0] approximated'])
  })

  it('leaves results of a continued thread alone', () => {
    const thread = '{"type":"continue","previous_message_id":"msg_1"}'
    const source = conversation({ turns: [{ role: 'tool', parts: [result('toolu_1')] }], state: { thread } })
    const { body, losses } = encode(source)
    expect(body).toMatchObject({ thread: JSON.parse(thread), messages: [{ content: [{ tool_use_id: 'toolu_1' }] }] })
    expect(losses).toEqual([])
  })

  it('keeps the last of two results of one call (E83)', () => {
    const source = turns(user(text('a')), assistant(call('x')), {
      role: 'tool',
      parts: [result('x', 'old'), result('x', 'new')],
    })
    expect(messagesOf(source)[2]?.content).toMatchObject([{ content: [{ text: 'new' }] }])
    expect(encode(source).losses).toEqual(['turns[2].parts[0] dropped'])
  })

  it('declares tools that only the history knows, and lets none be called (E60)', () => {
    const source = {
      ...turns(user(text('a')), assistant(call('x')), { role: 'tool', parts: [result('x')] } as Turn),
      tools: [],
    }
    expect(encode(source).body).toMatchObject({
      tools: [{ name: 'look', input_schema: { type: 'object' } }],
      tool_choice: { type: 'none' },
    })
  })
})

describe('tools', () => {
  it('keeps callers of its own kind only', () => {
    const call = { type: 'tool-call', callId: 'c', name: 'f', kind: 'function', arguments: '{}' } as const
    const result = { type: 'tool-result', callId: 'c', content: [{ type: 'text', text: 'x' }] } as const
    const sent = (caller: string) =>
      encode(
        conversation({
          turns: [
            { role: 'assistant', parts: [{ ...call, caller }] },
            { role: 'tool', parts: [result] },
          ],
        }),
      )
    const own = sent('{"type":"code_execution_20250825","tool_id":"srvtoolu_1"}')
    expect(JSON.stringify(own.body)).toContain('"caller":{"type":"code_execution_20250825"')
    const foreign = sent('{"type":"program","caller_id":"call_1"}')
    expect(JSON.stringify(foreign.body)).not.toContain('caller')
    expect(foreign.losses).toContain('turns[0].parts[0].caller dropped')
  })

  it('flattens a namespace, and refuses two tools of one name (E41, E51)', () => {
    const tools = [{ ...LOOK, namespace: 'git' }]
    expect(encode(conversation({ tools })).body.tools).toMatchObject([{ name: 'git__look' }])
    expect(refusalOf(conversation({ tools: [...tools, { ...LOOK, name: 'git__look' }] })).param).toBe('tools')
  })

  it('gives a tool a name that Anthropic takes (E40)', () => {
    expect(encode(conversation({ tools: [{ ...LOOK, name: 'a.b' }] })).body.tools).toMatchObject([
      { name: expect.stringMatching(/^a_b_\w+$/) },
    ])
  })

  it('wraps a free-text tool and its calls (E49)', () => {
    const grammar = { syntax: 'lark', definition: 'start: "x"' } as const
    const source = conversation({
      turns: [
        user(text('a')),
        assistant({ type: 'tool-call', callId: 'x', name: 'patch', kind: 'custom', arguments: '*** "Begin"' }),
        { role: 'tool', parts: [result('x')] },
      ],
      tools: [{ kind: 'custom', name: 'patch', description: 'Patch.', grammar }],
    })
    const { body, losses } = encode(source)
    expect(body.tools).toMatchObject([{ name: 'patch', input_schema: { required: ['input'] } }])
    expect(JSON.stringify(body.tools)).toContain('start:')
    expect(JSON.stringify(body.messages)).toContain(JSON.stringify({ input: '*** "Begin"' }))
    expect(losses).toEqual(['tools[0].grammar approximated'])
  })

  it('refuses tools that another provider runs', () => {
    const tool = { kind: 'hosted', name: 'code_interpreter', format: 'openai-responses', json: '{}' } as const
    expect(refusalOf(conversation({ tools: [tool] }))).toMatchObject({ param: 'tools[0]', status: 400 })
  })

  it.each([
    [
      'web_search',
      'openai-responses',
      '{"type":"web_search","filters":{"allowed_domains":["x.test"]},"user_location":{"type":"approximate","city":"Bern"},"search_context_size":"low"}',
      { allowed_domains: ['x.test'], user_location: { type: 'approximate', city: 'Bern' } },
      ['tools[0].search_context_size dropped'],
    ],
    ['googleSearch', 'gemini', '{"googleSearch":{}}', {}, []],
  ])('translates the web search %s of %s (E265)', (name, format, json, settings, losses) => {
    const tools = [{ kind: 'hosted', name, format, json } as const]
    const encoded = encode(conversation({ tools, toolChoice: { mode: 'named', name, kind: 'hosted' } }))
    expect(encoded.body).toMatchObject({
      tools: [{ type: 'web_search_20250305', name: 'web_search', ...settings }],
      tool_choice: { type: 'tool', name: 'web_search' },
    })
    expect(encoded.losses).toEqual(losses)
  })

  it('finds a chosen tool again behind its namespace', () => {
    const source = conversation({
      tools: [{ ...LOOK, namespace: 'git' }],
      toolChoice: { mode: 'named', name: 'look', kind: 'function' },
    })
    expect(encode(source).body.tool_choice).toEqual({ type: 'tool', name: 'git__look' })
  })

  it.each([
    [undefined, undefined],
    ['{}', { type: 'object', properties: {} }],
    ['{"properties":{"__proto__":{"type":"string"}}}', null],
  ])('gives schema %s an object at its root (E56)', (schema, expected) => {
    const tool = schema === undefined ? { kind: 'function', name: 'look' } : { ...LOOK, schema }
    const body = format.encodeRequest(conversation({ tools: [tool as typeof LOOK] }), target()).body
    const sent = JSON.parse(body).tools[0].input_schema
    expect(sent.type).toBe('object')
    if (expected) expect(sent).toEqual(expected)
    if (expected === null) expect(body).toContain('"__proto__":{"type":"string"}')
  })

  it('does not make a strict tool of one with free keys, which would always be empty', () => {
    const schema =
      '{"type":"object","properties":{"labels":{"type":"object","additionalProperties":{"type":"string"}}}}'
    const { body, losses } = encode(conversation({ tools: [{ ...LOOK, strict: true, schema }] }))
    expect(body.tools).toEqual([{ name: 'look', input_schema: JSON.parse(schema) }])
    expect(losses).toEqual(['tools[0].strict dropped'])
  })

  it('moves keywords that strict tools do not take into words, and leaves names alone (E150)', () => {
    const schema =
      '{"type":"object","properties":{"pattern":{"type":"string","pattern":"^a"}},"additionalProperties":false}'
    const { body, losses } = encode(conversation({ tools: [{ ...LOOK, strict: true, schema }] }))
    const properties = (body.tools as unknown as { input_schema: { properties: unknown } }[])[0]?.input_schema
      .properties
    expect(properties).toEqual({ pattern: { type: 'string', description: '{pattern: "^a"}' } })
    expect(losses).toEqual(['tools[0].schema approximated'])
  })

  it('leaves a schema alone, byte for byte, where nothing has to change (E160)', () => {
    const schema =
      '{ "type":"object", "properties":{"a":{"type":"integer","enum":[9007199254740993]}}, "additionalProperties":false }'
    const { body } = format.encodeRequest(conversation({ tools: [{ ...LOOK, strict: true, schema }] }), target())
    expect(body).toContain(schema)
  })
})

describe('tool choice', () => {
  const tools = [LOOK, { ...LOOK, name: 'other' }]
  it.each([
    [{ mode: 'auto' }, undefined, { type: 'auto' }],
    [{ mode: 'none' }, false, { type: 'none' }],
    [{ mode: 'required' }, undefined, { type: 'any' }],
    [{ mode: 'required' }, false, { type: 'any', disable_parallel_tool_use: true }],
    [{ mode: 'named', name: 'look', kind: 'function' }, undefined, { type: 'tool', name: 'look' }],
    [undefined, false, { type: 'auto', disable_parallel_tool_use: true }],
    [undefined, true, undefined],
  ] as const)('%j with parallel calls %s (E62)', (toolChoice, parallelToolCalls, expected) => {
    const source = conversation({
      tools,
      ...(toolChoice && { toolChoice }),
      ...(parallelToolCalls === undefined ? {} : { parallelToolCalls }),
    })
    expect(encode(source).body.tool_choice).toEqual(expected)
  })

  it('offers only the tool that this model cannot be made to call (E61)', () => {
    const source = conversation({ tools, toolChoice: { mode: 'named', name: 'other', kind: 'function' } })
    const { body, losses } = encode(source, { model: 'claude-opus-5-5' })
    expect(body).toMatchObject({ tools: [{ name: 'other' }], tool_choice: { type: 'auto' } })
    expect(losses).toEqual(['toolChoice approximated'])
  })

  it('offers the allowed subset only (E64)', () => {
    const source = conversation({ tools, toolChoice: { mode: 'required', allowed: ['look'] } })
    expect(encode(source).body).toMatchObject({ tools: [{ name: 'look' }], tool_choice: { type: 'any' } })
  })

  it('says nothing without tools (E59)', () => {
    expect(
      encode(conversation({ toolChoice: { mode: 'required' }, parallelToolCalls: false })).body,
    ).not.toHaveProperty('tool_choice')
  })
})
