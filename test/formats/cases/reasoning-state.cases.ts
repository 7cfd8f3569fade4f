/** Thinking that its provider signed: sent back whole, or not at all. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, carryReply, carryStream, type Fields, sse } from './convert.ts'
import * as provider from './provider-frames.ts'
import { chat, claude, google, responses } from './request-bodies.ts'
import { ask } from './through-gateway.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const
const KEY = Buffer.alloc(32, 1)
const STAND_IN = 'skip_thought_signature_validator'

/** A tool loop of Claude's whose assistant turn is made of these blocks; the last one is the call. */
function thought(...said: readonly Fields[]): Fields {
  return claude.loop([...said, claude.call('t1')], [claude.result('t1')], { thinking: { type: 'adaptive' } })
}

/** The assistant's turn, as Anthropic is sent it. */
function sentBack(body: Fields): unknown {
  const { messages } = carry(A, A, body, { model: 'claude-opus-5' }).body as { messages: Fields[] }
  return messages[1]?.content
}

/** A tool loop of a Chat client, whose thinking nobody signed. */
const UNSIGNED = chat.body({
  messages: [chat.hello, { ...chat.calls(chat.call('c1')), reasoning_content: 'Hmm.' }, chat.result('c1')],
  tools: [chat.tool('look')],
  reasoning_effort: 'high',
})

