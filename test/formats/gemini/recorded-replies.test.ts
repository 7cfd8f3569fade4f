/** Replies of Google's own test data and of other collections: rare ends, errors inside streams, streamed arguments. */
import { describe, expect, test } from 'vitest'
import format from '../../../src/formats/gemini/format.ts'
import type { Completion } from '../../../src/formats/reply-events.ts'
import { TRUNCATED } from '../../../src/formats/reply-faults.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { grammarViolation } from '../../support/canonical-grammar.ts'
import { framesOf } from '../../support/frames.ts'
import { type RecordedReply, recordedReplies } from '../../support/recorded-replies.ts'
import { eventsOfStream, gathered, replyContext, streamOf } from './exchange.ts'

const REPLIES = recordedReplies('gemini')
// This one was cut by those who recorded it.
const CUT = 'vertexai-streaming-success-quotes-escaped'
const STREAMS = REPLIES.filter(each => each.stream && !each.name.endsWith(CUT))
const WHOLE = REPLIES.filter(each => !each.stream && each.status === 200)

describe.skipIf(REPLIES.length === 0)('recorded replies', () => {
  test.each(STREAMS)('$name keeps the canonical grammar, and means the same encoded and decoded again', each => {
    const events = eventsOfStream(each.text)
    expect(grammarViolation(events)).toBeUndefined()
    const completion = gathered(events)
    const again = eventsOfStream(streamOf(events, replyContext({ model: completion.model })))
    expect(likeCompletion(gathered(again))).toEqual(likeCompletion(completion))
  })

  test.each(STREAMS)('$name is observed as it is decoded', each => {
    const observer = format.observeStream()
    for (const frame of framesOf(each.text)) observer.frame(frame)
    const { model, usage, candidates } = gathered(eventsOfStream(each.text))
    const known = { ...(model === '' ? {} : { model }), ...(usage ? { usage } : {}) }
    expect(observer.observation).toEqual({ ...known, finish: candidates[0]?.finish.reason })
  })

  test.each(WHOLE)('$name comes back with all that it said', each => {
    const events = format.decodeReply(parseDocument(each.text), 'generate')
    expect(grammarViolation(events)).toBeUndefined()
    const completion = gathered(events)
    const { body, losses } = format.encodeReply(completion, replyContext({ model: completion.model }))
    const sent = JSON.parse(each.text) as { candidates?: unknown[] }
    // No candidates and an empty list of them are the same.
    if (sent.candidates?.length === 0) delete sent.candidates
    expect(JSON.parse(body)).toMatchObject(sent)
    expect(losses).toEqual([])
  })

  test.each(REPLIES.filter(each => each.status !== 200))('$name is understood as an error', each => {
    const error = format.decodeError(each.status, parseDocument(each.text))
    const sent = JSON.parse(each.text) as { error: { message: string; code: number } }
    expect(error).toMatchObject({ status: sent.error.code, message: sent.error.message })
  })

  const reply = (name: string): RecordedReply => {
    const found = REPLIES.find(each => each.name.endsWith(name))
    if (!found) throw new Error(`no recording ${name}`)
    return found
  }

  test('a stream that was cut is an error, not an answer', () => {
    const events = eventsOfStream(reply(CUT).text)
    expect(grammarViolation(events)).toBeUndefined()
    expect(events.at(-1)).toMatchObject({ type: 'error', error: TRUNCATED })
  })

  test('a blocked prompt is a filtered answer and no failure', () => {
    const { candidates } = gathered(eventsOfStream(reply('googleai-streaming-failure-prompt-blocked-safety').text))
    expect(candidates).toMatchObject([{ parts: [], finish: { reason: 'content-filter', raw: 'SAFETY' } }])
    const whole = format.decodeReply(
      parseDocument(reply('vertexai-unary-failure-prompt-blocked-safety-with-message').text),
      'generate',
    )
    expect(gathered(whole).candidates[0]?.finish.explanation).toBe('Reasons')
  })

  test('arguments that come in pieces are put together', () => {
    const { candidates } = gathered(eventsOfStream(reply('array-arguments-missing-terminal').text))
    const [call] = candidates[0]?.parts ?? []
    if (call?.type !== 'tool-call') throw new Error('no call')
    expect(call.name).toBe('writeItems')
    expect(JSON.parse(call.arguments)).toEqual({
      operations: [
        { action: 'add', description: 'Fresh red apple', itemid: 'apple_001', price: 0.5 },
        { action: 'add', description: 'Ripe yellow banana', itemid: 'banana_001', price: 0.3 },
      ],
    })
    expect(call.state).toHaveLength(1)
    expect(candidates[0]?.finish.reason).toBe('tool-calls')
  })

  test('an answer of which every chunk claims to be the last is read to its end', () => {
    const { candidates } = gathered(eventsOfStream(reply('vertexai-streaming-failure-unknown-finish-enum').text))
    const [text] = candidates[0]?.parts ?? []
    expect(text?.type === 'text' && text.text.length).toBeGreaterThan(1000)
    expect(candidates[0]?.finish).toMatchObject({ reason: 'other' })
  })

  test('what was recited is cited', () => {
    const { candidates } = gathered(eventsOfStream(reply('googleai-streaming-success-citations').text))
    const citations = candidates[0]?.parts.flatMap(part => (part.type === 'text' ? (part.citations ?? []) : []))
    expect(citations?.length).toBeGreaterThan(0)
    expect(citations?.[0]).toMatchObject({ kind: 'url', url: expect.stringMatching(/^https:/), start: 111, end: 236 })
  })
})

/** Without an id of its own a reply gets the request's; a reason that nobody knows is told as OTHER. */
function likeCompletion(completion: Completion): unknown {
  const candidates = completion.candidates.map(candidate => ({
    ...candidate,
    finish: { ...candidate.finish, raw: candidate.finish.reason === 'other' ? 'OTHER' : candidate.finish.raw },
  }))
  return { ...completion, id: '', candidates }
}
