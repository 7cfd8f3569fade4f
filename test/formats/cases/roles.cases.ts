/** Who says what, and where: roles, turns, system prompts. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, refusal } from './convert.ts'
import { chat, claude, responses } from './request-bodies.ts'

const [A, C, R, G] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const
const ask = (content: unknown) => ({ role: 'user', content })
const said = (content: unknown) => ({ role: 'assistant', content })
const system = (content: unknown) => ({ role: 'system', content })
const reminder = (text: string) => `<system-reminder>\n${text}\n</system-reminder>`

const section: CaseSection = {
  title: 'Roles, turns, system',
  order: 10,
  cases: [
    {
      id: 'E1',
      title: "A system message among Anthropic's messages",
      decision: 'carried',
      outcome: 'It is taken as what it is, and keeps its role and its place wherever the other format has one for it.',
      prove: () => {
        const body = claude.body({ messages: [ask('a'), said('b'), ask('c'), system('Be brief.')] })
        expect(carry(A, A, body, { model: 'claude-opus-5' }).body).toMatchObject({
          messages: [{}, {}, {}, { role: 'system' }],
        })
        expect(carry(A, C, body).body).toMatchObject({ messages: [{}, {}, {}, system('Be brief.')] })
        expect(carry(A, R, body).body).toMatchObject({ input: [{}, {}, {}, system('Be brief.')] })
      },
    },
    {
      id: 'E2',
      title: 'A system message where Claude takes none, or for a model that takes none inside',
      decision: 'approximated',
      outcome:
        "Its text stands at the same place in a user turn, marked as the operator's, so that the prefix stays; a loss says so.",
      prove: () => {
        const behindAssistant = carry(C, A, chat.body({ messages: [ask('a'), said('b'), system('S'), ask('c')] }), {
          model: 'claude-opus-5',
        })
        expect(behindAssistant.body).toMatchObject({
          messages: [{}, {}, { content: [{ text: reminder('S') }, { text: 'c' }] }],
        })
        expect(behindAssistant.lost).toEqual(['turns[2].role approximated'])
        const old = carry(C, A, chat.body({ messages: [ask('a'), system('S')] }), { model: 'claude-sonnet-4-5' })
        expect(old.body).not.toHaveProperty('system')
        expect(old.body).toMatchObject({ messages: [{ content: [{ text: 'a' }, { text: reminder('S') }] }] })
        const together = [ask('a'), system('S'), system('T'), said('b'), ask('c')]
        expect(carry(C, A, chat.body({ messages: together }), { model: 'claude-opus-5' }).lost).toEqual([])
        const effort = { role: 'system', content: [], output_config: { effort: 'low' } }
        const changed = carry(A, A, claude.body({ messages: [ask('a'), effort, ask('b')] }), { model: 'claude-opus-5' })
        expect(changed.body).toMatchObject({ messages: [{}, effort, {}] })
        expect(changed.headers['anthropic-beta']).toContain('per-turn-control')
      },
    },
    {
      id: 'E3',
      title: 'Claude Code tries again without system messages when these are refused',
      decision: 'not offered',
      outcome: 'There is nothing to retry: no format and no model makes Sluice refuse a system message inside.',
      prove: () => {
        const body = claude.body({ messages: [ask('a'), system('Be brief.'), said('b'), ask('c')] })
        for (const model of ['claude-opus-5', 'claude-sonnet-4-5'])
          expect(carry(A, A, body, { model }).text).toContain('Be brief.')
        for (const to of [C, R, G] as const) expect(carry(A, to, body).text).toContain('Be brief.')
        expect(carry(A, C, body, { dialect: 'vllm', model: 'qwen' }).text).toContain('Be brief.')
      },
    },
    {
      id: 'E4',
      title: 'The role `developer`, for servers that do not know it',
      decision: 'carried',
      outcome: 'It becomes `system` there; where `developer` is known it stays, and `system` stays `system`.',
      prove: () => {
        const body = responses.body({ input: [{ role: 'developer', content: 'D' }, responses.hello] })
        for (const dialect of ['deepseek', 'groq', 'vllm', 'mistral', 'unheard-of']) {
          expect(carry(R, C, body, { dialect }).body).toMatchObject({ messages: [system('D'), {}] })
        }
        expect(carry(R, C, body).body).toMatchObject({ messages: [{ role: 'developer' }, {}] })
        expect(carry(A, C, claude.body({ system: 'S' }), { model: 'gpt-5' }).body).toMatchObject({
          messages: [system('S'), {}],
        })
      },
    },
    {
      id: 'E5',
      title: 'Several system messages at the beginning',
      decision: 'carried',
      outcome: 'One block or part each; servers whose templates take one get them in one, with a blank line between.',
      prove: () => {
        const body = chat.body({ messages: [system('S'), system('T'), chat.hello] })
        expect(carry(C, A, body).body).toMatchObject({ system: [{ text: 'S' }, { text: 'T' }] })
        expect(carry(C, G, body).body).toMatchObject({ systemInstruction: { parts: [{ text: 'S' }, { text: 'T' }] } })
        expect(carry(C, C, body, { dialect: 'vllm' }).body).toMatchObject({ messages: [system('S\n\nT'), {}] })
      },
    },
    {
      id: 'E6',
      title: 'Blocks of a system prompt, with marks for the prompt cache',
      decision: 'carried',
      outcome: 'They stay blocks, each with its own mark.',
      prove: () => {
        const blocks = [claude.text('A'), claude.text('B', { cache_control: { type: 'ephemeral' } })]
        expect(carry(A, A, claude.body({ system: blocks })).body.system).toEqual(blocks)
        expect(carry(A, C, claude.body({ system: blocks }), { dialect: 'openrouter' }).body).toMatchObject({
          messages: [{ role: 'system', content: blocks }, {}],
        })
      },
    },
    {
      id: 'E7',
      title: "Claude Code's line for Anthropic's billing, another one with each call",
      decision: 'carried',
      outcome: 'Anthropic gets it; nobody else does, since it would keep every prompt cache from being hit.',
      prove: () => {
        const line = 'x-anthropic-billing-header: cch=1;'
        const body = claude.body({ system: [claude.text(line), claude.text('Help.')] })
        expect(carry(A, A, body).body).toMatchObject({ system: [{ text: line }, { text: 'Help.' }] })
        for (const to of [C, R, G] as const) {
          expect(carry(A, to, body).text).not.toContain('billing')
          expect(carry(A, to, body).lost).toEqual([])
        }
      },
    },
    {
      id: 'E8',
      title: '`instructions` beside an earlier response',
      decision: 'passed on',
      outcome: 'Sluice keeps no responses: each call brings its own instructions, and those alone go out.',
      prove: () => {
        const body = responses.body({ instructions: 'Be brief.', previous_response_id: 'resp_1' })
        expect(carry(R, R, body).body).toMatchObject({ instructions: 'Be brief.', previous_response_id: 'resp_1' })
        expect(carry(R, R, responses.body({ previous_response_id: 'resp_1' })).body).not.toHaveProperty('instructions')
      },
    },
    {
      id: 'E9',
      title: 'Two turns of one speaker in a row',
      decision: 'carried',
      outcome:
        'One message with a block each for Anthropic, one text for chat templates; OpenAI and Gemini get them apart.',
      prove: () => {
        const messages = [ask('a'), ask('b'), said('c'), said('d'), ask('e')]
        const merged = carry(C, A, chat.body({ messages })).body.messages
        expect(merged).toEqual([
          ask([claude.text('a'), claude.text('b')]),
          said([claude.text('c'), claude.text('d')]),
          ask([claude.text('e')]),
        ])
        expect(carry(C, R, chat.body({ messages })).body.input).toHaveLength(5)
        const template = carry(A, C, claude.body({ messages }), { dialect: 'vllm' })
        expect(template.body).toMatchObject({ messages: [ask('a\n\nb'), {}, {}, {}] })
        expect(carry(A, C, claude.body({ messages })).body.messages).toHaveLength(5)
        expect(carry(C, G, chat.body({ messages })).body).toMatchObject({
          contents: [{}, {}, { role: 'model', parts: [{ text: 'c' }, { text: 'd' }] }, {}],
        })
      },
    },
    {
      id: 'E10',
      title: 'The assistant speaks first',
      decision: 'approximated',
      outcome:
        'Gemini gets a user turn of one blank before it, and a loss says so; others get it as it is and judge it.',
      prove: () => {
        const body = chat.body({ messages: [said('b'), ask('a')] })
        const first = carry(C, G, body)
        expect(first.body).toMatchObject({
          contents: [{ role: 'user', parts: [{ text: ' ' }] }, { role: 'model' }, {}],
        })
        expect(first.lost).toEqual(['turns approximated'])
        expect(carry(C, A, body).body).toMatchObject({ messages: [{ role: 'assistant' }, {}] })
      },
    },
    {
      id: 'E11',
      title: 'Nothing but a system prompt',
      decision: 'approximated',
      outcome: "The last of it is asked as the user's, for Anthropic and Gemini, and a loss says so.",
      prove: () => {
        const body = chat.body({ messages: [system('S'), system('T')] })
        expect(carry(C, A, body)).toMatchObject({
          body: { system: [{ text: 'S' }], messages: [ask([claude.text('T')])] },
          lost: ['turns[1].parts[0] approximated'],
        })
        expect(carry(C, G, body)).toMatchObject({
          body: { systemInstruction: { parts: [{ text: 'S' }] }, contents: [{ role: 'user', parts: [{ text: 'T' }] }] },
          lost: ['turns[1] approximated'],
        })
      },
    },
    {
      id: 'E12',
      title: 'The conversation ends with the beginning of an answer',
      decision: 'refused',
      outcome:
        'Refused at once for Claude models that do not go on from it; for the others, white space at its end goes.',
      prove: () => {
        const body = claude.body({ messages: [ask('a'), said('Once upon \n')] })
        expect(refusal(() => carry(A, A, body, { model: 'claude-opus-5' }))).toMatchObject({
          status: 400,
          param: 'messages',
        })
        const old = carry(A, A, body, { model: 'claude-sonnet-4-5' })
        expect(old.body).toMatchObject({ messages: [{}, { content: [{ text: 'Once upon' }] }] })
        expect(old.lost).toEqual([])
      },
    },
  ],
}

export default section
