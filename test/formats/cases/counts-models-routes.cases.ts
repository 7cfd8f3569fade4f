/** Token counts, model lists, paths, and input that means harm. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, carryReply } from './convert.ts'
import { ask } from './through-gateway.ts'

const TOOL = { name: 'look', description: 'Looks.', input_schema: { type: 'object', properties: {} } }
const HI = { role: 'user', content: 'Hi' }
const COUNT = {
  path: '/v1/messages/count_tokens',
  body: { model: 'm', system: 'Be brief.', messages: [HI], tools: [TOOL] },
}
const COMPLETION = {
  json: { id: 'c', model: 'their-model', choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }] },
}

const section: CaseSection = {
  title: 'Token counts, models, routes, limits',
  order: 190,
  cases: [
    {
      id: 'E275',
      title: 'An Anthropic client has tokens counted',
      decision: 'carried',
      outcome:
        "OpenAI's and Google's own counts are asked; where there is none, Chat Completions, Sluice estimates and says so in a header.",
      prove: async () => {
        const openai = await ask(
          'anthropic-messages',
          { ...COUNT, client: 'openai-responses' },
          { json: { input_tokens: 42 } },
        )
        expect([openai.json, openai.sent[0]?.url]).toEqual([{ input_tokens: 42 }, '/base/responses/input_tokens'])
        const google = await ask('anthropic-messages', { ...COUNT, client: 'gemini' }, { json: { totalTokens: 42 } })
        expect([google.json, google.sent[0]?.url]).toEqual([{ input_tokens: 42 }, '/base/models/m:countTokens'])
        const none = await ask('anthropic-messages', { ...COUNT, client: 'openai-chat' })
        expect(none.headers['x-sluice-token-count']).toBe('estimated')
        expect((none.json as { readonly input_tokens: number }).input_tokens).toBeGreaterThan(5)
      },
    },
    {
      id: 'E276',
      title: 'What is counted',
      decision: 'carried',
      outcome: 'Instructions, tools and media as well: the body that is counted is made by the encoder of real calls.',
      prove: async () => {
        const { sent } = await ask('anthropic-messages', { ...COUNT, client: 'gemini' }, { json: { totalTokens: 42 } })
        const counted = Object(sent[0]?.json()).generateContentRequest
        const { body } = carry('anthropic-messages', 'gemini', { ...COUNT.body, max_tokens: 9 }, { model: 'm' })
        expect(counted).toMatchObject({
          systemInstruction: body.systemInstruction,
          tools: body.tools,
          contents: body.contents,
        })
        const short = await ask('anthropic-messages', {
          ...COUNT,
          client: 'openai-chat',
          body: { model: 'm', messages: [HI] },
        })
        const long = await ask('anthropic-messages', { ...COUNT, client: 'openai-chat' })
        expect(Object(long.json).input_tokens).toBeGreaterThan(Object(short.json).input_tokens)
      },
    },
    {
      id: 'E277',
      title: 'Claude Code counts with `?beta=true`',
      decision: 'passed on',
      outcome:
        'The query goes to Anthropic; each count is asked of the provider anew, since a wrong one would be worse than a slow one.',
      prove: async () => {
        const asking = { ...COUNT, path: `${COUNT.path}?beta=true` }
        const { sent, json } = await ask('anthropic-messages', asking, { json: { input_tokens: 7 } })
        expect([sent[0]?.url, json]).toEqual(['/base/messages/count_tokens?beta=true', { input_tokens: 7 }])
      },
    },
    {
      id: 'E278',
      title: 'The list of models',
      decision: 'carried',
      outcome:
        'Each client gets it in the shape that its SDK reads, told apart by its headers where the path is the same.',
      prove: async () => {
        const list = {
          json: { object: 'list', data: [{ id: 'model-a', object: 'model', created: 1, owned_by: 'us' }] },
        }
        const headers = { 'anthropic-version': '2023-06-01' }
        const claude = await ask('anthropic-messages', { path: '/v1/models', headers, client: 'openai-chat' }, list)
        expect(claude.json).toMatchObject({
          data: [{ type: 'model', id: 'model-a' }],
          first_id: 'model-a',
          has_more: false,
        })
        const google = await ask('gemini', { path: '/v1beta/models', client: 'openai-chat' }, list)
        expect(google.json).toMatchObject({ models: [{ name: 'models/model-a' }] })
        const openai = await ask('openai-chat', { path: '/v1/models' }, list)
        expect(openai.json).toMatchObject({ object: 'list', data: [{ id: 'model-a', object: 'model' }] })
      },
    },
    {
      id: 'E279',
      title: 'Paths that clients make up: a query, a slash at the end, Azure deployments, another method',
      decision: 'carried',
      outcome:
        'Queries and slashes at the end change nothing; Azure paths are served, the model is that of the body, else of the path; another method is a 405.',
      prove: async () => {
        const body = { model: 'm', messages: [HI] }
        const paths = [
          '/v1/chat/completions?beta=true',
          '/v1/chat/completions/',
          '/openai/deployments/d/chat/completions?api-version=2024-10-21',
        ]
        for (const path of paths) {
          const { status, sent } = await ask('openai-chat', { path, body }, COMPLETION)
          expect([status, sent[0]?.json()]).toMatchObject([200, { model: 'm' }])
        }
        const unnamed = { path: paths[2] ?? '', body: { messages: [{ role: 'user', content: 'x'.repeat(20_000) }] } }
        const put = await ask('openai-chat', unnamed, COMPLETION)
        expect([put.status, put.sent[0]?.json()]).toMatchObject([200, { model: 'd' }])
        const azure = { client: 'azure-openai', path: paths[2] ?? '', body }
        const { sent } = await ask('openai-chat', azure, COMPLETION)
        expect(sent[0]?.url).toBe('/base/openai/deployments/m/chat/completions?api-version=2024-10-21')
        expect((await ask('openai-chat', { path: '/v1/chat/completions' })).status).toBe(405)
      },
    },
    {
      id: 'E280',
      title: 'The name of the model in an answer',
      decision: 'carried',
      outcome: 'After a conversion it is the one that the client asked for, whatever the provider calls its own.',
      prove: async () => {
        expect(carryReply('openai-chat', 'anthropic-messages', COMPLETION.json).body.model).toBe('asked-model')
        const steps = '[[pipelines.main.processors]]\nuse = "models"\nrules = [{ match = "mine", model = "theirs" }]'
        const body = { model: 'mine', max_tokens: 9, messages: [HI] }
        const asking = { path: '/v1/messages', body, client: 'openai-chat', steps }
        const { json, sent } = await ask('anthropic-messages', asking, COMPLETION)
        expect([json, sent[0]?.json()]).toMatchObject([{ model: 'mine' }, { model: 'theirs' }])
      },
    },
    {
      id: 'E281',
      title: 'A model that nobody has heard of',
      decision: 'carried',
      outcome: 'It is taken for one of the newest: it thinks by effort or level, not by a budget.',
      prove: () => {
        const body = { model: 'm', messages: [HI], reasoning_effort: 'high' }
        const claude = carry('openai-chat', 'anthropic-messages', body, { model: 'claude-novella-9' })
        expect(claude.body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } })
        const google = carry('openai-chat', 'gemini', body, { model: 'gemini-9-flash' })
        expect(google.body).toMatchObject({
          generationConfig: { thinkingConfig: { thinkingLevel: expect.stringMatching(/high/i) } },
        })
      },
    },
    {
      id: 'E282',
      title: '`__proto__` and `constructor` as names of tools, arguments and properties',
      decision: 'carried',
      outcome: 'They are names like any other; no object of the gateway changes.',
      prove: () => {
        const args = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
        const tool = {
          type: 'function',
          function: { name: '__proto__', parameters: { type: 'object', properties: {} } },
        }
        const call = { id: 'call_1', type: 'function', function: { name: '__proto__', arguments: args } }
        const text = JSON.stringify({
          model: 'm',
          tools: [tool],
          messages: [
            HI,
            { role: 'assistant', content: null, tool_calls: [call] },
            { role: 'tool', tool_call_id: 'call_1', content: 'ok' },
          ],
        })
        for (const to of ['anthropic-messages', 'openai-responses', 'gemini'] as const) {
          const sent = carry('openai-chat', to, text).text
          expect(sent).toContain(to === 'openai-responses' ? JSON.stringify(args) : args)
        }
        expect(Object(Object.prototype).polluted).toBe(undefined)
      },
    },
    {
      id: 'E283',
      title: 'Bodies nested too deeply, or schemas that refer to themselves without end',
      decision: 'refused',
      outcome: 'Depth is a 400 before anything is made of the body; references are not followed for ever.',
      prove: async () => {
        const deep = `{"model":"m","messages":${'['.repeat(5000)}${']'.repeat(5000)}}`
        const { status, json } = await ask('openai-chat', { path: '/v1/chat/completions', body: deep })
        expect([status, json]).toMatchObject([
          400,
          { error: { code: 'malformed_json', message: expect.stringMatching(/nested/) } },
        ])
        const schema = {
          type: 'object',
          properties: { a: { $ref: '#/$defs/n' } },
          $defs: { n: { allOf: [{ $ref: '#/$defs/n' }] } },
        }
        const tools = [{ type: 'function', function: { name: 'f', parameters: schema } }]
        const { text } = carry('openai-chat', 'gemini', { model: 'm', messages: [HI], tools })
        expect(text.length).toBeLessThan(5000)
      },
    },
    {
      id: 'E284',
      title: 'A compressed body',
      decision: 'carried',
      outcome: 'gzip, deflate, br and zstd are undone, up to the limit of a body; the provider gets it as plain JSON.',
      prove: async () => {
        const plain = JSON.stringify({ model: 'm', messages: [HI] })
        const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }
        for (const [coding, compress] of Object.entries(codings)) {
          const headers = { 'content-type': 'application/json', 'content-encoding': coding }
          const path = '/v1/chat/completions'
          const { status, sent } = await ask('openai-chat', { path, body: compress(plain), headers }, COMPLETION)
          expect([status, sent[0]?.body.toString()]).toEqual([200, plain])
          expect(sent[0]?.headers).not.toHaveProperty('content-encoding')
        }
      },
    },
  ],
}

export default section
