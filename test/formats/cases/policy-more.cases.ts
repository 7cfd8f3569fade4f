/** What becomes of a setting that the other format has not: accounts, state, caching, media, tools. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, refusal } from './convert.ts'
import { chat, claude, google, responses } from './request-bodies.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const

const section: CaseSection = {
  title: 'Policy: accounts, state, caching, media, tools',
  order: 1,
  cases: [
    {
      id: 'D0.14',
      title: 'Predicted output, verbosity, web search options, moderation',
      decision: 'left out',
      outcome: 'Verbosity goes to Responses; the rest is known to Chat alone, and losses say so.',
      prove: () => {
        const body = chat.body({
          prediction: { type: 'content', content: 'x' },
          verbosity: 'low',
          web_search_options: {},
        })
        expect(carry(C, R, body).body).toMatchObject({ text: { verbosity: 'low' } })
        expect(carry(C, R, body).lost.toSorted()).toEqual(['prediction dropped', 'web_search_options dropped'])
        for (const to of [A, G] as const) expect(carry(C, to, body).lost).toContain('verbosity dropped')
      },
    },
    {
      id: 'D0.15',
      title: 'Metadata of the caller',
      decision: 'left out',
      outcome: 'Chat and Responses have it in common; to Anthropic and Gemini it is a told loss.',
      prove: () => {
        const body = chat.body({ metadata: { run: '7' } })
        expect(carry(C, R, body).body).toMatchObject({ metadata: { run: '7' } })
        for (const to of [A, G] as const) expect(carry(C, to, body).lost).toEqual(['metadata dropped'])
      },
    },
    {
      id: 'D0.16',
      title: 'The end user (`user`, `safety_identifier`, `metadata.user_id`)',
      decision: 'carried',
      outcome:
        'Each API gets it under its own name, hashed where it is too long for OpenAI; Gemini has no place for it.',
      prove: () => {
        expect(carry(C, A, chat.body({ user: 'u1' }))).toMatchObject({
          body: { metadata: { user_id: 'u1' } },
          lost: [],
        })
        const asked = claude.body({ metadata: { user_id: 'u'.repeat(80) } })
        for (const to of [C, R] as const) {
          expect(String(carry(A, to, asked).body.safety_identifier).length).toBeLessThanOrEqual(64)
        }
        expect(carry(A, C, asked).text).toBe(carry(A, C, asked).text)
        expect(carry(A, C, claude.body({ metadata: { user_id: 'u1' } })).body).toMatchObject({
          safety_identifier: 'u1',
        })
        expect(carry(C, G, chat.body({ user: 'u1' })).lost).toEqual([])
      },
    },
    {
      id: 'D0.17',
      title: 'Service tiers and fast mode',
      decision: 'carried',
      outcome: 'They are translated where the other has such a tier, and a told loss where it has none.',
      prove: () => {
        expect(carry(A, C, claude.body({ service_tier: 'standard_only' })).body).toMatchObject({
          service_tier: 'default',
        })
        expect(carry(A, R, claude.body({ speed: 'fast' })).body).toMatchObject({ service_tier: 'fast' })
        const fast = carry(C, A, chat.body({ service_tier: 'fast' }), { model: 'claude-opus-5' })
        expect(fast.body).toMatchObject({ speed: 'fast' })
        expect(carry(C, G, chat.body({ service_tier: 'flex' })).body).toMatchObject({ serviceTier: 'flex' })
        expect(carry(C, A, chat.body({ service_tier: 'flex' })).lost).toEqual(['serviceTier dropped'])
        expect(carry(C, A, chat.body({ service_tier: 'priority' })).lost).toEqual(['serviceTier approximated'])
        expect(carry(A, G, claude.body({ speed: 'fast' })).lost).toEqual(['serviceTier dropped'])
      },
    },
    {
      id: 'D0.18',
      title: 'State that the provider keeps: earlier responses, conversations, background answers, `store`',
      decision: 'refused',
      outcome:
        'What other providers would have to remember, or answer later, is a 400 that names it; a wish to store is a told loss.',
      prove: () => {
        const asked = [{ previous_response_id: 'r1' }, { conversation: 'c1' }, { background: true }]
        for (const to of [A, C, G] as const) {
          for (const one of asked) {
            const { status, message } = refusal(() => carry(R, to, responses.body(one)))
            expect([status, message]).toEqual([400, expect.stringContaining(Object.keys(one)[0] ?? '')])
          }
        }
        for (const to of [A, G] as const) {
          expect(carry(R, to, responses.body({ store: true })).lost).toEqual(['state.store dropped'])
          expect(carry(R, to, responses.body({ store: false })).lost).toEqual([])
        }
      },
    },
    {
      id: 'D0.19',
      title: 'Marks for prompt caches, and caches by name',
      decision: 'carried',
      outcome:
        'Marks go where they are taken and mean nothing where caching is implicit; a prompt cached by name is refused elsewhere.',
      prove: () => {
        const body = claude.body({
          messages: [claude.asked(claude.text('Long.', { cache_control: { type: 'ephemeral' } }))],
        })
        const mark = { prompt_cache_breakpoint: { mode: 'explicit' } }
        expect(carry(A, C, body, { model: 'gpt-6-sol' }).body).toMatchObject({ messages: [{ content: [mark] }] })
        expect(carry(A, R, body, { model: 'gpt-6-sol' }).body).toMatchObject({ input: [{ content: [mark] }] })
        expect(carry(A, C, body, { dialect: 'openrouter' }).text).toContain('"cache_control"')
        expect(carry(A, G, body).lost).toEqual([])
        for (const to of [A, C, R] as const) {
          const { status, message } = refusal(() => carry(G, to, google.body({ cachedContent: 'cachedContents/1' })))
          expect([status, message]).toEqual([400, expect.stringContaining('"cachedContent"')])
        }
      },
    },
    {
      id: 'D0.20',
      title: 'Documents, search results and citations, for others than Claude',
      decision: 'approximated',
      outcome: 'Their text reaches the model, and losses say what it can no longer cite.',
      prove: () => {
        const source = { type: 'text', media_type: 'text/plain', data: 'The text.' }
        const found = { type: 'search_result', source: 's', title: 't', content: [claude.text('Found.')] }
        const body = claude.body({
          messages: [claude.asked({ type: 'document', source, citations: { enabled: true } }, found, claude.text('?'))],
        })
        for (const to of [C, R] as const) {
          const told = carry(A, to, body)
          expect(told.text).toContain('The text.')
          expect(told.text).toContain('Found.')
          expect(told.lost).toEqual(
            expect.arrayContaining(['turns[0].parts[0].citationsEnabled dropped', 'turns[0].parts[1] approximated']),
          )
        }
        expect(carry(A, G, body).lost).toContain('turns[0].parts[1] approximated')
      },
    },
    {
      id: 'D0.21',
      title: 'Answers in sound or images',
      decision: 'refused',
      outcome: 'Chat and Gemini are asked for them; to Anthropic and Responses it is a 400, since they answer in text.',
      prove: () => {
        const body = chat.body({ modalities: ['text', 'audio'] })
        for (const to of [A, R] as const) {
          expect(refusal(() => carry(C, to, body))).toMatchObject({ status: 400, param: 'modalities' })
        }
        expect(carry(C, G, body).body).toMatchObject({ generationConfig: { responseModalities: ['TEXT', 'AUDIO'] } })
        expect(carry(C, A, chat.body({ modalities: ['text'] })).lost).toEqual([])
      },
    },
    {
      id: 'D0.22',
      title: 'Safety settings of Gemini',
      decision: 'left out',
      outcome: 'Nobody else has such a setting; a loss says so.',
      prove: () => {
        const body = google.body({
          safetySettings: [{ category: 'HARM_CATEGORY_HATE_SPEECH', threshold: 'BLOCK_NONE' }],
        })
        for (const to of [A, C, R] as const) expect(carry(G, to, body).lost).toEqual(['safetySettings dropped'])
      },
    },
    {
      id: 'D0.23',
      title: 'Tools that a provider runs, where the other has none like it',
      decision: 'refused',
      outcome: "A 400 names the tool, for the model may rely on it; a web search becomes the other provider's.",
      prove: () => {
        const code = claude.body({ tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] })
        for (const to of [C, R, G] as const) {
          expect(refusal(() => carry(A, to, code))).toMatchObject({
            status: 400,
            code: 'unsupported_by_target',
            param: 'tools[0]',
            message: expect.stringContaining('code_execution_20250825'),
          })
        }
        const search = claude.body({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] })
        expect(carry(A, R, search).body).toMatchObject({ tools: [{ type: 'web_search' }] })
        expect(carry(A, G, search)).toMatchObject({
          body: { tools: [{ googleSearch: {} }] },
          lost: ['tools[0] approximated'],
        })
      },
    },
    {
      id: 'D0.24',
      title: 'Instructions in the middle of the conversation',
      decision: 'approximated',
      outcome:
        'They stay where they are: as such where the model takes it, else as a marked text of the user, with a loss.',
      prove: () => {
        const messages = [chat.hello, { role: 'system', content: 'Be brief.' }]
        const body = chat.body({ messages: [chat.hello, { role: 'assistant', content: 'Yes?' }, ...messages] })
        expect(carry(C, A, body, { model: 'claude-opus-5' })).toMatchObject({
          body: { messages: [{}, {}, {}, { role: 'system' }] },
          lost: [],
        })
        expect(carry(C, R, body)).toMatchObject({ body: { input: [{}, {}, {}, { role: 'system' }] }, lost: [] })
        const marked = '<system-reminder>\nBe brief.\n</system-reminder>'
        expect(carry(C, G, body)).toMatchObject({
          body: { contents: [{}, {}, {}, { role: 'user', parts: [{ text: marked }] }] },
          lost: ['turns[3] approximated'],
        })
      },
    },
    {
      id: 'D0.25',
      title: 'A conversation that ends with what the assistant said',
      decision: 'refused',
      outcome:
        "Claude models that do not go on from it are not asked: a 400 in Anthropic's words; elsewhere it is sent, with a loss where it is not continued.",
      prove: () => {
        const messages = [chat.hello, { role: 'assistant', content: 'Once' }]
        expect(refusal(() => carry(C, A, chat.body({ messages }), { model: 'claude-opus-5' }))).toMatchObject({
          status: 400,
          message: expect.stringContaining('does not support assistant message prefill'),
        })
        expect(carry(C, A, chat.body({ messages }), { model: 'claude-sonnet-4-5' }).lost).toEqual([])
        expect(carry(A, C, claude.body({ messages })).lost).toEqual(['turns[1] approximated'])
        expect(carry(A, R, claude.body({ messages })).lost).toEqual(['turns[1] approximated'])
        const mistral = carry(A, C, claude.body({ messages }), { dialect: 'mistral' })
        expect(mistral.body).toMatchObject({ messages: [{}, { content: 'Once', prefix: true }] })
        expect(mistral.lost).toEqual([])
      },
    },
    {
      id: 'D0.26',
      title: 'Fields that nobody knows',
      decision: 'left out',
      outcome: 'The same format gets them back as they came; for another one a loss names them.',
      prove: () => {
        const body = '{"model":"m","messages":[{"role":"user","content":"Hi"}],"frobnicate":{"n":1.0}}'
        expect(carry(C, C, body).text).toContain('"frobnicate":{"n":1.0}')
        for (const to of [A, R, G] as const) expect(carry(C, to, body).lost).toEqual(['frobnicate dropped'])
      },
    },
  ],
}

export default section
