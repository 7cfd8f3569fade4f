import { describe, expect, it } from 'vitest'
import type { Conversation } from '../../../src/formats/conversation.ts'
import { assistant, call, conversation, encode, LOOK, refusalOf, result, text, turns, user } from './exchange.ts'

describe('settings', () => {
  it('asks for as much as the model can give when nobody says, not for a small default', () => {
    expect(encode(conversation(), { model: 'claude-opus-5' }).body.max_tokens).toBe(128_000)
    expect(encode(conversation(), { model: 'claude-haiku-4-5-20251001' }).body.max_tokens).toBe(64_000)
    expect(encode(conversation(), { model: 'claude-zephyr-9' }).body.max_tokens).toBe(128_000)
    expect(encode(conversation({ maxOutputTokens: 0 })).body.max_tokens).toBe(0)
  })

  it('cuts a limit to what the model can give (E117)', () => {
    const { body, losses } = encode(conversation({ maxOutputTokens: 200_000 }), { model: 'claude-opus-4-5' })
    expect(body.max_tokens).toBe(64_000)
    expect(losses).toEqual(['maxOutputTokens approximated'])
  })

  it.each([
    ['claude-sonnet-4-6', { temperature: 1.7 }, { temperature: 1 }, ['sampling.temperature approximated']],
    ['claude-sonnet-4-6', { temperature: 0, topP: 0.5 }, { temperature: 0 }, ['sampling.topP dropped']],
    ['claude-sonnet-4-6', { topK: 0 }, { top_k: 0 }, []],
    ['claude-opus-4-8', { temperature: 0 }, {}, ['sampling.temperature dropped']],
    ['claude-opus-4-8', { temperature: 1, topP: 1 }, {}, []],
    ['MiniMax-M2', { temperature: 0, topP: 0.5 }, { temperature: 0, top_p: 0.5 }, []],
    ['claude-opus-4-8', { seed: 0 }, {}, ['sampling.seed dropped']],
  ] as const)('%s with %j (E120, E121, E122, E128)', (model, sampling, expected, lost) => {
    const { body, losses } = encode(conversation({ sampling }), { model })
    const { temperature, top_p, top_k } = body
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k }))).toEqual(expected)
    expect(losses).toEqual(lost)
  })

  it('leaves out blank stop sequences (E125)', () => {
    expect(encode(conversation({ stop: ['', '\n', 'END'] }))).toMatchObject({
      body: { stop_sequences: ['END'] },
      losses: ['stop[1] dropped'],
    })
  })

  it.each([
    ['claude-opus-5', { effort: 'high' }, { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
    ['claude-opus-5', { effort: 'minimal' }, { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }],
    ['claude-opus-4-6', { effort: 'xhigh' }, { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
    ['claude-opus-5', { effort: 'none' }, { thinking: { type: 'disabled' } }],
    ['claude-opus-5-5', { effort: 'none' }, { output_config: { effort: 'low' } }],
    ['claude-sonnet-5-5', { budget: 0 }, { thinking: { type: 'between_tools' } }],
    ['claude-opus-5', { budget: 5000 }, { thinking: { type: 'adaptive' }, output_config: { effort: 'medium' } }],
    [
      'claude-opus-5',
      { mode: 'enabled', budget: 31_999 },
      { thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } },
    ],
    ['claude-haiku-4-5', { mode: 'enabled', budget: 5000 }, { thinking: { type: 'enabled', budget_tokens: 5000 } }],
    ['claude-haiku-4-5', { effort: 'medium' }, { thinking: { type: 'enabled', budget_tokens: 3000 } }],
    ['claude-haiku-4-5', { effort: 'minimal' }, { thinking: { type: 'enabled', budget_tokens: 1024 } }],
    ['claude-haiku-4-5', { effort: 'max' }, { thinking: { type: 'enabled', budget_tokens: 9999 } }],
    ['claude-3-5-haiku', { effort: 'high' }, {}],
    ['claude-opus-5', { effort: 'low', show: 'summary' }, { thinking: { type: 'adaptive', display: 'summarized' } }],
  ] as const)('%s asked to reason with %j (C.5)', (model, reasoning, expected) => {
    const { body } = encode(conversation({ reasoning, maxOutputTokens: 10_000 }), { model })
    expect(body).toMatchObject(expected)
    if (!('thinking' in expected)) expect(body).not.toHaveProperty('thinking')
    if (!('output_config' in expected) && model !== 'claude-opus-5') expect(body).not.toHaveProperty('output_config')
  })

  it('keeps room for the answer beside a thinking budget', () => {
    const { body, losses } = encode(conversation({ reasoning: { effort: 'high' }, maxOutputTokens: 500 }), {
      model: 'claude-haiku-4-5',
    })
    expect(body).toMatchObject({ max_tokens: 1524, thinking: { budget_tokens: 1024 } })
    expect(losses).toEqual(['maxOutputTokens approximated'])
  })

  it('goes on without thinking in a tool loop that began without (E88)', () => {
    const source = turns(user(text('a')), assistant(call('x')), { role: 'tool', parts: [result('x')] })
    const { body, losses } = encode({ ...source, reasoning: { effort: 'high' } }, { model: 'claude-haiku-4-5' })
    expect(body.thinking).toEqual({ type: 'disabled' })
    expect(losses).toEqual(['reasoning dropped'])
  })

  it('asks for JSON by schema, or in words where there is no schema (E143, E146)', () => {
    const schema = '{"type":"object","properties":{"a":{"type":"number","minimum":1}},"required":["a"]}'
    const { body, losses } = encode(conversation({ outputFormat: { type: 'schema', name: 'x', schema } }))
    expect(body.output_config).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: { a: { type: 'number', description: '{minimum: 1}' } },
          required: ['a'],
          additionalProperties: false,
        },
      },
    })
    expect(losses).toEqual(['outputFormat.schema approximated'])
    expect(JSON.stringify(encode(conversation({ outputFormat: { type: 'json' } })).body.system)).toContain('JSON')
  })

  it.each([
    ['of a model without structured outputs', 'claude-sonnet-4', '{"type":"object","properties":{"a":{}}}'],
    [
      'with recursion',
      'claude-opus-5',
      '{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"b":{"$ref":"#/$defs/a"}}}},"type":"object"}',
    ],
    ['with free keys', 'claude-opus-5', '{"type":"object","properties":{"a":{"type":"object"}}}'],
    ['with free keys of one type', 'claude-opus-5', '{"type":"object","additionalProperties":{"type":"string"}}'],
  ])('asks for JSON by a tool, for a schema %s (E144)', (_, model, schema) => {
    const { body, losses } = encode(conversation({ outputFormat: { type: 'schema', schema } }), { model })
    expect(body).not.toHaveProperty('output_config')
    expect(body).toMatchObject({
      tools: [{ name: 'final_answer', input_schema: JSON.parse(schema) }],
      tool_choice: { type: 'tool', name: 'final_answer', disable_parallel_tool_use: true },
    })
    expect(losses).toEqual(['outputFormat.schema approximated'])
  })

  it.each([
    ['cannot be made to call one', 'claude-opus-5-5', '{"type":"object"}', {}],
    ['thinks with a budget', 'claude-sonnet-4', '{"type":"object"}', { reasoning: { effort: 'high' } }],
    ['is not to answer with an object', 'claude-sonnet-4', '{"type":"array","items":{}}', {}],
  ] as const)('asks for JSON in words where no tool will do, since the model %s', (_, model, schema, more) => {
    const { body } = encode(conversation({ outputFormat: { type: 'schema', schema }, ...more }), { model })
    expect(JSON.stringify(body.system)).toContain(JSON.stringify(schema).slice(1, -1))
    expect(body).not.toHaveProperty('tools')
  })

  it.each([
    [{ candidates: 2 }, 'candidates'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ state: { previousId: 'resp_1' } }, 'previous_response_id'],
    [{ state: { conversation: 'conv_1' } }, 'conversation'],
  ])('refuses %j, which must not be dropped', (changes, param) => {
    expect(refusalOf(conversation(changes as Partial<Conversation>))).toMatchObject({
      status: 400,
      code: 'unsupported_by_target',
      param,
    })
  })

  it('notes everything else that it cannot say', () => {
    const source = conversation({
      logprobs: { top: 2 },
      verbosity: 'low',
      metadata: { a: 'b' },
      cacheKey: 'k',
      serviceTier: 'flex',
      state: { store: true },
      sampling: { frequencyPenalty: 0, presencePenalty: 1, logitBias: { '1': 2 } },
    })
    expect(encode(source).losses.toSorted()).toEqual([
      'cacheKey dropped',
      'logprobs dropped',
      'metadata dropped',
      'sampling.frequencyPenalty dropped',
      'sampling.logitBias dropped',
      'sampling.presencePenalty dropped',
      'serviceTier dropped',
      'state.store dropped',
      'verbosity dropped',
    ])
  })

  it('counts with the same body, without what only generating needs (E276)', () => {
    const source = conversation({ tools: [LOOK], sampling: { temperature: 1 }, endUser: 'u', maxOutputTokens: 5 })
    const { body } = encode(source, { operation: 'count-tokens', stream: true })
    expect(Object.keys(body)).toEqual(['model', 'tools', 'messages'])
  })
})
