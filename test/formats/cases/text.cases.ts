/** Texts: empty ones, several, and characters that are none. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, refusal } from './convert.ts'
import { chat, claude, responses } from './request-bodies.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const
const MARK = { cache_control: { type: 'ephemeral' } }

const section: CaseSection = {
  title: 'Text and empties',
  order: 20,
  cases: [
    {
      id: 'E23',
      title: 'Empty and blank text blocks, for Anthropic',
      decision: 'left out',
      outcome:
        'They are not sent, since they would be refused; of blank ones a loss tells, of empty ones nothing is lost.',
      prove: () => {
        const content = ['', 'x', '  '].map(text => ({ type: 'text', text }))
        const sent = carry(C, A, chat.body({ messages: [{ role: 'user', content }] }))
        expect(sent.body).toMatchObject({ messages: [{ content: [claude.text('x')] }] })
        expect(sent.lost).toEqual(['turns[0].parts[2] dropped'])
      },
    },
    {
      id: 'E24',
      title: 'A cache mark on a text that is not sent',
      decision: 'carried',
      outcome: 'It moves to the block before.',
      prove: () => {
        const messages = [claude.asked(claude.text('Long.'), claude.text(' ', MARK))]
        expect(carry(A, A, claude.body({ messages })).body.messages).toEqual([claude.asked(claude.text('Long.', MARK))])
        const system = [claude.text('Long.'), claude.text('', MARK)]
        expect(carry(A, A, claude.body({ system })).body.system).toEqual([claude.text('Long.', MARK)])
      },
    },
    {
      id: 'E25',
      title: 'An assistant that calls and says nothing',
      decision: 'carried',
      outcome: 'No text block for Anthropic; for Chat `content` is null, or empty where a server wants that.',
      prove: () => {
        for (const content of ['', null]) {
          const calls = { ...chat.calls(chat.call('c1')), content }
          const body = chat.body({ messages: [chat.hello, calls, chat.result('c1')], tools: [chat.tool('look')] })
          expect(carry(C, A, body).body).toMatchObject({ messages: [{}, { content: [claude.call('c1')] }, {}] })
        }
        const body = claude.loop([claude.call('c1')], [claude.result('c1')])
        for (const [dialect, content] of [
          ['openai', null],
          ['mistral', ''],
          ['ollama', ''],
        ] as const) {
          expect(carry(A, C, body, { dialect }).body).toMatchObject({ messages: [{}, { content }, {}] })
        }
      },
    },
    {
      id: 'E26',
      title: 'A user turn with nothing in it, or no turn at all',
      decision: 'refused',
      outcome:
        'A 400 names the turn, for Anthropic and Gemini, before any provider is asked; in Chat an empty text is legal.',
      prove: () => {
        const body = chat.body({
          messages: [chat.hello, { role: 'assistant', content: 'b' }, { role: 'user', content: '' }],
        })
        for (const to of [A, G] as const) {
          expect(refusal(() => carry(C, to, body))).toMatchObject({ status: 400, param: 'turns[2]' })
        }
        for (const to of [A, G] as const) {
          expect(refusal(() => carry(C, to, chat.body({ messages: [] }))).message).toContain('nothing to answer')
        }
        expect(carry(A, C, claude.body({ messages: [claude.asked()] })).body).toMatchObject({
          messages: [{ content: '' }],
        })
      },
    },
    {
      id: 'E27',
      title: 'An assistant that says nothing at all',
      decision: 'left out',
      outcome:
        "Its turn goes, for it would be refused; Anthropic's loss says so, and turns around it stay what they are.",
      prove: () => {
        const body = chat.body({ messages: [chat.hello, { role: 'assistant', content: null }, chat.hello] })
        expect(carry(C, A, body)).toMatchObject({
          body: { messages: [{ role: 'user' }, { role: 'user' }] },
          lost: ['turns dropped'],
        })
        const empty = claude.body({ messages: [chat.hello, claude.said(), chat.hello] })
        expect(carry(A, C, empty).body.messages).toEqual([chat.hello, chat.hello])
        expect(carry(A, R, empty).body.input).toHaveLength(2)
      },
    },
    {
      id: 'E28',
      title: 'Several texts in one message',
      decision: 'carried',
      outcome:
        "The user's stay parts; the assistant's are joined with nothing between, for anything else would change the text.",
      prove: () => {
        const messages = [
          claude.asked(claude.text('x'), claude.text('y')),
          claude.said(claude.text('b'), claude.text('c')),
          chat.hello,
        ]
        expect(carry(A, C, claude.body({ messages })).body.messages).toEqual([
          { role: 'user', content: [claude.text('x'), claude.text('y')] },
          { role: 'assistant', content: 'bc' },
          chat.hello,
        ])
      },
    },
    {
      id: 'E29',
      title: 'Half a character (a lone surrogate)',
      decision: 'approximated',
      outcome: 'U+FFFD stands in its place, since providers refuse it, and a loss says so.',
      prove: () => {
        const body = '{"model":"m","messages":[{"role":"user","content":"x\\ud83d"}]}'
        for (const to of [A, R, G] as const) {
          const sent = carry(C, to, body)
          expect(sent.text).toContain('x\ufffd')
          expect(sent.lost).toEqual(['turns[0].parts[0] approximated'])
        }
        expect(carry(A, C, body.replace('"m",', '"m","max_tokens":9,')).lost).toEqual([
          'turns[0].parts[0] approximated',
        ])
      },
    },
    {
      id: 'E30',
      title: 'NUL characters and very long texts',
      decision: 'passed on',
      outcome: 'Nothing is taken out of a text.',
      prove: () => {
        const text = `a\u0000b${'é'.repeat(300_000)}`
        for (const to of [A, R, G] as const) {
          expect(carry(C, to, chat.body({ messages: [{ role: 'user', content: text }] })).text).toContain(
            JSON.stringify(text),
          )
        }
      },
    },
    {
      id: 'E31',
      title: "OpenAI's cache breakpoints, for Claude",
      decision: 'carried',
      outcome:
        'They are cache marks; where Anthropic does not know the time to live, the nearest one is told as a loss.',
      prove: () => {
        const marked = (ttl?: string) => ({ prompt_cache_breakpoint: { mode: 'explicit', ...(ttl && { ttl }) } })
        const asked = (ttl?: string) =>
          chat.body({ messages: [{ role: 'user', content: [claude.text('Long.', marked(ttl))] }] })
        const block = (control: object) => ({ messages: [{ content: [{ cache_control: control }] }] })
        expect(carry(C, A, asked())).toMatchObject({ body: block({ type: 'ephemeral' }), lost: [] })
        expect(carry(C, A, asked('30m')).lost).toEqual(['turns[0].parts[0].cache.ttl approximated'])
        expect(carry(C, A, asked('12h'))).toMatchObject({
          body: block({ type: 'ephemeral', ttl: '1h' }),
          lost: ['turns[0].parts[0].cache.ttl approximated'],
        })
        const input = [{ role: 'user', content: [{ type: 'input_text', text: 'Long.', ...marked() }] }]
        expect(carry(R, A, responses.body({ input }))).toMatchObject({ body: block({ type: 'ephemeral' }), lost: [] })
      },
    },
  ],
}

export default section
