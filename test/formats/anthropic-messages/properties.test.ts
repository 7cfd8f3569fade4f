import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import format from '../../../src/formats/anthropic-messages/format.ts'
import { eventsOf } from '../../../src/formats/completion.ts'
import type { Conversation, Part } from '../../../src/formats/conversation.ts'
import type { Completion, ReplyEvent } from '../../../src/formats/reply-events.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { Refusal } from '../../../src/refusal.ts'
import { anyEvents, completion, hostileText, simpleConversation } from '../../support/arbitraries.ts'
import { grammarViolation } from '../../support/canonical-grammar.ts'
import { completionOf, decodeText, encodeEvents, replyContext, streamEvents, target } from './exchange.ts'

/** What survives: ids become acceptable ones, usage and stop reasons come back with their wire form beside them. */
function meaning({ candidates, usage }: Completion): unknown {
  const { raw: _, ...counts } = usage ?? { raw: undefined }
  return {
    counts,
    candidates: candidates.map(({ parts, finish }) => ({ reason: finish.reason, parts: parts.map(withoutId) })),
  }
}

function withoutId(part: Part): Part {
  return part.type === 'tool-call' || part.type === 'tool-result' ? { ...part, callId: '' } : part
}

/** Cuts each part of a reply into deltas and lets the parts interleave. */
function interleaved(whole: Completion): readonly ReplyEvent[] {
  const parts = whole.candidates[0]?.parts ?? []
  const opened = parts.flatMap((part, index): ReplyEvent[] => [
    { type: 'part-start', index, candidate: 0, part: emptied(part) },
  ])
  const filled = parts.flatMap((part, index) => deltasOf(part, index)).toReversed()
  const closed = parts.map((_, index): ReplyEvent => ({ type: 'part-end', index }))
  const [start, ...end] = eventsOf({ ...whole, candidates: whole.candidates.map(one => ({ ...one, parts: [] })) })
  return [...(start ? [start] : []), ...opened, ...filled, ...closed, ...end]
}

function emptied(part: Part): Part {
  if (part.type === 'text') return { ...part, text: '' }
  if (part.type === 'tool-call') return { ...part, arguments: '' }
  return part.type === 'reasoning' ? { type: 'reasoning', visibility: part.visibility, chunks: [] } : part
}

function deltasOf(part: Part, index: number): ReplyEvent[] {
  if (part.type === 'text') return [{ type: 'text-delta', index, text: part.text }]
  if (part.type === 'tool-call') return [{ type: 'arguments-delta', index, text: part.arguments }]
  if (part.type !== 'reasoning') return []
  const states = part.state?.map((state): ReplyEvent => ({ type: 'state', index, state })) ?? []
  return [...states, ...part.chunks.map((text): ReplyEvent => ({ type: 'text-delta', index, text }))]
}

describe('a reply of any content', () => {
  it('comes back the same, whole', () => {
    fc.assert(
      fc.property(completion('anthropic.signature'), reply => {
        const { body, losses } = format.encodeReply(reply, replyContext({ version: '2026-10-21' }))
        expect(losses).toEqual([])
        const events = format.decodeReply(parseDocument(body), 'generate')
        expect(grammarViolation(events)).toBeUndefined()
        expect(meaning(withoutCallers(completionOf(events)))).toEqual(meaning(reply))
      }),
    )
  })

  it.each([
    ['in whole parts', eventsOf],
    ['in pieces that interleave', interleaved],
  ])('comes back the same, streamed %s', (_, eventsFor) => {
    fc.assert(
      fc.property(completion('anthropic.signature'), reply => {
        const { text, losses } = encodeEvents(eventsFor(reply))
        expect(losses).toEqual([])
        const events = streamEvents(text)
        expect(grammarViolation(events)).toBeUndefined()
        expect(meaning(completionOf(events))).toEqual(meaning(reply))
      }),
    )
  })

  it('keeps different calls different', () => {
    fc.assert(
      fc.property(fc.uniqueArray(hostileText(), { minLength: 2, maxLength: 6 }), ids => {
        const parts = ids.map(
          (callId): Part => ({ type: 'tool-call', callId, name: 'n', kind: 'function', arguments: '{}' }),
        )
        const finish = { type: 'finish', candidate: 0, reason: 'tool-calls' } as const
        const { body } = format.encodeReply(
          { id: 'x', model: 'm', candidates: [{ index: 0, parts, finish }], raw: [] },
          replyContext(),
        )
        const sent: string[] = JSON.parse(body).content.map((block: { id: string }) => block.id)
        expect(new Set(sent).size).toBe(ids.length)
        for (const id of sent) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/)
      }),
    )
  })
})

/** The newest version says of each call who made it; `direct` is every call's default. */
function withoutCallers(reply: Completion): Completion {
  return {
    ...reply,
    candidates: reply.candidates.map(one => ({ ...one, parts: one.parts.map(({ extensions: _, ...part }) => part) })),
  }
}

