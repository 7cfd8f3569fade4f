/** State that Google and OpenAI want back. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, carryReply, type Fields, sse, streamEvents } from './convert.ts'
import { responses } from './provider-frames.ts'
import { ask } from './through-gateway.ts'
import { assistantOf, CALL, toolLoop } from './tool-loop.ts'

const SIGNATURE = Buffer.from('signature of google').toString('base64')
const KEY = Buffer.alloc(32, 7)
const SIGNED_CALL = { ...CALL, extra_content: { google: { thought_signature: SIGNATURE } } }

function modelParts({ body }: { readonly body: Fields }): unknown {
  return (body.contents as readonly Fields[])[1]?.parts
}

const section: CaseSection = {
  title: "Reasoning state: Google's and OpenAI's",
  order: 51,
  cases: [
    {
      id: 'E96',
      title: "Gemini's signature, which is base64 text already",
      decision: 'carried',
      outcome: 'It goes through a Chat client and back letter by letter, never encoded twice.',
      prove: () => {
        const call = { functionCall: { name: 'look', args: {} }, thoughtSignature: SIGNATURE }
        const candidates = [{ content: { role: 'model', parts: [call] }, finishReason: 'STOP', index: 0 }]
        const { body } = carryReply('gemini', 'openai-chat', { responseId: 'r', candidates })
        const [choice] = body.choices as readonly { readonly message: { readonly tool_calls: readonly Fields[] } }[]
        expect(choice?.message.tool_calls[0]).toMatchObject({ extra_content: SIGNED_CALL.extra_content })
        const back = carry('openai-chat', 'gemini', toolLoop(choice?.message.tool_calls ?? []))
        expect(modelParts(back)).toMatchObject([{ thoughtSignature: SIGNATURE }])
      },
    },
    {
      id: 'E97',
      title: "Google's endpoint for Chat Completions, with its signatures in `extra_content` of the calls",
      decision: 'carried',
      outcome: 'It gets them back where it gave them; other Chat servers are not sent the field, and a loss tells so.',
      prove: () => {
        const back = carry('openai-chat', 'openai-chat', toolLoop([SIGNED_CALL]), { dialect: 'gemini' })
        expect(assistantOf(back)).toMatchObject({ tool_calls: [SIGNED_CALL] })
        const elsewhere = carry('openai-chat', 'openai-chat', toolLoop([SIGNED_CALL]), { dialect: 'groq' })
        expect(JSON.stringify(elsewhere.body)).not.toContain(SIGNATURE)
        expect(elsewhere.lost).toContain('turns[1].parts[0].state dropped')
      },
    },
    {
      id: 'E98',
      title: 'A call without a signature goes on at a Gemini that wants one: history of another provider or model',
      decision: 'approximated',
      outcome: 'The first call of a turn carries Google\'s own word for "none"; Gemini before 3 gets nothing.',
      prove: () => {
        const calls = [CALL, { ...CALL, id: 'call_2' }]
        const parts = modelParts(carry('openai-chat', 'gemini', toolLoop(calls))) as readonly Fields[]
        expect(parts[0]).toMatchObject({ thoughtSignature: 'skip_thought_signature_validator' })
        expect(parts[1]).not.toHaveProperty('thoughtSignature')
        const old = carry('openai-chat', 'gemini', toolLoop(calls), { model: 'gemini-2.5-flash' })
        expect(JSON.stringify(old.body)).not.toContain('thoughtSignature')
      },
    },
    {
      id: 'E99',
      title: 'Encrypted reasoning that is cut short where its item begins, and whole where it ends',
      decision: 'carried',
      outcome: 'The value of the end counts.',
      prove: () => {
        const item = { type: 'reasoning', id: 'rs_1', summary: [] }
        const frames = [
          { type: 'response.output_item.added', output_index: 0, item: { ...item, encrypted_content: 'half' } },
          { type: 'response.output_item.done', output_index: 0, item: { ...item, encrypted_content: 'whole' } },
        ]
        const text = sse(responses.created, ...frames, responses.end('completed', []))
        const states = streamEvents('openai-responses', text).flatMap(event =>
          event.type === 'state' ? [event.state] : event.type === 'part-start' ? (event.part.state ?? []) : [],
        )
        expect(states.map(({ value }) => value)).toEqual(['whole'])
      },
    },
    {
      id: 'E100',
      title: 'OpenAI refuses encrypted reasoning of another organisation, with the code or with the words alone',
      decision: 'carried',
      outcome: 'With `strip-state` in the chain the call goes once more, without reasoning, and the reply says so.',
      prove: async () => {
        const message = 'The encrypted content for item rs_1 could not be verified.'
        const input = [
          { type: 'message', role: 'user', content: 'Hi' },
          { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAforeign' },
        ]
        const { status, headers, sent } = await ask(
          'openai-responses',
          {
            path: '/v1/responses',
            body: { model: 'gpt-5', store: false, input },
            steps: '[[pipelines.main.processors]]\nuse = "strip-state"',
          },
          { status: 400, json: { error: { message, type: 'invalid_request_error', code: null, param: null } } },
          { json: { id: 'resp_1', object: 'response', status: 'completed', model: 'gpt-5', output: [] } },
        )
        expect([status, headers['x-sluice-reasoning-state'], sent.length]).toEqual([200, 'stripped', 2])
        expect(sent[1]?.body.toString()).not.toContain('foreign')
      },
    },
    {
      id: 'E101',
      title: 'Reasoning that goes back to the Responses API from a client of another format',
      decision: 'carried',
      outcome:
        'As a whole item with its state and without an id, beside `store: false`, so that no item must follow it.',
      prove: () => {
        const reply = {
          id: 'resp_1',
          status: 'completed',
          model: 'gpt-5',
          output: [
            {
              type: 'reasoning',
              id: 'rs_1',
              summary: [{ type: 'summary_text', text: 'Hm' }],
              encrypted_content: 'gAAA',
            },
            { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Ok', annotations: [] }] },
          ],
        }
        const { body } = carryReply('openai-responses', 'anthropic-messages', reply, { stateKey: KEY })
        const messages = [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: body.content },
          { role: 'user', content: 'Go on' },
        ]
        const asked = { model: 'm', max_tokens: 100, messages }
        const back = carry('anthropic-messages', 'openai-responses', asked, { stateKey: KEY })
        expect(back.body).toMatchObject({ store: false })
        const items = back.body.input as readonly Fields[]
        expect(items.find(({ type }) => type === 'reasoning')).toEqual({
          type: 'reasoning',
          summary: [{ type: 'summary_text', text: 'Hm' }],
          encrypted_content: 'gAAA',
        })
      },
    },
    {
      id: 'E102',
      title: 'Thinking without state goes to the Responses API',
      decision: 'left out',
      outcome: 'An item with neither state nor id would be refused, so there is none, and a loss tells so.',
      prove: () => {
        const { body, lost } = carry('openai-chat', 'openai-responses', toolLoop([CALL], { reasoning_content: 'Hm' }))
        expect((body.input as readonly Fields[]).map(({ type }) => type)).not.toContain('reasoning')
        expect(lost).toEqual(['turns[1].parts[0] dropped'])
      },
    },
    {
      id: 'E103',
      title: 'An Anthropic client with thinking on, at the Responses API or at Gemini',
      decision: 'carried',
      outcome:
        'Encrypted reasoning and a summary are asked for, nothing is stored, and the client sees what is thought.',
      prove: () => {
        const thinking = { type: 'enabled', budget_tokens: 5000 }
        const asked = { model: 'm', max_tokens: 9000, thinking, messages: [{ role: 'user', content: 'Hi' }] }
        expect(carry('anthropic-messages', 'openai-responses', asked).body).toMatchObject({
          reasoning: { effort: 'medium', summary: 'auto' },
          include: ['reasoning.encrypted_content'],
          store: false,
        })
        expect(carry('anthropic-messages', 'gemini', asked).body).toMatchObject({
          generationConfig: { thinkingConfig: { includeThoughts: true } },
        })
        const silent = { ...asked, thinking: { ...thinking, display: 'omitted' } }
        expect(carry('anthropic-messages', 'openai-responses', silent).body.reasoning).toEqual({ effort: 'medium' })
      },
    },
    {
      id: 'E104',
      title: 'A reasoning item of several summaries, for an Anthropic client',
      decision: 'carried',
      outcome: 'One thinking block, the summaries apart by an empty line.',
      prove: () => {
        const summary = ['One.', 'Two.'].map(text => ({ type: 'summary_text', text }))
        const output = [{ type: 'reasoning', id: 'rs_1', summary, encrypted_content: 'gAAA' }]
        const reply = { id: 'resp_1', status: 'completed', model: 'gpt-5', output }
        const { body } = carryReply('openai-responses', 'anthropic-messages', reply, { stateKey: KEY })
        expect(body.content).toMatchObject([{ type: 'thinking', thinking: 'One.\n\nTwo.' }])
      },
    },
  ],
}

export default section
