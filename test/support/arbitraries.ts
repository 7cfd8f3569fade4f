/** Values of the canonical view, as anybody might send them, for property tests. */
import fc from 'fast-check'
import type { Conversation, OpaqueState, Part, Turn } from '../../src/formats/conversation.ts'
import type { Completion, FinishReason, ReplyEvent, Usage } from '../../src/formats/reply-events.ts'

/** Strings that have broken encoders: quotes, line ends, markup, pairs, keys of `Object.prototype`, stream syntax. */
const HOSTILE = [
  '"',
  '\\',
  '\n',
  '\r\n',
  '\u2028',
  '\u0000',
  '🙂',
  'é',
  '__proto__',
  'constructor',
  '</script>',
  'data: [DONE]\n\n',
  'event: error\ndata: {}\n\n',
  '{"type":"message_stop"}',
  '%7B',
]

/** Well-formed text, sometimes hostile, sometimes empty. */
export function hostileText(): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 8 }))
  return fc.array(piece, { maxLength: 5 }).map(pieces => pieces.join('').toWellFormed())
}

/** Text with at least one letter in it. */
export function spokenText(): fc.Arbitrary<string> {
  return fc.tuple(hostileText(), hostileText()).map(([before, after]) => `${before}a${after}`)
}

/** JSON text of an object, with numbers and keys that parsing and writing again would change. */
export function objectText(): fc.Arbitrary<string> {
  const value = fc.oneof(
    fc.constantFrom('1.0', '9007199254740993', '-0', '1e400', 'null', 'true', '{"b":{"__proto__":1}}', '[ ]'),
    hostileText().map(text => JSON.stringify(text)),
  )
  const key = fc.oneof(fc.constantFrom('10', '2', '__proto__', 'a'), hostileText())
  return fc
    .uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 4 })
    .map(members => `{${members.map(([name, text]) => `${JSON.stringify(name)}: ${text}`).join(',')}}`)
}

export function toolName(): fc.Arbitrary<string> {
  return fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_-]{0,20}$/)
}

/** Ids of any provider's making. */
export function callId(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.stringMatching(/^[a-zA-Z0-9_-]{1,24}$/),
    fc.constantFrom('functions.Bash:0', 'call_x|fc_y', ''),
    hostileText(),
  )
}

export function toolCall(): fc.Arbitrary<Extract<Part, { type: 'tool-call' }>> {
  return fc.record({
    type: fc.constant('tool-call' as const),
    callId: callId(),
    name: toolName(),
    kind: fc.constant('function' as const),
    arguments: objectText(),
  })
}

/** Thinking with state of one scheme. */
export function reasoning(scheme: OpaqueState['scheme']): fc.Arbitrary<Extract<Part, { type: 'reasoning' }>> {
  return fc.record({
    type: fc.constant('reasoning' as const),
    visibility: fc.constant('summary' as const),
    chunks: fc.oneof(
      fc.constant([]),
      spokenText().map(text => [text]),
    ),
    state: fc.stringMatching(/^[a-zA-Z0-9+/]{1,40}={0,2}$/).map(value => [{ scheme, value }]),
  })
}

/** Parts of an answer that any format can say, and reasoning of one issuer. */
export function answerParts(scheme: OpaqueState['scheme']): fc.Arbitrary<readonly Part[]> {
  const text = spokenText().map((value): Part => ({ type: 'text', text: value }))
  return fc.array(fc.oneof<fc.Arbitrary<Part>[]>(text, toolCall(), reasoning(scheme)), { maxLength: 6 })
}

export function usage(): fc.Arbitrary<Usage> {
  return fc.tuple(fc.nat(1e6), fc.nat(1e6), fc.nat(1e6), fc.nat(1e6), fc.nat(1e6)).map(
    ([fresh, cacheRead, cacheWrite, said, reasoningTokens]): Usage => ({
      input: fresh + cacheRead + cacheWrite,
      output: said + reasoningTokens,
      cacheRead,
      cacheWrite,
      reasoning: reasoningTokens,
    }),
  )
}

