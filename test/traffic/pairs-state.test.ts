/**
 * Reasoning state of each provider through clients of every other format: given to the client in a reply, sent back by
 * the client in its next request, and there again for the provider that issued it, on the part that it belongs to.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openState, sealState } from '../../src/formats/carrier.ts'
import { CompletionBuilder } from '../../src/formats/completion.ts'
import type { Conversation, OpaqueState, Part } from '../../src/formats/conversation.ts'
import type { Completion, ReplyEvent } from '../../src/formats/reply-events.ts'
import type { ReplyContext } from '../../src/formats/wire-format.ts'
import { parseDocument } from '../../src/json/document.ts'
import { encodeTargetFor } from '../support/encode-target.ts'
import { framesOf } from '../support/frames.ts'
import { KEY, orRefusal, replyContext, SIDES, type Side, streamedEvents } from './pairs-trip.ts'

const ISSUER = { provider: 'upstream', model: 'its-model' }
type Scheme = OpaqueState['scheme']

/** The format whose encoder may send state of a scheme to a provider. */
const HOMES: Readonly<Partial<Record<Scheme, string>>> = {
  'anthropic.signature': 'anthropic-messages',
  'anthropic.redacted': 'anthropic-messages',
  'openai.encrypted': 'openai-responses',
  'gemini.thought-signature': 'gemini',
  'openrouter.details': 'openai-chat',
}

function stateOf(scheme: Scheme, value = `secret of ${scheme}`): OpaqueState {
  return {
    scheme,
    value: scheme === 'openrouter.details' ? DETAILS : Buffer.from(value).toString('base64'),
    issuer: ISSUER,
  }
}
const DETAILS = '[{"type":"reasoning.encrypted","data":"s3cret","index":0}]'

const text = (value: string, state?: OpaqueState): Part => ({
  type: 'text',
  text: value,
  ...(state && { state: [state] }),
})
const thought = (value: string, state?: OpaqueState): Part => ({
  type: 'reasoning',
  visibility: value === '' ? 'hidden' : 'summary',
  chunks: value === '' ? [] : [value],
  ...(state && { state: [state] }),
})
const call = (name: string, state?: OpaqueState): Part => ({
  type: 'tool-call',
  callId: `call_${name}`,
  name,
  kind: 'function',
  arguments: '{}',
  ...(state && { state: [state] }),
})

/** What each provider's answers look like: what was thought, said and called, with its state where that belongs. */
const ANSWERS: readonly (readonly [name: string, scheme: Scheme, parts: readonly Part[]])[] = [
  ['signed thinking', 'anthropic.signature', [thought('Hmm.', stateOf('anthropic.signature')), call('look')]],
  [
    'signed thinking that is not shown',
    'anthropic.signature',
    [thought('', stateOf('anthropic.signature')), call('look')],
  ],
  ['redacted thinking', 'anthropic.redacted', [thought('', stateOf('anthropic.redacted')), text('Well.')]],
  [
    'two signed thoughts',
    'anthropic.signature',
    [
      thought('One.', stateOf('anthropic.signature', 'first')),
      thought('Two.', stateOf('anthropic.signature', 'second')),
      text('Well.'),
    ],
  ],
  ['an encrypted item', 'openai.encrypted', [thought('Hmm.', stateOf('openai.encrypted')), call('look')]],
  ['an encrypted item without a summary', 'openai.encrypted', [thought('', stateOf('openai.encrypted')), call('look')]],
  [
    'a signature on a call',
    'gemini.thought-signature',
    [call('look', stateOf('gemini.thought-signature')), call('see')],
  ],
  ['a signature on a text', 'gemini.thought-signature', [text('Well.', stateOf('gemini.thought-signature'))]],
  [
    'a signature after a text',
    'gemini.thought-signature',
    [text('Well.'), text('', stateOf('gemini.thought-signature'))],
  ],
  [
    'a thought and a signed call',
    'gemini.thought-signature',
    [thought('Hmm.'), call('look', stateOf('gemini.thought-signature'))],
  ],
  ['details', 'openrouter.details', [thought('Hmm.', stateOf('openrouter.details')), call('look')]],
]

function completed(parts: readonly Part[]): Completion {
  const reason = parts.some(part => part.type === 'tool-call') ? 'tool-calls' : 'stop'
  const finish = { type: 'finish', candidate: 0, reason } as const
  return { id: 'r1', model: 'm', candidates: [{ index: 0, parts, finish }], usage: { input: 1, output: 1 }, raw: [] }
}

