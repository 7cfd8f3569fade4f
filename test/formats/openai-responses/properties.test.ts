/** What holds of every reply and every request, whoever made it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Conversation, Part } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/openai-responses/format.ts'
import { checkStream } from '../../../src/formats/openai-responses/grammar.ts'
import type { ReplyEvent } from '../../../src/formats/reply-events.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { Refusal } from '../../../src/refusal.ts'
import { anyEvents, completion, hostileText, simpleConversation } from '../../support/arbitraries.ts'
import { grammarViolations } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import { asked, eventsOfStream, gathered, replyContext, sent, streamOf } from './exchange.ts'

const failure = { kind: 'server', status: 500, code: 'x', message: 'No.' } as const

test('whatever events come, in whatever order, the stream is one that clients can read', () => {
  fc.assert(
    fc.property(anyEvents(), fc.boolean(), (events, fails) => {
      const encoder = format.encodeStream(replyContext())
      const last: ReplyEvent = fails ? { type: 'error', error: failure } : { type: 'end' }
      const text = [...events, last, ...events].map(event => encoder.event(event)).join('')
      const checker = checkStream()
      for (const frame of framesOf(text)) expect(checker.frame(frame)).toBeUndefined()
      expect(checker.end()).toBeUndefined()
      expect(grammarViolations(eventsOfStream(text))).toEqual([])
    }),
  )
})

test('a reply comes back as it was, whole and streamed', () => {
  fc.assert(
    fc.property(completion('openai.encrypted'), reply => {
      const { body, losses } = format.encodeReply(reply, replyContext({}, reply.model))
      const whole = gathered(format.decodeReply(parseDocument(body), 'generate'))
      expect(likeParts(whole.candidates[0]?.parts ?? [])).toEqual(likeParts(reply.candidates[0]?.parts ?? []))
      expect(whole.model).toBe(reply.model)
      expect(whole.usage).toMatchObject({ ...reply.usage })
      expect(whole.candidates[0]?.finish.reason).toBe(reply.candidates[0]?.finish.reason)
      expect(losses).toEqual([])
      const events = format.decodeReply(parseDocument(body), 'generate')
      const streamed = gathered(eventsOfStream(streamOf(events, replyContext({}, reply.model))))
      expect(likeParts(streamed.candidates[0]?.parts ?? [])).toEqual(likeParts(reply.candidates[0]?.parts ?? []))
    }),
  )
})

test('a conversation comes back as it was', () => {
  fc.assert(
    fc.property(simpleConversation(), conversation => {
      const { body, losses } = sent(conversation)
      const again = asked(body)
      expect(saidIn(again)).toEqual(saidIn(conversation))
      expect(sent(again).body).toBe(body)
      expect(losses).toEqual([])
    }),
  )
})

test('what is said keeps every character, whatever it is cut into', () => {
  fc.assert(
    fc.property(hostileText(), fc.integer({ min: 1, max: 5 }), (text, size) => {
      const deltas: string[] = []
      for (let at = 0; at < text.length; at += size) deltas.push(text.slice(at, at + size))
      const part = { output_index: 0, content_index: 0 }
      const events = [
        { type: 'response.created', response: { id: 'r', model: 'm' } },
        ...deltas.map(delta => ({ type: 'response.output_text.delta', ...part, delta })),
        { type: 'response.completed', response: { id: 'r', model: 'm', status: 'completed', output: [] } },
      ]
      const stream = events.map(event => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
      const decoded = eventsOfStream(stream)
      expect(grammarViolations(decoded)).toEqual([])
      const said = decoded.flatMap(event => (event.type === 'text-delta' ? [event.text] : []))
      expect(said.join('')).toBe(text)
    }),
  )
})

/** Events of the right names with anything at all in their fields. */
function anyFrame(): fc.Arbitrary<string> {
  const type = fc.constantFrom(
    'response.created',
    'response.output_item.added',
    'response.output_item.done',
    'response.content_part.added',
    'response.content_part.done',
    'response.output_text.delta',
    'response.output_text.done',
    'response.output_text.annotation.added',
    'response.refusal.delta',
    'response.reasoning_summary_part.added',
    'response.reasoning_summary_text.delta',
    'response.reasoning_text.delta',
    'response.function_call_arguments.delta',
    'response.function_call_arguments.done',
    'response.completed',
    'response.failed',
    'error',
    'keepalive',
  )
  const item = fc.record(
    {
      type: fc.constantFrom('message', 'reasoning', 'function_call', 'web_search_call', 'compaction', 'new', 5),
      id: fc.oneof(fc.string({ maxLength: 3 }), fc.jsonValue()),
      name: fc.oneof(fc.string({ maxLength: 3 }), fc.jsonValue()),
      call_id: fc.oneof(fc.string({ maxLength: 3 }), fc.jsonValue()),
      arguments: fc.jsonValue(),
      summary: fc.jsonValue(),
      encrypted_content: fc.jsonValue(),
      content: fc.oneof(
        fc.jsonValue(),
        fc.array(
          fc.record({
            type: fc.constantFrom('output_text', 'refusal', 'x'),
            text: fc.jsonValue(),
            refusal: fc.jsonValue(),
          }),
        ),
      ),
    },
    { requiredKeys: ['type'] },
  )
  const index = fc.oneof(fc.nat(2), fc.constant(-1), fc.jsonValue())
  return fc
    .record(
      {
        type,
        item: fc.oneof(item, fc.jsonValue()),
        part: fc.oneof(
          fc.record({ type: fc.constantFrom('output_text', 'refusal'), text: fc.string() }),
          fc.jsonValue(),
        ),
        response: fc.oneof(
          fc.jsonValue(),
          fc.record({
            output: fc.oneof(fc.array(item, { maxLength: 3 }), fc.jsonValue()),
            usage: fc.jsonValue(),
            status: fc.jsonValue(),
            error: fc.jsonValue(),
          }),
        ),
        output_index: index,
        content_index: index,
        summary_index: fc.oneof(index, fc.constant(1e9)),
        delta: fc.oneof(fc.string(), fc.jsonValue()),
        text: fc.jsonValue(),
        arguments: fc.jsonValue(),
        annotation: fc.jsonValue(),
        logprobs: fc.jsonValue(),
      },
      { requiredKeys: ['type'] },
    )
    .map(event => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
}

test('whatever a provider sends, the events keep the canonical grammar and can be told again', () => {
  fc.assert(
    fc.property(fc.array(anyFrame(), { maxLength: 12 }), frames => {
      const events = eventsOfStream(frames.join(''))
      expect(grammarViolations(events)).toEqual([])
      streamOf(events)
      const observer = format.observeStream()
      for (const frame of framesOf(frames.join(''))) observer.frame(frame)
    }),
    { numRuns: 300 },
  )
})

test('whatever a body holds, it is read or refused, and a reply is never thrown at', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = JSON.stringify(value)
      expect(grammarViolations(format.decodeReply(parseDocument(text), 'generate'))).toEqual([])
      format.observeReply(parseDocument(text), 'generate')
      format.decodeError(500, parseDocument(text))
      format.decodeModels(parseDocument(text))
      try {
        asked(
          JSON.stringify({
            model: 'm',
            input: value,
            tools: [value],
            tool_choice: value,
            text: value,
            reasoning: value,
          }),
        )
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal)
      }
    }),
  )
})

/** Parts without ids, which the gateway makes up, and texts in a row, which are one text to this format. */
function likeParts(parts: readonly Part[]): unknown {
  const like: Record<string, unknown>[] = []
  for (const part of parts) {
    const before = like.at(-1)
    if (part.type === 'text' && before?.type === 'text') before.text = `${before.text}${part.text}`
    else if (part.type === 'text') like.push({ type: 'text', text: part.text })
    else if (part.type === 'reasoning')
      like.push({ type: 'reasoning', text: part.chunks.join(''), state: part.state?.map(state => state.value) })
    else if (part.type === 'tool-call') like.push({ type: part.type, name: part.name, arguments: part.arguments })
  }
  return like
}

/** Who said what, without the grouping of texts. */
function saidIn(conversation: Conversation): unknown {
  return conversation.turns.map(({ role, parts }) => ({
    role,
    said: parts.map(part => {
      if (part.type === 'text') return part.text
      if (part.type === 'tool-call') return [part.name, part.arguments]
      return part.type === 'tool-result'
        ? part.content.map(inner => (inner.type === 'text' ? inner.text : inner.type))
        : part.type
    }),
  }))
}
