/** Results of tools: where they stand, and which call they are of. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, refusal } from './convert.ts'
import { chat, claude, google } from './request-bodies.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const

const section: CaseSection = {
  title: 'Tool results: where they stand',
  order: 40,
  cases: [
    {
      id: 'E67',
      title: 'Text before the results, in the turn after the calls',
      decision: 'carried',
      outcome:
        'The results come first and keep their order, for Anthropic, Chat and Gemini, which refuse anything else.',
      prove: () => {
        const body = claude.loop([claude.call('t1')], [claude.text('So?'), claude.result('t1')])
        expect(carry(A, A, body).body).toMatchObject({
          messages: [{}, {}, { content: [{ type: 'tool_result' }, { type: 'text', text: 'So?' }] }],
        })
        expect(carry(A, C, body).body).toMatchObject({
          messages: [{}, {}, { role: 'tool' }, { role: 'user', content: 'So?' }],
        })
        expect(carry(A, G, body).body).toMatchObject({
          contents: [{}, {}, { parts: [{ functionResponse: {} }] }, { parts: [{ text: 'So?' }] }],
        })
      },
    },
    {
      id: 'E68',
      title: 'Results in messages of their own, several for one turn of calls',
      decision: 'carried',
      outcome:
        'One user message for Anthropic and one content for Gemini hold all of them, as many as there were calls.',
      prove: () => {
        const calls = chat.calls(chat.call('c1'), chat.call('c2'))
        const messages = [chat.hello, calls, chat.result('c1', '1'), chat.result('c2', '2')]
        const body = chat.body({ messages, tools: [chat.tool('look')] })
        expect(carry(C, A, body).body.messages).toHaveLength(3)
        expect(carry(C, A, body).body).toMatchObject({
          messages: [{}, {}, { role: 'user', content: [{ tool_use_id: 'c1' }, { tool_use_id: 'c2' }] }],
        })
        expect(carry(C, G, body).body.contents).toHaveLength(3)
        expect(carry(C, G, body).body).toMatchObject({
          contents: [{}, {}, { parts: [{ functionResponse: { id: 'c1' } }, { functionResponse: { id: 'c2' } }] }],
        })
      },
    },
    {
      id: 'E69',
      title: 'Results in another order than the calls',
      decision: 'carried',
      outcome: 'Gemini gets them in the order of the calls; the others pair them by id, so their order stays.',
      prove: () => {
        const calls = chat.calls(chat.call('c1'), chat.call('c2'))
        const messages = [chat.hello, calls, chat.result('c2', '2'), chat.result('c1', '1')]
        const body = chat.body({ messages, tools: [chat.tool('look')] })
        expect(carry(C, G, body).body).toMatchObject({
          contents: [{}, {}, { parts: [{ functionResponse: { id: 'c1' } }, { functionResponse: { id: 'c2' } }] }],
        })
        expect(carry(C, A, body).body).toMatchObject({
          messages: [{}, {}, { content: [{ tool_use_id: 'c2' }, { tool_use_id: 'c1' }] }],
        })
      },
    },
    {
      id: 'E70',
      title: 'The user speaks right after the results',
      decision: 'carried',
      outcome:
        'Anthropic gets it behind the results in their message; Mistral, which refuses that turn, in the last result, with a loss.',
      prove: () => {
        const messages = [
          chat.hello,
          chat.calls(chat.call('c1')),
          chat.result('c1'),
          { role: 'user', content: 'Next?' },
        ]
        const body = chat.body({ messages, tools: [chat.tool('look')] })
        expect(carry(C, A, body).body).toMatchObject({
          messages: [{}, {}, { content: [{ type: 'tool_result' }, { type: 'text', text: 'Next?' }] }],
        })
        const claudes = claude.loop([claude.call('t1')], [claude.result('t1'), claude.text('Next?')])
        expect(carry(A, C, claudes)).toMatchObject({ body: { messages: [{}, {}, {}, { content: 'Next?' }] }, lost: [] })
        const mistral = carry(A, C, claudes, { dialect: 'mistral' })
        expect(mistral.body.messages).toHaveLength(3)
        expect(mistral.body).toMatchObject({
          messages: [{}, {}, { role: 'tool', content: [{ text: 'ok' }, { text: 'Next?' }] }],
        })
        expect(mistral.lost).toEqual(['turns[3] approximated'])
      },
    },
    {
      id: 'E71',
      title: 'One of several calls was never answered',
      decision: 'refused',
      outcome:
        "For Anthropic and Gemini a 400 names its id, and no result is made up; OpenAI's APIs get it as it is and judge it.",
      prove: () => {
        const calls = chat.calls(chat.call('c1'), chat.call('c2'))
        const body = chat.body({
          messages: [chat.hello, calls, chat.result('c1'), chat.hello],
          tools: [chat.tool('look')],
        })
        for (const to of [A, G] as const) {
          const { status, message } = refusal(() => carry(C, to, body))
          expect(status).toBe(400)
          expect(message).toContain('c2')
          expect(message).not.toContain('c1')
        }
        expect(carry(C, R, body).text).not.toContain('interrupted')
      },
    },
    {
      id: 'E72',
      title: 'A result whose call is gone (a client shortened its history)',
      decision: 'approximated',
      outcome:
        "It is told as text of the user's, with a loss; for Gemini, which must know the function's name, it is a 400.",
      prove: () => {
        const body = chat.body({
          messages: [chat.hello, chat.result('gone', 'old'), chat.hello],
          tools: [chat.tool('look')],
        })
        for (const to of [A, R] as const) {
          const sent = carry(C, to, body)
          expect(sent.text).toContain('[result of gone]')
          expect(sent.text).toContain('"old"')
          expect(sent.text).not.toContain('tool_result')
          expect(sent.text).not.toContain('function_call_output')
          expect(sent.lost).toEqual(['turns[1].parts[0] approximated'])
        }
        const claudes = claude.body({ messages: [claude.asked(claude.result('gone', 'old'), claude.text('Go on.'))] })
        expect(carry(A, C, claudes)).toMatchObject({
          body: { messages: [{ role: 'user', content: [{ text: '[result of gone]' }, { text: 'old' }] }, {}] },
          lost: ['turns[0].parts[0] approximated'],
        })
        expect(refusal(() => carry(C, G, body))).toMatchObject({ status: 400, param: 'turns[1].parts[0]' })
      },
    },
    {
      id: 'E73',
      title: 'A call that failed (`is_error`)',
      decision: 'approximated',
      outcome:
        "OpenAI's APIs have no such mark: the text says so, with a loss. Gemini gets it as `error`, and says it back.",
      prove: () => {
        const failed = (content: unknown) =>
          claude.loop([claude.call('t1')], [claude.result('t1', content, { is_error: true })])
        expect(carry(A, C, failed('No disk.'))).toMatchObject({
          body: { messages: [{}, {}, { content: '{"error":"No disk."}' }] },
          lost: ['turns[2].parts[0].isError approximated'],
        })
        const two = [claude.text('a'), claude.text('b')]
        for (const to of [C, R] as const) {
          expect(carry(A, to, failed(two)).text).toContain('"Error:"')
          expect(carry(A, to, failed(two)).lost).toEqual(['turns[2].parts[0].isError approximated'])
        }
        expect(carry(A, G, failed('No disk.'))).toMatchObject({
          body: { contents: [{}, {}, { parts: [{ functionResponse: { response: { error: 'No disk.' } } }] }] },
          lost: [],
        })
        const googles = google.loop([google.call('look')], [google.result('look', { error: 'No disk.' })])
        expect(carry(G, A, googles).body).toMatchObject({
          messages: [{}, {}, { content: [{ is_error: true, content: [claude.text('No disk.')] }] }],
        })
      },
    },
    {
      id: 'E74',
      title: 'Images in results',
      decision: 'approximated',
      outcome:
        'Responses and Gemini 3 take them there; for Chat a user message behind the results holds them, with a loss.',
      prove: () => {
        const body = claude.loop([claude.call('t1')], [claude.result('t1', [claude.text('See:'), claude.image])])
        expect(carry(A, C, body)).toMatchObject({
          body: {
            messages: [
              {},
              {},
              { content: 'See:' },
              { role: 'user', content: [{ type: 'text' }, { type: 'image_url' }] },
            ],
          },
          lost: ['turns[2].parts approximated'],
        })
        expect(carry(A, R, body)).toMatchObject({
          body: { input: [{}, {}, { output: [{ type: 'input_text' }, { type: 'input_image' }] }] },
          lost: [],
        })
        expect(carry(A, G, body)).toMatchObject({
          body: { contents: [{}, {}, { parts: [{ functionResponse: { parts: [{ inlineData: {} }] } }] }] },
          lost: [],
        })
        expect(carry(A, C, body, { dialect: 'mistral' }).lost).toEqual([])
      },
    },
    {
      id: 'E75',
      title: 'Images in several results, for Gemini 2.5',
      decision: 'carried',
      outcome: 'They stand in a content of their own behind the results, so that these stay as many as the calls.',
      prove: () => {
        const answered = [claude.result('t1', [claude.text('See:'), claude.image]), claude.result('t2')]
        const body = claude.loop([claude.call('t1'), claude.call('t2')], answered)
        const { contents } = carry(A, G, body, { model: 'gemini-2.5-pro' }).body as { contents: { parts: object[] }[] }
        expect(contents.map(({ parts }) => parts.map(part => Object.keys(part)[0]))).toEqual([
          ['text'],
          ['functionCall', 'functionCall'],
          ['functionResponse', 'functionResponse'],
          ['inlineData'],
        ])
      },
    },
  ],
}

export default section
