/** Whatever anybody says survives, and nothing breaks a stream. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventsOf } from '../../../src/formats/completion.ts'
import type { Conversation, Part } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/gemini/format.ts'
import { checkStream } from '../../../src/formats/gemini/grammar.ts'
import type { Completion } from '../../../src/formats/reply-events.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { anyEvents, completion, hostileText, simpleConversation, usage } from '../../support/arbitraries.ts'
import { grammarViolation } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import {
  decodeInput,
  encodeTarget,
  eventsOfFrames,
  eventsOfStream,
  gathered,
  replyContext,
  streamOf,
} from './exchange.ts'

const SCHEME = 'gemini.thought-signature'

test('a conversation that Gemini can hold comes back as it was', () => {
  fc.assert(
    fc.property(simpleConversation(), fc.constantFrom('gemini-2.5-flash', 'gemini-3-flash'), (conversation, model) => {
      const { body } = format.encodeRequest(conversation, encodeTarget({ model }))
      const again = format.decodeRequest(decodeInput(body))
      expect(meaningOf(again)).toEqual(meaningOf(conversation))
    }),
    { numRuns: 300 },
  )
})

test('encoding is the same every time', () => {
  fc.assert(
    fc.property(simpleConversation(), conversation => {
      const target = encodeTarget()
      expect(format.encodeRequest(conversation, target)).toEqual(format.encodeRequest(conversation, target))
    }),
  )
})

test('a whole reply comes back with every part, state and count', () => {
  fc.assert(
    fc.property(completion(SCHEME), reply => {
      const { body, losses } = format.encodeReply(reply, replyContext({ model: reply.model }))
      const events = format.decodeReply(parseDocument(body), 'generate')
      expect(grammarViolation(events)).toBeUndefined()
      expect(saidIn(gathered(events))).toEqual(saidIn(reply))
      expect(losses).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('a streamed reply comes back with every part, state and count, however it is framed', () => {
  fc.assert(
    fc.property(completion(SCHEME), reply => {
      const again = gathered(eventsOfStream(streamOf(eventsOf(reply), replyContext({ model: reply.model }))))
      expect(saidIn(again)).toEqual(saidIn(reply))
      const encoder = format.encodeStream(replyContext({ model: reply.model, framing: 'array' }))
      const array = eventsOf(reply)
        .map(event => encoder.event(event))
        .join('')
      expect(saidIn(gathered(eventsOfFrames([{ data: array }])))).toEqual(saidIn(reply))
    }),
    { numRuns: 300 },
  )
})

test('no order of events makes an invalid stream', () => {
  fc.assert(
    fc.property(anyEvents(), events => {
      const encoder = format.encodeStream(replyContext())
      const text = [...events, { type: 'end' as const }, ...events].map(event => encoder.event(event)).join('')
      const check = checkStream()
      for (const frame of framesOf(text)) expect(check.frame(frame)).toBeUndefined()
      expect(check.end()).toBeUndefined()
    }),
    { numRuns: 500 },
  )
})

test('no order of events makes an invalid array', () => {
  fc.assert(
    fc.property(anyEvents(), events => {
      const encoder = format.encodeStream(replyContext({ framing: 'array' }))
      const text = [...events, { type: 'end' as const }].map(event => encoder.event(event)).join('')
      expect(Array.isArray(JSON.parse(text))).toBe(true)
    }),
  )
})

test('no chunk of an upstream makes the decoder throw or break the canonical grammar', () => {
  const node = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom(null, true, 0, -1, Number.MAX_VALUE, 'STOP', ''),
      hostileText(),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(
      fc.constantFrom(
        ...['candidates', 'content', 'parts', 'text', 'thought', 'thoughtSignature', 'functionCall', 'name', 'args'],
        ...[
          'partialArgs',
          'jsonPath',
          'stringValue',
          'willContinue',
          'finishReason',
          'index',
          'usageMetadata',
          'error',
        ],
        ...[
          'promptTokenCount',
          'groundingMetadata',
          'promptFeedback',
          'blockReason',
          'inlineData',
          'data',
          'responseId',
        ],
      ),
      tie('value'),
      { maxKeys: 5 },
    ),
  })).value
  const wrapped = node.map(part => ({ candidates: [{ content: { parts: [part] } }] }))
  fc.assert(
    fc.property(fc.array(fc.oneof(node, wrapped), { maxLength: 4 }), chunks => {
      const events = eventsOfFrames(chunks.map(chunk => ({ data: JSON.stringify(chunk) })))
      expect(grammarViolation(events)).toBeUndefined()
      const observer = format.observeStream()
      for (const chunk of chunks) observer.frame({ data: JSON.stringify(chunk) })
      expect(observer.observation).toBeDefined()
      const whole = format.decodeReply(parseDocument(JSON.stringify(chunks)), 'generate')
      expect(grammarViolation(whole)).toBeUndefined()
    }),
    { numRuns: 1000 },
  )
})

test('a request of any shape that passes the schema is decoded or refused, never a crash', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 3 }), (parts, tools) => {
      const body = {
        contents: [{ parts }],
        tools,
        generationConfig: parts,
        toolConfig: { functionCallingConfig: tools },
      }
      expect(() => format.decodeRequest(decodeInput(JSON.stringify(body)))).not.toThrow(TypeError)
    }),
  )
})

test('usage of other formats is counted the same once read again', () => {
  fc.assert(
    fc.property(usage(), counted => {
      const reply: Completion = {
        id: 'a',
        model: 'm',
        candidates: [{ index: 0, parts: [], finish: { type: 'finish', candidate: 0, reason: 'stop' } }],
        usage: counted,
        raw: [],
      }
      const again = gathered(eventsOfStream(streamOf(eventsOf(reply)))).usage
      const { cacheWrite: _, ...told } = counted
      const { raw: __, ...heard } = again ?? { raw: undefined }
      expect(heard).toEqual(told)
    }),
  )
})

/** Without what a way through Gemini may change: ids that it never had, and which neighbouring turns are one. */
function meaningOf({ turns, tools }: Conversation): unknown {
  const merged: { role: string; said: unknown[] }[] = []
  for (const turn of turns) {
    const said = turn.parts.flatMap(sayingOf)
    const last = merged.at(-1)
    if (last?.role === turn.role && turn.role === 'assistant') last.said.push(...said)
    else merged.push({ role: turn.role, said })
  }
  return { turns: merged, tools: tools.map(tool => ({ ...tool, extensions: undefined })) }
}

