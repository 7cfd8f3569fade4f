/** Recorded exchanges with Gemini and Vertex, through the canonical view and back. */
import { describe, expect, test } from 'vitest'
import type { Operation } from '../../../src/contract.ts'
import format from '../../../src/formats/gemini/format.ts'
import type { Completion } from '../../../src/formats/reply-events.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { grammarViolation } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import { type RecordedCase, recordedCases } from '../../support/traffic.ts'
import { decodeInput, encodeTarget, eventsOfStream, gathered, replyContext, streamOf } from './exchange.ts'
import { likeRequest } from './likeness.ts'

const CASES = recordedCases('gemini')
const POSTED = CASES.filter(each => each.method === 'POST')
const ANSWERED = POSTED.filter(each => each.status === 200 && operationOf(each) === 'generate')

test('there are recordings to test with', () => {
  expect(ANSWERED.length).toBeGreaterThan(0)
})

describe('requests', () => {
  test.each(POSTED)('$name passes the schema', each => {
    bodyCheck(format.schemas[operationOf(each)])(JSON.parse(each.requestText))
  })

  test.each(POSTED.filter(each => operationOf(each) !== 'embed'))('$name comes back meaning the same', each => {
    const operation = operationOf(each)
    const conversation = format.decodeRequest(decodeInput(each.requestText, { operation }))
    const dialect = each.name.includes('/vertex') ? { dialect: 'vertex' } : {}
    const target = encodeTarget({ operation, model: each.model ?? '', ...dialect })
    const { body, losses } = format.encodeRequest(conversation, target)
    expect(likeRequest(JSON.parse(body))).toEqual(likeRequest(JSON.parse(each.requestText)))
    expect(losses).toEqual([])
  })
})

describe('whole replies', () => {
  const whole = ANSWERED.filter(each => !each.responseIsStream)

  test.each(whole)('$name decodes, is observed alike, and comes back meaning the same', each => {
    const document = parseDocument(each.responseText)
    const events = format.decodeReply(document, 'generate')
    expect(grammarViolation(events)).toBeUndefined()
    const completion = gathered(events)
    expect(format.observeReply(document, 'generate')).toEqual(observationOf(completion))
    const { body, losses } = format.encodeReply(completion, replyContext({ model: completion.model }))
    expect(likeReply(JSON.parse(body))).toEqual(likeReply(JSON.parse(each.responseText)))
    expect(losses).toEqual([])
  })
})

describe('streams', () => {
  const streams = ANSWERED.filter(each => each.responseIsStream)

  test.each(streams)('$name decodes and keeps the canonical grammar', each => {
    const events = eventsOfStream(each.responseText)
    expect(grammarViolation(events)).toBeUndefined()
    expect(events.at(-1)?.type).toBe('end')
  })

  test.each(streams)('$name says the same once encoded and decoded again', each => {
    const completion = gathered(eventsOfStream(each.responseText))
    const again = streamOf(eventsOfStream(each.responseText), replyContext({ model: completion.model }))
    expect(gathered(eventsOfStream(again))).toEqual(completion)
  })

  test.each(streams)('$name has all its text and calls', each => {
    const { candidates } = gathered(eventsOfStream(each.responseText))
    const said = candidates
      .flatMap(({ parts }) => parts)
      .map(part => (part.type === 'text' ? part.text : ''))
      .join('')
    expect(said).toBe(spokenText(each.responseText))
  })

  test.each(streams)('$name is observed as it is decoded', each => {
    const observer = format.observeStream()
    const signs = framesOf(each.responseText).map(frame => observer.frame(frame))
    expect(observer.observation).toEqual(observationOf(gathered(eventsOfStream(each.responseText))))
    expect(signs.at(-1)).toBe('terminal')
  })
})

describe('errors', () => {
  test.each(CASES.filter(each => each.status !== 200))('$name is understood and comes back', each => {
    const text = each.responseIsStream ? (framesOf(each.responseText)[0]?.data ?? '') : each.responseText
    const error = format.decodeError(each.status, parseDocument(text))
    const sent = JSON.parse(text) as { error: { message: string; status: string } }
    expect(error.message).toBe(sent.error.message)
    // A bad key is a 400 of Google's, and a 401 of everybody else's.
    expect(error.status).toBe(text.includes('API_KEY_INVALID') ? 401 : each.status)
    const { body } = format.encodeError(error, 'req-1')
    expect(format.decodeError(error.status, parseDocument(body))).toEqual(error)
  })
})

test.each(CASES.filter(each => each.method === 'GET'))('the models of $name come back', each => {
  const models = format.decodeModels(parseDocument(each.responseText))
  expect(models.length).toBeGreaterThan(0)
  expect(models[0]).toEqual({
    id: 'gemini-2.5-flash',
    displayName: 'Gemini 2.5 Flash',
    contextWindow: 1_048_576,
    maxOutputTokens: 65_536,
  })
  expect(format.decodeModels(parseDocument(format.encodeModels(models)))).toEqual(models)
})

test.each(POSTED.filter(each => operationOf(each) === 'count-tokens'))('the count of $name is read', each => {
  const tokens = format.decodeTokenCount(parseDocument(each.responseText))
  expect(tokens).toBe((JSON.parse(each.responseText) as { totalTokens: number }).totalTokens)
})

function operationOf({ path }: RecordedCase): Exclude<Operation, 'list-models'> {
  if (path.endsWith(':countTokens')) return 'count-tokens'
  return /:(?:batchEmbedContents|embedContent)$/.test(path) ? 'embed' : 'generate'
}

function observationOf({ model, usage, candidates }: Completion): unknown {
  return { model, ...(usage ? { usage } : {}), finish: candidates[0]?.finish.reason }
}

/** The client is told the order of candidates and their numbers even where Vertex leaves them out. */
function likeReply(body: unknown): unknown {
  const reply = body as { candidates?: { index?: number; finishReason?: unknown }[] }
  const candidates = reply.candidates?.map((candidate, index) => ({
    index,
    ...candidate,
    // The enum's number and its name.
    finishReason: candidate.finishReason === 1 ? 'STOP' : candidate.finishReason,
  }))
  return { ...reply, candidates }
}

function spokenText(stream: string): string {
  interface Chunk {
    candidates?: { content?: { parts?: { text?: string; thought?: boolean }[] } }[]
  }
  return framesOf(stream)
    .flatMap(({ data }) => (JSON.parse(data) as Chunk).candidates ?? [])
    .flatMap(({ content }) => content?.parts ?? [])
    .map(({ text, thought }) => (thought ? '' : (text ?? '')))
    .join('')
}
