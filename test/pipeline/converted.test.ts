/** What a converted call knows of the conversation: more than the body of its own format holds. */
import { describe, expect, it } from 'vitest'
import anthropic from '../../src/formats/anthropic-messages/format.ts'
import chat from '../../src/formats/openai-chat/format.ts'
import { Body } from '../../src/pipeline/body.ts'
import { EngineCall } from '../../src/pipeline/call.ts'
import { plainFormat } from '../../src/testing/plain-format.ts'
import { recordingLog } from '../../src/testing/recorder.ts'
import { testCall } from '../../src/testing/test-call.ts'

const TEXT = { type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }
const ASKED = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: [TEXT] }] }

function callOf(): EngineCall {
  const format = plainFormat({ losses: { call: [] }, decoded: 0 })
  const world = { providers: { main: 'openai-chat' }, format, log: recordingLog([]), created: 1 } as const
  const { exchange } = testCall({ prompt: 'hi' }, 0, world).call
  const formats = new Map([
    ['anthropic-messages', anthropic],
    ['openai-chat', chat],
  ] as const)
  const surroundings = { ...exchange.surroundings, formats }
  const body = Body.of(Buffer.from(JSON.stringify(ASKED)))
  return EngineCall.of({ ...exchange, format: 'anthropic-messages', body, surroundings }, 'main')
}

const marks = (call: EngineCall): unknown => call.conversation.turns[0]?.parts[0]?.cache

describe('a converted call', () => {
  it('knows what its client said and its body cannot say', () => {
    const converted = callOf().as('openai-chat')
    expect(converted.body?.bytes.toString()).not.toContain('ephemeral')
    expect(marks(converted)).toBeDefined()
    expect(marks(converted.with({ model: 'other' }))).toBeDefined()
    expect(Object(converted.as('anthropic-messages').body?.value).messages).toEqual(ASKED.messages)
  })

  it('is known by its body once that was changed', () => {
    const converted = callOf().as('openai-chat')
    const capped = converted.with({ maxOutputTokens: 5 })
    expect(capped.conversation.maxOutputTokens).toBe(5)
    expect(marks(capped)).toBeUndefined()
    const set = converted.with({ fields: [{ pointer: '/max_completion_tokens', mode: 'force', json: '6' }] })
    expect(set.conversation.maxOutputTokens).toBe(6)
  })

  it('is what somebody made of the conversation', () => {
    const converted = callOf().as('openai-chat')
    const turns = [{ role: 'user', parts: [{ type: 'text', text: 'Ho' }] }] as const
    const changed = converted.with({ conversation: { ...converted.conversation, turns } })
    expect(changed.conversation.turns).toEqual(turns)
    expect(changed.as('anthropic-messages').conversation.turns).toEqual(turns)
  })
})
