/** Recorded exchanges with OpenAI, Azure, Copilot, OpenRouter, xAI and DeepSeek, through the canonical view and back. */
import { describe, expect, test } from 'vitest'
import { eventsOf } from '../../../src/formats/completion.ts'
import format from '../../../src/formats/openai-responses/format.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { grammarViolations } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import { recordedReplies } from '../../support/recorded-replies.ts'
import { recordedCases } from '../../support/traffic.ts'
import { asked, eventsOfStream, type Fields, gathered, replyContext, sent, streamOf } from './exchange.ts'
import { likeCompletion, likeReply, likeRequest } from './likeness.ts'

const CASES = recordedCases('openai-responses')
const REPLIES = [
  ...CASES.map(each => ({
    name: each.name,
    status: each.status,
    stream: each.responseIsStream,
    text: each.responseText,
    request: JSON.parse(each.requestText) as Fields,
    counts: each.path.endsWith('/input_tokens'),
  })),
  ...recordedReplies('openai-responses').map(each => ({ ...each, request: {}, counts: false })),
]
const ANSWERED = REPLIES.filter(each => each.status === 200 && !each.counts)
const STREAMS = ANSWERED.filter(each => each.stream)
const isFailed = (each: { readonly text: string }) => each.text.includes('event: response.failed')

test('there are recordings to test with', () => {
  expect(CASES.length).toBeGreaterThan(0)
})

describe('requests', () => {
  test.each(CASES)('$name passes the schema', ({ requestText }) => {
    bodyCheck(format.schemas.generate ?? {})(JSON.parse(requestText))
  })

  test.each(CASES)('$name comes back meaning the same', ({ requestText, path }) => {
    const body = JSON.parse(requestText) as Fields
    const operation = path.endsWith('/input_tokens') ? 'count-tokens' : 'generate'
    const { json, losses } = sent(asked(requestText), {
      operation,
      stream: body.stream === true,
      model: String(body.model),
    })
    expect(likeRequest(json)).toEqual(likeRequest(body))
    expect(losses).toEqual([])
  })
})

describe('whole replies', () => {
  test.each(ANSWERED.filter(each => !each.stream))('$name decodes, is observed alike, and comes back', each => {
    const document = parseDocument(each.text)
    const events = format.decodeReply(document, 'generate')
    expect(grammarViolations(events)).toEqual([])
    const completion = gathered(events)
    const { usage, candidates, model } = completion
    const observed = { model, finish: candidates[0]?.finish.reason, ...(usage ? { usage } : {}) }
    expect(format.observeReply(document, 'generate')).toEqual(observed)
    const { body, losses } = format.encodeReply(completion, replyContext(each.request, model))
    expect(likeReply(JSON.parse(body))).toEqual(likeReply(JSON.parse(each.text)))
    expect(losses).toEqual([])
  })
})

describe('streams', () => {
  test.each(STREAMS)('$name decodes and keeps the canonical grammar', each => {
    const events = eventsOfStream(each.text)
    expect(grammarViolations(events)).toEqual([])
    expect(events.at(-1)?.type).toBe(isFailed(each) ? 'error' : 'end')
  })

  test.each(STREAMS.filter(each => !isFailed(each)))('$name tells what its last event holds', each => {
    const completion = gathered(eventsOfStream(each.text))
    const last = framesOf(each.text).findLast(frame => frame.data.includes('"usage":{'))
    const whole = first(each.text) ?? JSON.parse(last?.data ?? '{}').response
    const { body } = format.encodeReply(completion, replyContext(each.request, completion.model))
    expect(likeItems(JSON.parse(body))).toEqual(likeItems(whole))
  })

  test.each(STREAMS.filter(each => !isFailed(each)))('$name says the same once encoded and decoded again', each => {
    const events = eventsOfStream(each.text)
    const completion = gathered(events)
    const again = eventsOfStream(streamOf(events, replyContext(each.request, completion.model)))
    expect(grammarViolations(again)).toEqual([])
    expect(likeCompletion(gathered(again))).toEqual(likeCompletion(completion))
    const whole = eventsOfStream(streamOf(eventsOf(completion), replyContext(each.request, completion.model)))
    expect(likeCompletion(gathered(whole))).toEqual(likeCompletion(completion))
  })

  test.each(STREAMS)('$name is observed as it is decoded', each => {
    const events = eventsOfStream(each.text)
    const observer = format.observeStream()
    const signs = framesOf(each.text).map(frame => observer.frame(frame))
    const { usage, candidates, model } = gathered(events)
    const failure = events.find(event => event.type === 'error')
    expect(observer.observation).toEqual(
      failure
        ? { model: observer.observation.model, error: failure.error }
        : { model, finish: candidates[0]?.finish.reason, ...(usage ? { usage } : {}) },
    )
    expect(signs.filter(sign => sign === (failure ? 'error' : 'terminal'))).toHaveLength(1)
    expect(signs[0]).toBe('preamble')
    if (!failure) expect(signs).toContain('content')
  })
})

describe('errors', () => {
  test.each(REPLIES.filter(each => each.status !== 200))('$name is understood', each => {
    const error = format.decodeError(each.status, parseDocument(each.text))
    expect(error.status).toBe(each.status)
    expect(error.message.length).toBeGreaterThan(5)
    const { status, body } = format.encodeError(error, 'req-1')
    expect(status).toBe(each.status)
    expect(format.decodeError(status, parseDocument(body))).toMatchObject({ kind: error.kind, message: error.message })
  })
})

test.each(REPLIES.filter(each => each.counts))('$name counts tokens', each => {
  const tokens = format.decodeTokenCount(parseDocument(each.text))
  expect(tokens).toBeGreaterThan(0)
  expect(JSON.parse(format.encodeTokenCount(tokens ?? 0))).toEqual(JSON.parse(each.text))
})

/** The response of the first terminal event: one recording holds two replies. */
function first(text: string): Fields | undefined {
  const frame = framesOf(text).find(({ event }) => event === 'response.completed' || event === 'response.incomplete')
  return frame === undefined ? undefined : JSON.parse(frame.data).response
}

/** The output of a response, without what differs between the events of one stream. */
function likeItems(response: Fields): unknown {
  const { output } = likeReply(response) as { output: Fields[] }
  // Copilot gives an item another id and another state in each event.
  return output.map(({ id: _, encrypted_content, ...item }) => ({
    ...item,
    encrypted: encrypted_content !== undefined,
  }))
}