describe('events in any order', () => {
  it('make a valid stream, with exactly one end', () => {
    fc.assert(
      fc.property(anyEvents(), events => {
        encodeEvents([...events, { type: 'end' }])
        const error = { kind: 'server', status: 500, code: 'x', message: 'y' } as const
        encodeEvents([...events, { type: 'error', error }])
      }),
      { numRuns: 300 },
    )
  })
})

describe('a request of any content', () => {
  it('comes back the same', () => {
    fc.assert(
      fc.property(simpleConversation(), source => {
        const { body, losses } = format.encodeRequest(source, target({ stream: true }))
        expect(losses).toEqual([])
        bodyCheck(format.schemas.generate ?? {})(JSON.parse(body))
        expect(spoken(decodeText(body))).toEqual(spoken(source))
      }),
    )
  })

  it('is refused or understood, and what is understood can be said again or is refused', () => {
    fc.assert(
      fc.property(anyBody(), body => {
        const text = JSON.stringify(body)
        const encoded = refusedOr(() => {
          bodyCheck(format.schemas.generate ?? {})(JSON.parse(text))
          return format.encodeRequest(decodeText(text), target())
        })
        if (encoded !== undefined) JSON.parse(encoded.body)
      }),
      { numRuns: 400 },
    )
  })
})

/** Neighbouring turns of one role are one. */
function spoken(source: Conversation): unknown {
  const said: { role: string; parts: Part[] }[] = []
  for (const { role, parts } of source.turns) {
    const last = said.at(-1)
    if (last?.role === role) last.parts.push(...parts.map(withoutId))
    else said.push({ role, parts: parts.map(withoutId) })
  }
  return { said, tools: source.tools }
}

function refusedOr<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

function anyBody(): fc.Arbitrary<unknown> {
  const words = [
    'text',
    'image',
    'tool_use',
    'tool_result',
    'thinking',
    'document',
    'compaction',
    'server_tool_use',
    'x',
  ]
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    hostileText(),
    fc.constantFrom('base64', 'url', 'text', 'content'),
  )
  const block = fc.record(
    {
      type: fc.constantFrom(...words),
      text: odd,
      source: fc.oneof(odd, fc.record({ type: odd, data: odd, url: odd, content: odd })),
      id: odd,
      tool_use_id: odd,
      name: odd,
      input: odd,
      content: odd,
      thinking: odd,
      signature: odd,
      cache_control: fc.oneof(odd, fc.record({ type: fc.constant('ephemeral'), ttl: odd })),
      citations: odd,
    },
    { requiredKeys: ['type'] },
  )
  const content = fc.oneof(hostileText(), fc.array(block, { maxLength: 4 }))
  const message = fc.record({ role: fc.constantFrom('user', 'assistant', 'system'), content })
  return fc.record(
    {
      model: fc.constant('claude-opus-5'),
      max_tokens: fc.nat(),
      messages: fc.array(message, { maxLength: 5 }),
      system: content,
      tools: fc.array(fc.record({ name: odd, type: odd, input_schema: odd }, { requiredKeys: [] })),
      tool_choice: fc.oneof(odd, fc.record({ type: fc.constantFrom('auto', 'any', 'tool', 'x'), name: odd })),
      thinking: fc.oneof(odd, fc.record({ type: fc.constantFrom('enabled', 'adaptive', 'new'), budget_tokens: odd })),
      output_config: fc.oneof(odd, fc.record({ effort: odd, format: odd })),
      metadata: odd,
      thread: odd,
      mcp_servers: odd,
      surprise: odd,
    },
    { requiredKeys: ['model', 'max_tokens', 'messages'] },
  )
}

describe('an upstream that says anything at all', () => {
  it('never makes a decoder throw, and the events stay in order', () => {
    const odd = fc.jsonValue({ maxDepth: 2 })
    const types = ['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta']
    const event = fc.record(
      {
        type: fc.constantFrom(...types, 'message_stop', 'ping', 'error', 'new'),
        index: fc.oneof(fc.nat(2), odd),
        message: fc.oneof(odd, fc.record({ id: odd, model: odd, usage: odd })),
        content_block: fc.oneof(
          odd,
          fc.record({ type: fc.constantFrom('text', 'tool_use', 'thinking', 'x'), text: odd, id: odd, input: odd }),
        ),
        delta: fc.oneof(
          odd,
          fc.record({
            type: fc.constantFrom('text_delta', 'input_json_delta', 'signature_delta', 'x'),
            text: odd,
            partial_json: odd,
            stop_reason: odd,
          }),
        ),
        usage: odd,
      },
      { requiredKeys: ['type'] },
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), events => {
        const text = events.map(one => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`).join('')
        const decoded = streamEvents(text)
        expect(grammarViolation(decoded)).toBeUndefined()
        encodeEvents(decoded)
      }),
      { numRuns: 500 },
    )
  })

  it('never makes a reader of bodies throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 100, max: 999 }), (body, status) => {
        const document = parseDocument(JSON.stringify(body))
        expect(grammarViolation(format.decodeReply(document, 'generate'))).toBeUndefined()
        format.observeReply(document, 'generate')
        format.decodeModels(document)
        format.decodeTokenCount(document)
        expect(format.decodeError(status, document).message).not.toBe('')
      }),
    )
  })
})
