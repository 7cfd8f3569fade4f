import { expect, test } from 'vitest'
import type { Identity } from '../../src/contract.ts'
import type { EngineCall } from '../../src/pipeline/call.ts'
import { type Provider, sendTo } from '../../src/pipeline/providers.ts'
import { plainFormat } from '../../src/testing/plain-format.ts'
import { recordingLog } from '../../src/testing/recorder.ts'
import { testCall } from '../../src/testing/test-call.ts'

const sent: string[] = []

function provider(name: string): Provider {
  const send = async (call: EngineCall) => {
    sent.push(name)
    return call.answer({ text: name })
  }
  return { facts: { name, format: 'openai-chat' }, send } as Provider
}

const send = sendTo(new Map(['one', 'two'].map(name => [name, provider(name)])))

function callOf(identity: Identity | undefined, to: string): EngineCall {
  const format = plainFormat({ losses: {}, decoded: 0 })
  const world = { providers: { one: 'openai-chat', two: 'openai-chat' }, format, log: recordingLog([]), created: 1 }
  const { call } = testCall({ model: 'asked-for', ...(identity ? { identity } : {}) }, 0, world)
  return call.with({ provider: to, model: 'rewritten' })
}

test('a call goes to the provider that it is heading for', async () => {
  sent.length = 0
  await send(callOf(undefined, 'two'))
  await send(callOf({ name: 'a' }, 'one'))
  await send(callOf({ name: 'a', providers: ['two'] }, 'two'))
  expect(sent).toEqual(['two', 'one', 'two'])
})

test('a key that is limited to other providers does not reach it, and learns nothing of it', async () => {
  sent.length = 0
  await expect(send(callOf({ name: 'a', providers: ['two'] }, 'one'))).rejects.toMatchObject({
    status: 404,
    code: 'model_not_found',
    message: 'The model "asked-for" does not exist or you do not have access to it.',
  })
  await expect(send(callOf({ name: 'a', providers: [] }, 'one'))).rejects.toMatchObject({ code: 'model_not_found' })
  expect(sent).toEqual([])
})

test('a provider that there is not is refused', async () => {
  await expect(send(callOf(undefined, 'three'))).rejects.toMatchObject({ code: 'provider_not_found' })
})
