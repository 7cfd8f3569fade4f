import { describe, expect, it } from 'vitest'
import format from '../../../src/formats/anthropic-messages/format.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import { Refusal } from '../../../src/refusal.ts'
import { decodeBody, decodeText, encode, ROUTE, target } from './exchange.ts'

const BASE = { model: 'claude-opus-5', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] }

function refusal(body: unknown, operation: 'generate' | 'count-tokens' = 'generate'): Refusal {
  try {
    bodyCheck(format.schemas[operation] ?? {})(body)
    decodeBody(body)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** The body after a way through the canonical view. */
function again(body: object): Record<string, unknown> {
  return encode(decodeBody({ ...BASE, ...body })).body
}

describe('a request', () => {
  it.each([
    [{ ...BASE, max_tokens: undefined }, 'max_tokens'],
    [{ ...BASE, max_tokens: 1.5 }, 'max_tokens'],
    [{ ...BASE, messages: 'Hi' }, 'messages'],
    [{ ...BASE, messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
    [{ ...BASE, messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'],
    [{ ...BASE, messages: [{ role: 'user', content: [{ type: 'text', text: 7 }] }] }, 'messages[0].content[0].text'],
    [{ ...BASE, messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ ...BASE, temperature: 'hot' }, 'temperature'],
    [{ ...BASE, stop_sequences: [1] }, 'stop_sequences[0]'],
    [{ ...BASE, tools: [1] }, 'tools[0]'],
  ])('that is wrong is refused by the field at fault %#', (body, param) => {
    expect(refusal(JSON.parse(JSON.stringify(body)))).toMatchObject({ status: 400, param })
  })

  it('needs no `max_tokens` to be counted', () => {
    const { max_tokens: _, ...body } = BASE
    expect(() => bodyCheck(format.schemas['count-tokens'] ?? {})(body)).not.toThrow()
  })

  it('tells its head without being decoded', () => {
    const parts = { route: ROUTE, query: { beta: 'true' }, headers: {}, body: { ...BASE, stream: true } }
    expect(format.readHead(parts)).toEqual({
      operation: 'generate',
      model: 'claude-opus-5',
      stream: true,
      framing: 'sse',
    })
    const list = { method: 'GET', path: '/v1/models/{model}', operation: 'list-models' } as const
    expect(format.readHead({ ...parts, route: list, pathModel: 'a/b', body: undefined })).toMatchObject({
      operation: 'list-models',
      model: 'a/b',
      stream: false,
    })
  })

  it('keeps every field that nobody knows, wherever it stands', () => {
    const body = {
      ...BASE,
      surprise: { a: 1 },
      container: null,
      context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
      thinking: { type: 'adaptive', block_binding: { prefix_mismatch_behavior: 'drop_block' }, display: 'updates' },
      output_config: { effort: 'high', task_budget: { total: 5, type: 'tokens' } },
      metadata: { user_id: 'u', team: 't' },
      tool_choice: { type: 'auto', mood: 'good' },
      tools: [
        {
          name: 'look',
          input_schema: { type: 'object' },
          input_examples: [{}],
          cache_control: { type: 'ephemeral', scope: 'global' },
        },
      ],
      messages: [
        {
          role: 'user',
          mood: 'bad',
          content: [
            { type: 'text', text: 'Hi', colour: 'red', cache_control: { type: 'ephemeral', ttl: '1h' } },
            { type: 'hologram', data: { n: 1 } },
            {
              type: 'document',
              source: { type: 'url', url: 'https://x.test/a.pdf' },
              citations: { enabled: true, style: 'x' },
            },
            { type: 'image', source: { type: 'laser', beam: 1 } },
          ],
        },
      ],
    }
    expect(encode(decodeBody(body))).toEqual({ body, losses: [] })
  })

  it.each([
    [{ thinking: { type: 'someday', x: 1 } }],
    [{ thinking: { type: 'between_tools' } }],
    [{ thinking: { type: 'disabled' } }],
    [{ thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'max' } }],
    [{ output_config: { effort: 'low' } }],
    [{ output_config: { effort: 'turbo' } }],
    [{ output_config: { format: { type: 'json_schema', schema: { type: 'object', additionalProperties: false } } } }],
    [{ service_tier: 'auto' }],
    [{ service_tier: 'standard_only', speed: 'standard' }],
    [{ speed: 'fast', service_tier: 'auto' }],
    [{ service_tier: 'someday' }],
    [{ cache_control: { type: 'ephemeral' } }],
    [{ thread: { type: 'create' } }],
    [{ mcp_servers: [{ type: 'url', url: 'https://x.test', name: 'x' }] }],
    [
      {
        tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 1 }],
        tool_choice: { type: 'tool', name: 'web_search' },
      },
    ],
    [{ tools: [{ name: 'a', input_schema: { type: 'object' } }], tool_choice: { type: 'someday' } }],
    [{ max_tokens: 0 }],
  ])('says %j again as it was', body => {
    expect(again(body)).toMatchObject(body)
    expect(encode(decodeBody({ ...BASE, ...body })).losses).toEqual([])
  })

  it('adds no thinking to a request that only set an effort', () => {
    expect(again({ output_config: { effort: 'low' } })).not.toHaveProperty('thinking')
  })

  it("keeps Claude Code's billing line for Anthropic, and from everybody else (E7)", () => {
    const system = [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2; cch=1f;' },
      { type: 'text', text: 'You are helpful.' },
    ]
    expect(again({ system })).toMatchObject({ system })
    expect(decodeBody({ ...BASE, system }).turns[0]?.parts).toMatchObject([{ type: 'opaque' }, { type: 'text' }])
  })

  it('reads the older place of the output format', () => {
    const schema = { type: 'object', additionalProperties: false }
    expect(again({ output_format: { type: 'json_schema', schema } })).toMatchObject({
      output_config: { format: { type: 'json_schema', schema } },
    })
  })

  it('keeps tool arguments, schemas and big numbers as they were written', () => {
    const input = '{ "b":9007199254740993, "10":1.0, "__proto__":{"x":1} }'
    const text = `{"model":"m","max_tokens":9,"tools":[{"name":"t","input_schema":{ "type":"object","x":1e3 }}],
      "messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"t","input":${input}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"ok"}]}]}`
    const { body } = format.encodeRequest(decodeText(text), target())
    expect(body).toContain(`"input":${input}`)
    expect(body).toContain('{ "type":"object","x":1e3 }')
    expect(Object.getPrototypeOf(decodeText(text))).toBe(Object.prototype)
  })

  it('tells results from what the user says, in canonical turns', () => {
    const content = [
      { type: 'tool_result', tool_use_id: 'a', content: '', is_error: true },
      { type: 'text', text: 'and' },
    ]
    const { turns } = decodeBody({ ...BASE, messages: [{ role: 'user', content }] })
    expect(turns).toEqual([
      { role: 'tool', parts: [{ type: 'tool-result', callId: 'a', isError: true, content: [] }] },
      { role: 'user', parts: [{ type: 'text', text: 'and' }] },
    ])
  })

  it('takes a change of effort on the way, and asks for the beta it needs', () => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'system', content: [], output_config: { effort: 'low' }, clear_at: 'never' },
    ]
    const { body, headers } = format.encodeRequest(decodeBody({ ...BASE, messages }), target())
    expect(JSON.parse(body).messages[1]).toEqual(messages[1])
    expect(headers).toEqual({ 'anthropic-beta': 'per-turn-control-2026-07-01' })
  })

  it('keeps blocks of hosted tools whole and in place', () => {
    const content = [
      { type: 'server_tool_use', id: 's', name: 'web_search', input: { q: 'x' } },
      { type: 'web_search_tool_result', tool_use_id: 's', content: [{ encrypted_content: 'e' }] },
      { type: 'redacted_thinking', data: 'blob' },
      {
        type: 'text',
        text: 'b',
        citations: [{ type: 'web_search_result_location', url: 'https://x.test', encrypted_index: 'i' }],
      },
    ]
    const messages = [...BASE.messages, { role: 'assistant', content }, { role: 'user', content: 'c' }]
    expect((again({ messages }).messages as { content: unknown }[])[1]?.content).toEqual(content)
  })
})
