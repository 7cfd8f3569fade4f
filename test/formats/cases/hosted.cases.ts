/** Tools that providers run, and what they keep for later. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, type Fields, type FormatName, refusal } from './convert.ts'
import { ask } from './through-gateway.ts'

const HI = { role: 'user', content: 'Hi' }
const CLAUDE = { model: 'm', max_tokens: 20, messages: [HI] }
const RESPONSE = { model: 'm', input: 'Hi' }
const GOOGLE = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }
const TO_OTHERS = ['anthropic-messages', 'openai-chat', 'gemini'] as const

const section: CaseSection = {
  title: 'Hosted tools and what providers keep',
  order: 180,
  cases: [
    {
      id: 'E265',
      title: "Web search, asked for as a provider's own tool",
      decision: 'carried',
      outcome:
        'Anthropic, Responses and Gemini search for each other, with domains and place where both have them; Chat Completions refuses it.',
      prove: () => {
        const place = { type: 'approximate', city: 'Berlin' }
        const theirs = { type: 'web_search', filters: { allowed_domains: ['a.example'] }, user_location: place }
        const search = {
          type: 'web_search_20250305',
          name: 'web_search',
          allowed_domains: ['a.example'],
          user_location: place,
        }
        expect(carry('openai-responses', 'anthropic-messages', { ...RESPONSE, tools: [theirs] }).body.tools).toEqual([
          search,
        ])
        expect(carry('anthropic-messages', 'openai-responses', { ...CLAUDE, tools: [search] }).body.tools).toEqual([
          theirs,
        ])
        const googled = carry('anthropic-messages', 'gemini', { ...CLAUDE, tools: [search] })
        expect([googled.body.tools, googled.lost]).toEqual([[{ googleSearch: {} }], ['tools[0] approximated']])
        expect(refused('anthropic-messages', 'openai-chat', { ...CLAUDE, tools: [search] })).toBe('tools[0]')
        const blocked = {
          ...CLAUDE,
          tools: [{ ...search, allowed_domains: undefined, blocked_domains: ['b.example'] }],
        }
        expect(refused('anthropic-messages', 'openai-responses', blocked)).toBe('tools[0].blocked_domains')
      },
    },
    {
      id: 'E266',
      title: 'A search of an earlier turn, in the history for another provider',
      decision: 'left out',
      outcome: 'Call and result go together, the text stays, and losses name both.',
      prove: () => {
        const content = [
          { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
          { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
          { type: 'text', text: 'Found it.' },
        ]
        const body = { ...CLAUDE, messages: [HI, { role: 'assistant', content }, HI] }
        for (const to of ['openai-chat', 'openai-responses', 'gemini'] as const) {
          const { text, lost } = carry('anthropic-messages', to, body)
          expect([text.includes('Found it.'), /srvtoolu|tool_call|functionCall/.test(text)]).toEqual([true, false])
          expect(lost).toEqual(expect.arrayContaining(['turns[1].parts[0] dropped', 'turns[1].parts[1] dropped']))
        }
      },
    },
    {
      id: 'E267',
      title: 'MCP servers that the provider is to call',
      decision: 'refused',
      outcome: 'No provider calls the servers of another format; the refusal does not repeat the token.',
      prove: () => {
        const servers = [{ type: 'url', url: 'https://mcp.example/', name: 'x', authorization_token: 'secret-token' }]
        for (const to of ['openai-chat', 'openai-responses', 'gemini'] as const) {
          const { status, message } = refusal(() =>
            carry('anthropic-messages', to, { ...CLAUDE, mcp_servers: servers }),
          )
          expect([status, message.includes('mcp_servers'), message.includes('secret-token')]).toEqual([
            400,
            true,
            false,
          ])
        }
        const mcp = {
          type: 'mcp',
          server_label: 'x',
          server_url: 'https://mcp.example/',
          authorization: 'secret-token',
        }
        for (const to of TO_OTHERS) {
          const { param, message } = refusal(() => carry('openai-responses', to, { ...RESPONSE, tools: [mcp] }))
          expect([param, message.includes('secret-token')]).toEqual(['tools[0]', false])
        }
      },
    },
    {
      id: 'E268',
      title: '`previous_response_id` for a provider that keeps no responses',
      decision: 'refused',
      outcome:
        'The refusal names the field: Sluice keeps no conversations either. To a Responses provider it goes unchanged.',
      prove: () => {
        const body = { ...RESPONSE, previous_response_id: 'resp_0' }
        for (const to of TO_OTHERS)
          expect(refused('openai-responses', to, body)).toMatch(/previous_?response_?id|previousId/i)
        expect(carry('openai-responses', 'openai-responses', body).body).toMatchObject({
          previous_response_id: 'resp_0',
        })
      },
    },
    {
      id: 'E269',
      title: '`store: true` for a provider that keeps nothing',
      decision: 'left out',
      outcome:
        'A loss tells so, and the response says `store: false` (E213). Without the field there is nothing to lose.',
      prove: () => {
        for (const to of ['anthropic-messages', 'gemini'] as const) {
          expect(carry('openai-responses', to, { ...RESPONSE, store: true }).lost).toContain('state.store dropped')
          expect(carry('openai-responses', to, RESPONSE).lost).toEqual([])
        }
      },
    },
    {
      id: 'E270',
      title: 'References to what OpenAI keeps: items, conversations, prompts; an answer in the background',
      decision: 'refused',
      outcome: 'The refusal names the field, or the item; `background: false` says what everybody does.',
      prove: () => {
        const bodies: readonly Fields[] = [
          { model: 'm', input: [{ type: 'item_reference', id: 'msg_0' }, HI] },
          { ...RESPONSE, conversation: 'conv_1' },
          { ...RESPONSE, prompt: { id: 'pmpt_1' } },
          { ...RESPONSE, background: true },
        ]
        for (const to of TO_OTHERS) {
          for (const body of bodies) expect(refused('openai-responses', to, body)).not.toBe('')
          expect(carry('openai-responses', to, { ...RESPONSE, background: false }).lost).toEqual([])
        }
      },
    },
    {
      id: 'E271',
      title: 'A conversation that its provider has compacted',
      decision: 'approximated',
      outcome:
        "Anthropic's readable summary goes on as text; what is sealed is refused by everybody but the one who sealed it.",
      prove: () => {
        const history = (content: string | null): Fields => {
          return { ...CLAUDE, messages: [{ role: 'assistant', content: [{ type: 'compaction', content }] }, HI] }
        }
        for (const to of ['openai-chat', 'openai-responses', 'gemini'] as const) {
          const { text, lost } = carry('anthropic-messages', to, history('So far: nothing.'))
          expect([text.includes('So far: nothing.'), lost.includes('turns[0].parts[0] approximated')]).toEqual([
            true,
            true,
          ])
          expect(refused('anthropic-messages', to, history(null))).toBe('turns[0].parts[0]')
        }
        const sealed = { model: 'm', input: [{ type: 'compaction', id: 'cmp_1', encrypted_content: 'e' }, HI] }
        for (const to of TO_OTHERS) expect(refused('openai-responses', to, sealed)).toBe('turns[0].parts[0]')
      },
    },
    {
      id: 'E272',
      title: 'Containers and files that a provider keeps',
      decision: 'refused',
      outcome: 'The refusal names the field, or the part with the file.',
      prove: () => {
        const image = { role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'file_1' } }] }
        const upload = { role: 'user', content: [{ type: 'container_upload', file_id: 'file_1' }] }
        const google = {
          fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/a', mimeType: 'image/png' },
        }
        for (const to of ['openai-chat', 'openai-responses', 'gemini'] as const) {
          expect(refused('anthropic-messages', to, { ...CLAUDE, container: 'container_1' })).toBe('container')
          expect(refused('anthropic-messages', to, { ...CLAUDE, messages: [image] })).toMatch(/^turns\[0\]\.parts\[0\]/)
          expect(refused('anthropic-messages', to, { ...CLAUDE, messages: [upload] })).toBe('turns[0].parts[0]')
        }
        for (const to of ['anthropic-messages', 'openai-chat', 'openai-responses'] as const) {
          const body = { contents: [{ role: 'user', parts: [google] }] }
          expect(refused('gemini', to, body)).toMatch(/^turns\[0\]\.parts\[0\]/)
          expect(refused('gemini', to, { ...GOOGLE, continuationToken: 'dG9r' })).toBe('continuationToken')
        }
      },
    },
    {
      id: 'E273',
      title: 'Reading, cancelling, deleting or compacting a response; WebSockets',
      decision: 'not offered',
      outcome: "These routes are not served: 404 in OpenAI's shape.",
      prove: async () => {
        const read = await ask('openai-responses', { path: '/v1/responses/resp_1' })
        const cancel = await ask('openai-responses', { path: '/v1/responses/resp_1/cancel', body: {} })
        const compact = await ask('openai-responses', { path: '/v1/responses/compact', body: RESPONSE })
        for (const { status, json } of [read, cancel, compact])
          expect([status, json]).toMatchObject([404, { error: { code: 'route_not_found' } }])
        const headers = { connection: 'upgrade', upgrade: 'websocket' }
        expect((await ask('openai-responses', { path: '/v1/responses', headers })).status).toBe(405)
      },
    },
    {
      id: 'E274',
      title: "Going on with a thread of Anthropic's, whose turns are not in the call",
      decision: 'refused',
      outcome: 'For every provider of another format: the refusal names `thread`.',
      prove: () => {
        const body = { ...CLAUDE, thread: { type: 'continue', message_id: 'msg_1' } }
        for (const to of ['openai-chat', 'openai-responses', 'gemini'] as const)
          expect(refused('anthropic-messages', to, body)).toBe('thread')
      },
    },
  ],
}

export default section

/** The field that a refusal names; `''` where it names none. */
function refused(from: FormatName, to: FormatName, body: unknown): string {
  const { status, param = '' } = refusal(() => carry(from, to, body))
  expect(status).toBe(400)
  return param
}
