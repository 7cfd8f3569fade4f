import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import format from '../../../src/formats/anthropic-messages/format.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import type { Observation } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { grammarViolation } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import { recordedCases, TRAFFIC } from '../../support/traffic.ts'
import { completionOf, encodeEvents, replyContext, streamEvents, target } from './exchange.ts'

const cases = recordedCases('anthropic-messages')
const messages = cases.filter(found => found.method === 'POST')
const whole = messages.filter(
  found => !found.responseIsStream && found.status === 200 && !found.path.endsWith('tokens'),
)
const streams = messages.filter(found => found.responseIsStream)

/** Replies whose requests were not recorded. */
function lone(): readonly { name: string; text: string; isStream: boolean }[] {
  const folder = join(dirname(TRAFFIC), 'traffic-responses/anthropic-messages')
  try {
    return readdirSync(folder).map(name => {
      const meta = JSON.parse(readFileSync(join(folder, name, 'response.meta.json'), 'utf8'))
      const file = meta.stream ? 'response.sse' : 'response.json'
      return { name, text: readFileSync(join(folder, name, file), 'utf8'), isStream: meta.stream === true }
    })
  } catch {
    return []
  }
}

describe('a recorded request', () => {
  it.each(messages.map(found => [found.name, found] as const))(
    'passes the schema and keeps its meaning: %s',
    (_, found) => {
      const operation = found.path.endsWith('count_tokens') ? 'count-tokens' : 'generate'
      const document = parseDocument(found.requestText)
      bodyCheck(format.schemas[operation] ?? {})(document.value)
      const stream = found.wantsStream
      const model = found.model ?? ''
      const conversation = format.decodeRequest({ operation, model, stream, document, headers: {} })
      // What the provider refused need not be said again.
      if (found.status >= 400) return
      const encoded = format.encodeRequest(conversation, target({ operation, model, stream }))
      expect(meaningOfRequest(JSON.parse(encoded.body))).toEqual(meaningOfRequest(JSON.parse(found.requestText)))
      expect(encoded.losses).toEqual([])
    },
  )
})

describe('a recorded reply', () => {
  const bodies = [
    ...whole.map(found => ({ name: found.name, text: found.responseText })),
    ...lone().filter(r => !r.isStream),
  ]

  it.each(bodies.map(found => [found.name, found.text] as const))('keeps its meaning: %s', (_, text) => {
    const document = parseDocument(text)
    const events = format.decodeReply(document, 'generate')
    expect(grammarViolation(events)).toBeUndefined()
    const completion = completionOf(events)
    const { body, losses } = format.encodeReply(completion, replyContext({ model: completion.model }))
    expect(meaningOfReply(JSON.parse(body))).toEqual(meaningOfReply(JSON.parse(text)))
    expect(losses).toEqual([])
    expect(format.observeReply(document, 'generate')).toEqual(observationOf(events))
  })
})

describe('a recorded stream', () => {
  const texts = [
    ...streams.map(found => ({ name: found.name, text: found.responseText })),
    ...lone().filter(r => r.isStream),
  ]

  it.each(texts.map(found => [found.name, found.text] as const))('keeps its meaning: %s', (_, text) => {
    const events = streamEvents(text)
    expect(grammarViolation(events)).toBeUndefined()
    const completion = completionOf(events)
    const context = replyContext({ model: completion.model })
    const encoded = encodeEvents(events, context)
    expect(encoded.losses).toEqual([])
    expect(gathered(encoded.text)).toEqual(gathered(text))
    const again = completionOf(streamEvents(encoded.text))
    expect(withoutId(again)).toEqual(withoutId(completion))
    expect(observed(text)).toEqual(observationOf(events))
  })

  it.each(texts.map(found => [found.name, found.text] as const))(
    'is an error when it is cut off anywhere: %s',
    (_, text) => {
      const frames = framesOf(text)
      const last = frames.findIndex(frame => frame.data.includes('"message_stop"'))
      for (let length = 0; length <= last; length++) {
        const decoder = format.decodeStream()
        const events = [...frames.slice(0, length).flatMap(frame => decoder.frame(frame)), ...decoder.end()]
        expect(events.at(-1)).toMatchObject({ type: 'error', error: { kind: 'upstream' } })
        expect(events.filter(event => event.type === 'error' || event.type === 'end')).toHaveLength(1)
        encodeEvents(events)
      }
    },
  )
})

describe('a recorded error', () => {
  it.each(cases.filter(found => found.status >= 400).map(found => [found.name, found] as const))(
    'is understood: %s',
    (_, found) => {
      const error = format.decodeError(found.status, parseDocument(found.responseText))
      const { body, status } = format.encodeError(error, JSON.parse(found.responseText).request_id)
      expect(status).toBe(found.status)
      expect(JSON.parse(body)).toEqual(JSON.parse(found.responseText))
    },
  )
})