function sayingOf(part: Part): unknown[] {
  switch (part.type) {
    case 'text':
      return [part.text]
    case 'tool-call':
      return [{ name: part.name, arguments: part.arguments }]
    case 'tool-result':
      return [part.content.flatMap(sayingOf)]
    default:
      return [part]
  }
}

/** Ids that are empty are none, and get one. Reasoning without text is its signature. */
function saidIn({ candidates, usage: counted }: Completion): unknown {
  const { cacheWrite: _, raw: __, ...told } = counted ?? { raw: undefined, cacheWrite: undefined }
  return {
    usage: told,
    candidates: candidates.map(({ parts, finish }) => ({ reason: finish.reason, parts: joined(parts) })),
  }
}

/** Neighbouring texts are one in a stream. */
function joined(parts: readonly Part[]): unknown[] {
  const said: { text?: string; signature?: string; call?: unknown }[] = []
  for (const part of parts) {
    const signature = part.state?.[0]?.value
    const last = said.at(-1)
    if (part.type === 'text' && signature === undefined) {
      if (last?.text !== undefined && last.signature === undefined) last.text += part.text
      else said.push({ text: part.text })
    } else if (part.type === 'reasoning' || part.type === 'text') {
      said.push({ ...(signature === undefined ? {} : { signature }) })
    } else if (part.type === 'tool-call') {
      said.push({
        call: [
          part.name,
          part.arguments,
          part.callId === '' || part.callId.startsWith('call_gemini_') ? '' : part.callId,
        ],
      })
    }
  }
  return said
}