export function completion(scheme: OpaqueState['scheme']): fc.Arbitrary<Completion> {
  return fc.record({ parts: answerParts(scheme), usage: usage(), id: toolName(), model: spokenText() }).map(
    ({ parts, ...rest }): Completion => ({
      ...rest,
      candidates: [{ index: 0, parts, finish: { type: 'finish', candidate: 0, reason: finishOf(parts) } }],
      raw: [],
    }),
  )
}

function finishOf(parts: readonly Part[]): FinishReason {
  return parts.some(part => part.type === 'tool-call') ? 'tool-calls' : 'stop'
}

/** A conversation that every format can hold: calls are answered, user turns say something. */
export function simpleConversation(): fc.Arbitrary<Conversation> {
  const text = spokenText().map((value): Part => ({ type: 'text', text: value }))
  const said = fc.array(text, { minLength: 1, maxLength: 3 })
  const round = fc.tuple(said, fc.option(fc.tuple(toolCall(), spokenText()), { nil: undefined })).map(roundOf)
  return fc
    .record({
      system: fc.option(said, { nil: undefined }),
      first: said,
      rounds: fc.array(round, { maxLength: 3 }),
      last: said,
    })
    .map(({ system, first, rounds, last }) => ({
      turns: [
        ...(system ? [{ role: 'system', parts: system } as const] : []),
        { role: 'user', parts: first },
        ...rounds.flatMap(turnsOf),
        { role: 'user', parts: last },
      ],
      tools: [...new Set(rounds.flatMap(({ call }) => (call ? [call.name] : [])))].map(
        name => ({ kind: 'function', name, schema: '{"type":"object","properties":{}}' }) as const,
      ),
      sampling: {},
    }))
}

interface Round {
  readonly said: readonly Part[]
  readonly call?: Extract<Part, { type: 'tool-call' }>
  readonly answer?: string
}

function roundOf([said, called]: [readonly Part[], [Extract<Part, { type: 'tool-call' }>, string] | undefined]): Round {
  return called === undefined ? { said } : { said, call: called[0], answer: called[1] }
}

function turnsOf({ said, call, answer }: Round): readonly Turn[] {
  if (call === undefined || answer === undefined) return [{ role: 'assistant', parts: said }, AGAIN]
  const result: Part = { type: 'tool-result', callId: call.callId, content: [{ type: 'text', text: answer }] }
  return [
    { role: 'assistant', parts: [...said, call] },
    { role: 'tool', parts: [result] },
    { role: 'assistant', parts: said },
    AGAIN,
  ]
}
const AGAIN: Turn = { role: 'user', parts: [{ type: 'text', text: 'again' }] }

/** Events in any order at all: what an encoder must survive. */
export function anyEvents(): fc.Arbitrary<readonly ReplyEvent[]> {
  const index = fc.nat(3)
  const candidate = fc.constantFrom(0, 0, 0, 1)
  const part = fc.oneof<fc.Arbitrary<Part>[]>(
    hostileText().map((text): Part => ({ type: 'text', text })),
    toolCall(),
    toolCall().map((call): Part => ({ ...call, arguments: '' })),
    reasoning('gemini.thought-signature'),
    fc.constant<Part>({ type: 'refusal', text: '' }),
    fc.constant<Part>({ type: 'media', kind: 'image', source: { base64: 'AA==' } }),
    fc.constant<Part>({ type: 'opaque', format: 'gemini', label: 'x', json: '{}' }),
  )
  return fc.array(
    fc.oneof<fc.Arbitrary<ReplyEvent>[]>(
      fc.record({ type: fc.constant('start'), id: hostileText(), model: hostileText() }),
      fc.record({ type: fc.constant('part-start'), index, candidate, part }),
      fc.record({ type: fc.constant('text-delta'), index, text: hostileText() }),
      fc.record({ type: fc.constant('arguments-delta'), index, text: hostileText() }),
      fc.record({ type: fc.constant('section-break'), index }),
      fc.record({ type: fc.constant('part-end'), index }),
      fc.record({ type: fc.constant('usage'), usage: usage() }),
      fc.record({
        type: fc.constant('finish'),
        candidate,
        reason: fc.constantFrom<FinishReason>('stop', 'length', 'other'),
      }),
      fc.constant<ReplyEvent>({ type: 'ping' }),
      fc.constant<ReplyEvent>({ type: 'raw', format: 'gemini', json: '{}' }),
    ),
    { maxLength: 24 },
  )
}