/** Text in pieces, and the state behind it, as providers stream it. */
function inPieces(event: ReplyEvent): readonly ReplyEvent[] {
  if (event.type !== 'part-start') return [event]
  const { index, part } = event
  if (part.type === 'tool-call' || (part.type === 'text' && part.text === '')) return [event]
  const state = (part.state ?? []).map((each): ReplyEvent => ({ type: 'state', index, state: each }))
  const { state: _state, ...bare } = part
  const said = part.type === 'text' ? part.text : part.type === 'reasoning' ? part.chunks.join('') : ''
  const empty =
    part.type === 'text' ? { ...bare, text: '' } : part.type === 'reasoning' ? { ...bare, chunks: [] } : bare
  const deltas = [...said].map((piece): ReplyEvent => ({ type: 'text-delta', index, text: piece }))
  return [{ ...event, part: empty as Part }, ...deltas, ...state]
}

type Way = 'whole' | 'streamed'

function contextOf(side: Side, key: Buffer | undefined): ReplyContext {
  const { stateKey: _, ...context } = replyContext(side, '{}')
  return key ? { ...context, stateKey: key } : context
}

/** What a client of this format knows of a reply once it has it: the assistant's message, in its own format. */
function received(side: Side, parts: readonly Part[], way: Way, key: Buffer | undefined): Record<string, unknown> {
  const context = contextOf(side, key)
  const completion = completed(parts)
  if (way === 'whole') return JSON.parse(side.format.encodeReply(completion, context).body)
  const encoder = side.format.encodeStream(context)
  const stream = streamedEvents(completion)
    .flatMap(inPieces)
    .map(event => encoder.event(event))
    .join('')
  const checker = side.checkStream()
  for (const frame of framesOf(stream)) expect(checker.frame(frame)).toBeUndefined()
  // Gathered as SDKs gather it: by the decoder of the same format, whose whole encoder then writes native state only.
  const builder = new CompletionBuilder()
  const decoder = side.format.decodeStream()
  for (const frame of framesOf(stream)) for (const event of decoder.frame(frame)) builder.add(event)
  return JSON.parse(side.format.encodeReply(builder.completion(), context).body)
}

/** The next request of a client that sends back everything it was given. */
function nextRequest(side: Side, reply: Record<string, unknown>, calls: readonly string[]): unknown {
  const results = calls.map(name => ({ id: `call_${name}`, name }))
  switch (side.name) {
    case 'anthropic-messages': {
      const content = results.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'ok' }))
      const messages = [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: reply.content },
        { role: 'user', content: [...content, { type: 'text', text: 'Go on.' }] },
      ]
      return { model: 'm', max_tokens: 9, messages }
    }
    case 'openai-responses': {
      const outputs = results.map(({ id }) => ({ type: 'function_call_output', call_id: id, output: 'ok' }))
      const input = [{ role: 'user', content: 'Hi' }, ...(reply.output as unknown[]), ...outputs]
      return { model: 'm', input: [...input, { role: 'user', content: 'Go on.' }] }
    }
    case 'gemini': {
      const [candidate] = reply.candidates as { content: unknown }[]
      const answers = results.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: 'ok' } } }))
      const user = (parts: unknown[]) => ({ role: 'user', parts })
      return { contents: [user([{ text: 'Hi' }]), candidate?.content, user([...answers, { text: 'Go on.' }])] }
    }
    default: {
      const [choice] = reply.choices as { message: unknown }[]
      const tools = results.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'ok' }))
      const go = { role: 'user', content: 'Go on.' }
      return { model: 'm', messages: [{ role: 'user', content: 'Hi' }, choice?.message, ...tools, go] }
    }
  }
}

function decoded(side: Side, body: unknown, stateKey: Buffer | undefined): Conversation {
  const document = parseDocument(JSON.stringify(body))
  const input = { operation: 'generate', model: 'm', stream: false, document, headers: {} } as const
  return side.format.decodeRequest(stateKey ? { ...input, stateKey } : input)
}

function callsIn(parts: readonly Part[]): readonly string[] {
  return parts.flatMap(part => (part.type === 'tool-call' ? [part.name] : []))
}

/** Through the client and back. */
function returned(side: Side, parts: readonly Part[], way: Way, sealing?: Buffer, opening = sealing): Conversation {
  return decoded(side, nextRequest(side, received(side, parts, way, sealing), callsIn(parts)), opening)
}

function assistantParts({ turns }: Conversation): readonly Part[] {
  return turns.flatMap(turn => (turn.role === 'assistant' ? turn.parts : []))
}

/** State by what carries it. */
function statesOf(parts: readonly Part[]): unknown {
  return parts.flatMap(part =>
    (part.state ?? []).map(({ scheme, value }) => {
      const said = part.type === 'text' ? part.text : part.type === 'reasoning' ? part.chunks.join('') : ''
      return [part.type === 'tool-call' ? part.name : `${part.type} ${said}`, scheme, value]
    }),
  )
}

