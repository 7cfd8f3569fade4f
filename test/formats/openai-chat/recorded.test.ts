/** Recorded exchanges with OpenAI and 26 compatible servers, through the canonical view and back. */
import { describe, expect, test } from 'vitest'
import format from '../../../src/formats/openai-chat/format.ts'
import { openaiCode } from '../../../src/formats/openai-errors.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { grammarViolations } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import { recordedReplies } from '../../support/recorded-replies.ts'
import { type RecordedCase, recordedCases } from '../../support/traffic.ts'
import { decodeInput, encodeTarget, eventsOfStream, gathered, replyContext, streamOf } from './exchange.ts'
import { likeCompletion, likeReply, likeRequest } from './likeness.ts'

const CASES = [...recordedCases('openai-chat'), ...recordedCases('openai-compatible')]
const GENERATE = CASES.filter(each => each.requestText.trim() !== 'null')
const ANSWERED = GENERATE.filter(each => each.status === 200)

test('there are recordings to test with', () => {
  expect(GENERATE.length).toBeGreaterThan(0)
})

describe('requests', () => {
  test.each(GENERATE)('$name passes the schema', ({ requestText }) => {
    const check = bodyCheck(format.schemas.generate ?? {})
    // Azure names the model in the path.
    check({ model: 'in-the-path', ...(JSON.parse(requestText) as object) })
  })

  test.each(GENERATE)('$name comes back meaning the same', ({ requestText, dialect }) => {
    const conversation = format.decodeRequest(decodeInput(requestText))
    const asked = JSON.parse(requestText) as Record<string, unknown>
    const target = encodeTarget({ dialect, stream: asked.stream === true, model: String(asked.model) })
    const { body, losses } = format.encodeRequest(conversation, target)
    expect(likeRequest(JSON.parse(body))).toEqual(likeRequest({ model: 'undefined', ...asked }))
    expect(losses).toEqual([])
  })
})

describe('whole replies', () => {
  const whole = ANSWERED.filter(each => !each.responseIsStream)

  test.each(whole)('$name decodes, is observed alike, and comes back meaning the same', each => {
    const document = parseDocument(each.responseText)
    const events = format.decodeReply(document, 'generate')
    expect(grammarViolations(events)).toEqual([])
    const completion = gathered(events)
    const observed = format.observeReply(document, 'generate')
    expect(observed).toEqual({
      model: completion.model,
      finish: completion.candidates[0]?.finish.reason,
      ...(completion.usage ? { usage: completion.usage } : {}),
    })
    const sent = JSON.parse(each.responseText) as Record<string, unknown>
    const { body, losses } = format.encodeReply(completion, contextOf(each, String(sent.model)))
    expect(likeReply(JSON.parse(body))).toEqual(likeReply(sent))
    expect(losses).toEqual([])
  })
})

describe('streams', () => {
  const streams = ANSWERED.filter(each => each.responseIsStream)

  test.each(streams)('$name decodes and keeps the canonical grammar', each => {
    const events = eventsOfStream(each.responseText)
    expect(grammarViolations(events)).toEqual([])
    expect(events.at(-1)?.type).toBe(each.features.includes('error-400') || isFailed(each) ? 'error' : 'end')
  })

  test.each(streams.filter(each => !isFailed(each)))('$name says the same once encoded and decoded again', each => {
    const events = eventsOfStream(each.responseText)
    const completion = gathered(events)
    const again = eventsOfStream(streamOf(events, contextOf(each, completion.model)))
    expect(likeCompletion(gathered(again))).toEqual(likeCompletion(completion))
  })

  test.each(streams)('$name is observed as it is decoded', each => {
    const events = eventsOfStream(each.responseText)
    const observer = format.observeStream()
    const signs = framesOf(each.responseText).map(frame => observer.frame(frame))
    const { usage, candidates, model } = gathered(events)
    const failure = events.find(event => event.type === 'error')
    expect(observer.observation).toEqual({
      model: each.responseText.includes('"model":""') ? observer.observation.model : model,
      ...(usage ? { usage } : {}),
      ...(failure ? { error: failure.error } : { finish: candidates[0]?.finish.reason }),
    })
    expect(signs.filter(sign => sign === (failure ? 'error' : 'terminal')).length).toBeGreaterThan(0)
  })
})

describe('errors', () => {
  test.each(GENERATE.filter(each => each.status !== 200))('$name is understood', each => {
    const error = format.decodeError(each.status, parseDocument(each.responseText))
    expect(error.status).toBe(each.status)
    expect(error.message.length).toBeGreaterThan(5)
    expect(error.code).toMatch(/^[a-zA-Z_][\w.-]*$/)
    const { body } = format.encodeError(error, 'req-1')
    // One code for what programs look for, whatever the provider called it.
    const code = openaiCode(error)
    expect(format.decodeError(each.status, parseDocument(body))).toEqual({ ...error, code })
  })
})

describe('model lists', () => {
  test.each(CASES.filter(each => each.requestText.trim() === 'null'))('$name comes back', each => {
    const models = format.decodeModels(parseDocument(each.responseText))
    expect(models.length).toBeGreaterThan(0)
    expect(format.decodeModels(parseDocument(format.encodeModels(models)))).toEqual(models)
  })
})

const REPLIES = [...recordedReplies('openai-chat'), ...recordedReplies('openai-compatible')]

describe.runIf(REPLIES.length > 0)('replies without their requests', () => {
  test.each(REPLIES.filter(each => each.stream))('$name comes back meaning the same', ({ text }) => {
    const events = eventsOfStream(text)
    expect(grammarViolations(events)).toEqual([])
    const completion = gathered(events)
    const asked = replyContext({ stream_options: { include_usage: true } }, completion.model)
    expect(likeCompletion(gathered(eventsOfStream(streamOf(events, asked))))).toEqual(likeCompletion(completion))
  })

  test.each(REPLIES.filter(each => !each.stream))('$name is understood', ({ status, text }) => {
    expect(format.decodeError(status, parseDocument(text))).toMatchObject({ status, code: 'unsupported_parameter' })
  })
})

/** An error in the middle of a 200. */
function isFailed(each: RecordedCase): boolean {
  return each.responseText.includes('event: error')
}

function contextOf(each: RecordedCase, model: string): ReturnType<typeof replyContext> {
  const body = JSON.parse(each.requestText) as Record<string, unknown>
  return replyContext({ ...body, ...(body.stream ? { stream_options: { include_usage: true } } : {}) }, model)
}