it('reads the recorded token count and model list', () => {
  const count = cases.find(found => found.path.endsWith('count_tokens'))
  if (count) expect(format.decodeTokenCount(parseDocument(count.responseText))).toBe(669)
  const list = cases.find(found => found.path === '/v1/models')
  if (!list) return
  const models = format.decodeModels(parseDocument(list.responseText))
  expect(models).toHaveLength(11)
  expect(models[0]).toEqual({
    id: 'claude-opus-5',
    displayName: 'Claude Opus 5',
    created: 1_784_851_200,
    contextWindow: 1_000_000,
    maxOutputTokens: 128_000,
  })
  expect(format.decodeModels(parseDocument(format.encodeModels(models)))).toEqual(models)
})

function observationOf(events: ReturnType<typeof streamEvents>): Observation {
  const start = events.find(event => event.type === 'start')
  const usage = events.findLast(event => event.type === 'usage')
  const finish = events.find(event => event.type === 'finish')
  return {
    model: start?.model ?? '',
    ...(usage === undefined ? {} : { usage: usage.usage }),
    ...(finish === undefined ? {} : { finish: finish.reason }),
  }
}

function observed(text: string): Observation {
  const observer = format.observeStream()
  const signs = framesOf(text).map(frame => observer.frame(frame))
  expect(signs.filter(sign => sign === 'terminal')).toHaveLength(1)
  expect(signs.includes('content')).toBe(text.includes('content_block_delta'))
  return observer.observation
}

type Json = Record<string, unknown>

/** Ids get the prefix that SDKs expect. */
function withoutId<T extends { id: string }>(completion: T): T {
  return { ...completion, id: '' }
}

/** One message out of a stream, as a client would gather it; usage merged, since ours repeats what the start said. */
function gathered(text: string): Json {
  const message: Json = {}
  const blocks: Json[] = []
  let usage: Json = {}
  for (const frame of framesOf(text)) {
    if (frame.data === '[DONE]') continue
    const event = JSON.parse(frame.data)
    if (event.type === 'message_start') {
      Object.assign(message, event.message)
      usage = event.message.usage
    }
    if (event.type === 'content_block_start') blocks[event.index] = { ...event.content_block }
    if (event.type === 'content_block_delta') gather(blocks[event.index] ?? {}, event.delta)
    if (event.type === 'message_delta') {
      const { type: _, delta, usage: more, ...rest } = event
      Object.assign(message, delta, rest)
      usage = { ...usage, ...nonNull(more) }
    }
  }
  return meaningOfReply({ ...message, content: blocks, usage: { ...usage } })
}

function gather(block: Json, { type, ...delta }: Json): void {
  for (const [key, value] of Object.entries(delta)) {
    if (key === 'citation') block.citations = [...((block.citations as unknown[] | null) ?? []), value]
    else if (type === 'input_json_delta') block.input = (typeof block.input === 'string' ? block.input : '') + value
    else block[key] = type === 'signature_delta' ? value : `${block[key] ?? ''}${value}`
  }
}

function nonNull(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

function meaningOfReply(message: Json): Json {
  const { id: _, ...rest } = message
  return {
    ...nonNull(rest),
    content: (message.content as Json[])
      // An empty text block says nothing, and would be refused when it is sent back.
      .filter(block => block.type !== 'text' || block.text !== '')
      .map(block => {
        const input = block.input === '' ? {} : typeof block.input === 'string' ? JSON.parse(block.input) : block.input
        // No citations: absent, null and [] are one. A streamed thinking block may leave out its empty signature.
        const citations =
          block.citations === null || (block.citations as unknown[])?.length === 0 ? undefined : block.citations
        const signature = block.type === 'thinking' ? (block.signature ?? '') : block.signature
        return JSON.parse(JSON.stringify({ ...block, input, citations, signature }))
      }),
    usage: nonNull(message.usage as Json),
  }
}

/** Strings and single text blocks are one content; nulls are absent, and so is an empty list of tools. */
function meaningOfRequest(body: Json): Json {
  const { stream, tools, ...rest } = body
  const system = body.system === undefined ? {} : { system: blocksOf(body.system) }
  return {
    ...nonNull(rest),
    ...(stream === true ? { stream } : {}),
    ...((tools as unknown[] | undefined)?.length ? { tools } : {}),
    ...system,
    messages: (body.messages as Json[]).map(message => ({ ...message, content: blocksOf(message.content) })),
  }
}

function blocksOf(content: unknown): unknown {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  if (!Array.isArray(content)) return content
  return content.map((block: Json) =>
    block.type === 'tool_result' && block.content !== undefined
      ? nonNull({ ...block, content: blocksOf(block.content) })
      : nonNull(block),
  )
}