const section: CaseSection = {
  title: 'Reasoning state: signed thinking',
  order: 50,
  cases: [
    {
      id: 'E84',
      title: 'Thinking with a signature and no text',
      decision: 'carried',
      outcome: 'It is kept: the signature is what counts.',
      prove: () => {
        const block = claude.thinking('', 'c2ln')
        expect(sentBack(thought(block))).toEqual([block, claude.call('t1')])
        const frames = provider.claude.block(
          0,
          { type: 'thinking', thinking: '', signature: '' },
          { type: 'signature_delta', signature: 'c2ln' },
        )
        const stream = sse(
          provider.claude.start(),
          ...frames,
          ...provider.claude.text(1, 'Hi'),
          ...provider.claude.end('end_turn'),
        )
        expect(carryStream(A, A, stream).text).toContain('"signature":"c2ln"')
      },
    },
    {
      id: 'E85',
      title: 'Several thinking blocks between texts and calls',
      decision: 'carried',
      outcome: 'Each keeps its own signature and its place.',
      prove: () => {
        const blocks = [claude.thinking('one', 'c2lnMQ'), claude.text('x'), claude.thinking('two', 'c2lnMg')]
        expect(sentBack(thought(...blocks))).toEqual([...blocks, claude.call('t1')])
      },
    },
    {
      id: 'E86',
      title: 'Thinking that is redacted',
      decision: 'carried',
      outcome:
        'Anthropic gets it back as it was, also through clients of other formats; nobody else is sent it, with a loss.',
      prove: () => {
        const block = { type: 'redacted_thinking', data: 'cmVk' }
        expect(sentBack(thought(block))).toEqual([block, claude.call('t1')])
        for (const to of [C, R, G] as const) {
          expect(carry(A, to, thought(block)).text).not.toContain('cmVk')
          expect(carry(A, to, thought(block)).lost).toContain('turns[1].parts[0] dropped')
        }
        const reply = {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'c',
          stop_reason: 'tool_use',
          usage: {},
        }
        const told = carryReply(A, C, { ...reply, content: [block, claude.call('t1')] }, { stateKey: KEY }).body
        const [choice] = told.choices as { message: Fields }[]
        const messages = [chat.hello, choice?.message, chat.result('t1')]
        const again = carry(C, A, chat.body({ messages, tools: [chat.tool('look')] }), { stateKey: KEY })
        expect(again.body).toMatchObject({ messages: [{}, { content: [block, claude.call('t1')] }, {}] })
      },
    },
    {
      id: 'E87',
      title: 'Signatures for thinking that has none',
      decision: 'carried',
      outcome: 'None is ever made up, neither for a provider nor for a client.',
      prove: () => {
        expect(carry(C, A, UNSIGNED).text).not.toContain('signature')
        const { chunk, done } = provider.chat
        const told = carryStream(
          C,
          A,
          sse(chunk({ reasoning_content: 'Hmm.' }), chunk({ content: 'Hi' }), chunk({}, 'stop'), done),
        )
        expect(told.text).toContain('"thinking":"Hmm."')
        expect(told.text).not.toMatch(/"signature":"[^"]/)
      },
    },
    {
      id: 'E88',
      title: 'Thinking of others, or unsigned, for Claude',
      decision: 'left out',
      outcome:
        'It is not sent, with a loss; models that want thinking at the head of a tool loop go on without any, with another.',
      prove: () => {
        const today = carry(C, A, UNSIGNED, { model: 'claude-opus-5' })
        expect(today.body).toMatchObject({
          thinking: { type: 'adaptive' },
          messages: [{}, { content: [{ type: 'tool_use' }] }, {}],
        })
        expect(today.lost).toEqual(['turns[1].parts[0] dropped'])
        const old = carry(C, A, UNSIGNED, { model: 'claude-sonnet-4-5' })
        expect(old.body).toMatchObject({ thinking: { type: 'disabled' } })
        expect(old.lost).toEqual(['turns[1].parts[0] dropped', 'reasoning dropped'])
        const item = {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'Hmm.' }],
          encrypted_content: 'ZW5j',
        }
        const openai = carry(R, A, responses.loop(item, responses.call('c1'), responses.result('c1')))
        expect(openai.text).not.toContain('ZW5j')
        expect(openai.lost).toEqual(['turns[1].parts[0] dropped'])
      },
    },
    {
      id: 'E89',
      title: 'Anthropic refuses a signature that another account or platform issued',
      decision: 'carried',
      outcome:
        'Behind `strip-state` the call is sent once more without any thinking in its history; without it, the 400 is told.',
      prove: async () => {
        const message = 'messages.1.content.0: Invalid `signature` in `thinking` block'
        const refused = { status: 400, json: { type: 'error', error: { type: 'invalid_request_error', message } } }
        const answer = {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'c',
          content: [claude.text('Hi')],
          stop_reason: 'end_turn',
          usage: { input_tokens: 1, output_tokens: 1 },
        }
        const asking = { path: '/v1/messages', body: thought(claude.thinking('Hmm.', 'c2ln')) }
        const steps = '[[pipelines.main.processors]]\nuse = "strip-state"\n'
        const { status, sent, headers } = await ask(A, { ...asking, steps }, refused, { json: answer })
        expect(status).toBe(200)
        expect(headers['x-sluice-reasoning-state']).toBe('stripped')
        expect(sent.map(({ body }) => body.includes('c2ln'))).toEqual([true, false])
        const told = await ask(A, asking, refused)
        expect(told.status).toBe(400)
        expect(told.text).toContain('Invalid `signature`')
      },
    },
    {
      id: 'E90',
      title: 'What stands in a signed turn',
      decision: 'carried',
      outcome: 'Nothing is trimmed, merged or moved: blank space, order and arguments go back as they came.',
      prove: () => {
        const call = '{"type":"tool_use","id":"t1","name":"look","input":{"2":1.0,"1":"  "}}'
        const said = `{"type":"thinking","thinking":" a \\n","signature":"c2ln"},{"type":"text","text":" b "},${call}`
        const body = `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[${said}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1"}]}],"tools":[{"name":"look","input_schema":{"type":"object"}}]}`
        expect(carry(A, A, body, { model: 'claude-opus-5' }).text).toContain(`"content":[${said}]`)
      },
    },
    {
      id: 'E91',
      title: 'A cache mark on thinking',
      decision: 'carried',
      outcome: 'It moves to the block before, since Anthropic takes none on thinking.',
      prove: () => {
        const mark = { cache_control: { type: 'ephemeral' } }
        const block = claude.thinking('Hmm.', 'c2ln')
        const said = sentBack(thought(claude.text('x'), { ...block, ...mark }))
        expect(said).toEqual([claude.text('x', mark), block, claude.call('t1')])
      },
    },
    {
      id: 'E92',
      title: "Gemini's signature on the first of several calls",
      decision: 'carried',
      outcome: 'It goes back on that very part, and on no other.',
      prove: () => {
        const said = [google.call('look', { thoughtSignature: 'c2ln' }), google.call('find')]
        const body = google.loop(said, [google.result('look'), google.result('find')])
        expect(carry(G, G, body).body).toMatchObject({ contents: [{}, { parts: said }, {}] })
        expect(carry(G, G, body).text.match(/thoughtSignature/g)).toHaveLength(1)
        const candidates = [{ content: google.said(...said), finishReason: 'STOP', index: 0 }]
        expect(carryReply(G, G, { candidates }).text.match(/thoughtSignature/g)).toHaveLength(1)
      },
    },
    {
      id: 'E93',
      title: "Calls of others' in the history, for Gemini from 3 on",
      decision: 'carried',
      outcome: 'The first call of each turn carries the stand-in that Google documents; older models get none.',
      prove: () => {
        const messages = [
          chat.hello,
          chat.calls(chat.call('c1'), chat.call('c2')),
          chat.result('c1'),
          chat.result('c2'),
        ]
        const body = chat.body({ messages, tools: [chat.tool('look')] })
        const { contents } = carry(C, G, body, { model: 'gemini-3-flash' }).body as { contents: { parts: Fields[] }[] }
        expect(contents[1]?.parts.map(({ thoughtSignature }) => thoughtSignature)).toEqual([STAND_IN, undefined])
        expect(carry(C, G, body, { model: 'gemini-2.5-flash' }).text).not.toContain('thoughtSignature')
      },
    },
    {
      id: 'E94',
      title: "Gemini's signature at the end of an answer, on an empty text",
      decision: 'carried',
      outcome:
        "It is told and taken back as a part of its own; Chat and Anthropic clients carry it sealed, Responses' lose it, which is told.",
      prove: () => {
        const signed = { text: '', thoughtSignature: 'c2ln' }
        const body = google.body({ contents: [google.hello, google.said({ text: 'Hi.' }, signed), google.hello] })
        expect(carry(G, G, body).body).toMatchObject({ contents: [{}, { parts: [{ text: 'Hi.' }, signed] }, {}] })
        const stream = sse(
          { candidates: [{ content: google.said({ text: 'Hi.' }), index: 0 }] },
          { candidates: [{ content: google.said(signed), finishReason: 'STOP', index: 0 }] },
        )
        expect(carryStream(G, G, stream).text).toContain('"thoughtSignature":"c2ln"')
        for (const to of [A, C] as const) {
          const sealed = carryStream(G, to, stream, { stateKey: KEY })
          expect(sealed.text).toContain('gw1.')
          expect(sealed.lost).toEqual([])
        }
        expect(carryStream(G, R, stream, { stateKey: KEY }).lost).toEqual(['parts[1].state dropped'])
      },
    },
    {
      id: 'E95',
      title: "Gemini's signature on an image",
      decision: 'carried',
      outcome: 'It stays with the image; clients of other formats get the image without it, and a loss says so.',
      prove: () => {
        const image = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' }, thoughtSignature: 'c2ln' }
        const body = google.body({ contents: [google.hello, google.said(image), google.hello] })
        expect(carry(G, G, body).body).toMatchObject({ contents: [{}, { parts: [image] }, {}] })
        const reply = { candidates: [{ content: google.said(image), finishReason: 'STOP', index: 0 }] }
        expect(carryReply(G, G, reply).text).toContain('"thoughtSignature":"c2ln"')
        const told = carryReply(G, C, reply, { stateKey: KEY })
        expect(told.body).toMatchObject({ choices: [{ message: { images: [{ type: 'image_url' }] } }] })
        expect(told.lost).toEqual(['candidates[0].parts[0].state dropped'])
      },
    },
  ],
}

export default section