/**
 * Chat clients hold all text of a message in one piece, so state after it is state of it; Gemini sends a signature that
 * comes after its text on an empty one.
 */
function flattened(side: Side, states: unknown): unknown {
  return side.name === 'openai-chat' || side.name === 'gemini'
    ? JSON.parse(JSON.stringify(states).replaceAll('"text Well."', '"text "'))
    : states
}

const CLIENTS = SIDES.flatMap(side =>
  (['whole', 'streamed'] as const).map(way => ({ side, way, name: `${side.name}, ${way}` })),
)

describe.each(CLIENTS)('through a client of $name', ({ side, way }) => {
  test.each(ANSWERS)('%s comes back to where it was', (_name, scheme, parts) => {
    const back = assistantParts(returned(side, parts, way, KEY))
    expect(flattened(side, statesOf(back))).toEqual(flattened(side, statesOf(parts)))
    expect(back.filter(part => part.type === 'tool-call')).toHaveLength(callsIn(parts).length)
    const foreign = HOMES[scheme] !== side.name && !(side.name === 'openai-chat' && parts[0]?.type === 'tool-call')
    if (foreign && side.name !== 'openai-chat')
      expect(back.flatMap(part => part.state ?? [])[0]?.issuer).toEqual(ISSUER)
  })

  test.each(ANSWERS)('%s reaches its issuer, and no other provider', (_name, scheme, parts) => {
    const conversation = returned(side, parts, way, KEY)
    for (const target of SIDES) {
      const sent = (provider: string): string => {
        const asked = encodeTargetFor(target.name, {
          operation: 'generate',
          model: ISSUER.model,
          stream: false,
          provider,
          dialect: 'openrouter',
        })
        const encoded = orRefusal(() => target.format.encodeRequest(conversation, asked))
        return 'body' in encoded ? encoded.body : encoded.message
      }
      const [value = ''] = parts.flatMap(part => part.state ?? []).map(state => state.value)
      const mark = scheme === 'openrouter.details' ? 's3cret' : value
      const isHome = HOMES[scheme] === target.name
      if (isHome) expect(sent(ISSUER.provider)).toContain(mark)
      else if (!(scheme === 'gemini.thought-signature' && target.name === 'openai-chat')) {
        expect(sent(ISSUER.provider)).not.toContain(mark)
      }
      for (const provider of [ISSUER.provider, 'another']) expect(sent(provider)).not.toMatch(/Zgw1\.|Wmd3MS/)
    }
  })

  test.each(ANSWERS)('%s that this gateway did not seal is no state', (_name, scheme, parts) => {
    if (HOMES[scheme] === side.name) return
    const back = assistantParts(returned(side, parts, way, KEY, Buffer.alloc(32, 8)))
    const kept = back.flatMap(part => part.state ?? [])
    // Gemini's signatures have a place of their own in Chat Completions.
    expect(kept.filter(state => !(side.name === 'openai-chat' && state.scheme === scheme))).toEqual([])
  })

  test.each(ANSWERS)('%s is told as a loss where nothing can be sealed', (_name, scheme, parts) => {
    const { losses } = side.format.encodeReply(completed(parts), contextOf(side, undefined))
    const isNative =
      HOMES[scheme] === side.name ||
      (side.name === 'openai-chat' && parts.some(({ type, state }) => type === 'tool-call' && state))
    expect(losses.some(({ path }) => path.endsWith('.state'))).toBe(!isNative)
  })
})

describe('carriers', () => {
  const carried = { at: 'self', of: 'reasoning', states: [stateOf('anthropic.signature')] } as const

  test('hold what was put in', () => {
    expect(openState(sealState(carried, KEY) ?? '', KEY)).toEqual(carried)
  })

  test('cut off, changed or sealed by another they hold nothing', () => {
    const carrier = sealState(carried, KEY) ?? ''
    fc.assert(
      fc.property(fc.nat(carrier.length - 1), fc.constantFrom('A', '.', '%', ''), (at, piece) => {
        const changed = carrier.slice(0, at) + piece + carrier.slice(at + 1)
        fc.pre(changed !== carrier)
        // The last character of base64 has bits that mean nothing.
        fc.pre(at < carrier.length - 1 || piece !== 'A')
        expect(openState(changed, KEY)).toBeUndefined()
      }),
    )
    for (let end = 0; end < carrier.length; end++) expect(openState(carrier.slice(0, end), KEY)).toBeUndefined()
    expect(openState(carrier, Buffer.alloc(32, 9))).toBeUndefined()
  })

  test('are not made larger than they would be taken back', () => {
    const states = [stateOf('openai.encrypted', 'x'.repeat(400_000))]
    expect(sealState({ ...carried, states }, KEY)).toBeUndefined()
  })
})
