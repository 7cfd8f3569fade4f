/** `call.with({ fields })`: single fields on the wire, with every other change of a call beside them. */
import { describe, expect, test } from 'vitest'
import type { CallChanges, FieldChange } from '../../src/contract.ts'
import type { EngineCall } from '../../src/pipeline/call.ts'
import { plainFormat } from '../../src/testing/plain-format.ts'
import { recordingLog } from '../../src/testing/recorder.ts'
import { testCall } from '../../src/testing/test-call.ts'

function callOf(operation: 'generate' | 'list-models' = 'generate'): EngineCall {
  const format = plainFormat({ losses: { call: [{ path: 'a', action: 'dropped', reason: 'no' }] }, decoded: 0 })
  const world = { providers: { main: 'openai-chat', other: 'gemini' }, format, log: recordingLog([]), created: 1 }
  return testCall({ operation, prompt: 'hi' }, 0, world).call
}

const set = (pointer: string, json: string): FieldChange => ({ pointer, mode: 'force', json })

function bodyAfter(call: EngineCall, changes: CallChanges): Readonly<Record<string, unknown>> {
  return JSON.parse(call.with(changes).body?.bytes.toString() ?? 'null') as Readonly<Record<string, unknown>>
}

describe('fields', () => {
  test('are changed one after the other', () => {
    const fields = [
      set('/x/y', '1'),
      set('/x', '{"z":2}'),
      { pointer: '/stop', mode: 'remove' },
      set('/x/y', '3'),
    ] as const
    expect(bodyAfter(callOf(), { fields })).toMatchObject({ x: { z: 2, y: 3 } })
  })

  test('go with other changes of the call', () => {
    const body = bodyAfter(callOf(), { model: 'new', maxOutputTokens: 7, fields: [set('/x', '1')] })
    expect(body).toMatchObject({ model: 'new', max_output_tokens: 7, x: 1 })
  })

  test('are written into a conversation that was changed, whose losses stay known', () => {
    const call = callOf()
    const changed = call.with({
      conversation: { ...call.conversation, turns: [] },
      fields: [set('/conversation/endUser', '"me"')],
    })
    expect(changed.conversation).toMatchObject({ turns: [], endUser: 'me' })
    expect(changed.losses).toHaveLength(1)
  })

  test('are seen by whoever looks at the call afterwards', () => {
    const call = callOf()
    expect(call.conversation.endUser).toBeUndefined()
    const changed = call.with({ fields: [set('/conversation/endUser', '"me"'), set('/max_output_tokens', '9')] })
    expect([changed.conversation.endUser, changed.maxOutputTokens]).toEqual(['me', 9])
    expect(call.conversation.endUser).toBeUndefined()
  })

  test('keep the very bytes where nothing is to be done', () => {
    const call = callOf()
    expect(call.with({ fields: [] }).body).toBe(call.body)
    expect(call.with({ fields: [{ pointer: '/nothing/here', mode: 'remove' }] }).body).toBe(call.body)
  })

  test('have nowhere to stand in a call without a body', () => {
    expect(callOf('list-models').with({ fields: [set('/x', '1')] }).body).toBeUndefined()
  })

  test.each([
    ['the model', set('/model', '"x"'), 'use call.with({ model })'],
    ['stream', set('/stream', 'true'), 'cannot be changed as a field'],
    ['what is no JSON', set('/x', 'red'), 'JSON'],
    ['what is no pointer', set('x', '1'), 'does not begin with "/"'],
  ])('cannot be %s', (_, field, words) => expect(() => callOf().with({ fields: [field] })).toThrow(words))

  test('refuse a client that sent no object', () => {
    expect(() => callOf().with({ fields: [set('/model/x', '1')] })).toThrow(
      expect.objectContaining({ status: 400, code: 'invalid_request', param: 'model' }),
    )
  })
})
