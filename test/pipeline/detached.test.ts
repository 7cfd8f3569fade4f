/** `call.detach`: a copy that outlives its call and that its call does not wait for. */
import { expect, test } from 'vitest'
import type { Call, Next, Reply } from '../../src/contract.ts'
import type { EngineCall } from '../../src/pipeline/call.ts'
import { compose } from '../../src/pipeline/compose.ts'
import type { EngineReply } from '../../src/pipeline/reply.ts'
import { deliver } from '../../src/testing/deliver.ts'
import { plainFormat } from '../../src/testing/plain-format.ts'
import { recordingLog } from '../../src/testing/recorder.ts'
import { Script, type ScriptedReply } from '../../src/testing/script.ts'
import { testCall } from '../../src/testing/test-call.ts'

type Handle = (call: Call, next: Next) => Promise<Reply>

function scene(handle: Handle, replies: readonly ScriptedReply[] = [{ text: 'hello' }]) {
  const script = new Script(replies, () => {})
  const format = plainFormat({ losses: {}, decoded: 0 })
  const world = { providers: { main: 'openai-chat', other: 'openai-chat' }, format, log: recordingLog([]), created: 1 }
  const { call, lifetime } = testCall({ stream: true }, 0, world)
  const step = { name: 's', label: 's', processor: { handle }, deadlineMs: 5000, observe: () => {} }
  return { script, call, lifetime, run: () => compose([step], script.next)(call) as Promise<EngineReply> }
}

test('goes on when its call is answered, and may even begin then', async () => {
  const late = Promise.withResolvers<Reply>()
  const signal = new AbortController().signal
  const { run, script } = scene(async (call, next) => {
    const copy = call.detach(signal).with({ provider: 'other' })
    setTimeout(() => late.resolve(next(copy)))
    return call.answer({ text: 'at once' })
  })
  expect((await deliver(await run(), 'all')).text).toBe('at once')
  expect((await deliver((await late.promise) as EngineReply, 'all')).text).toBe('hello')
  expect(script.sent[0]?.provider).toBe('other')
})

test('does not end with its client, but with its signal', async () => {
  const controller = new AbortController()
  const copies: Promise<Reply>[] = []
  const { run, lifetime, call } = scene(
    async (own, next) => {
      copies.push(next(own.detach(controller.signal)))
      return next(own)
    },
    [{ hangs: true }],
  )
  const running = run()
  lifetime.abort(new Error('the client left'))
  await expect(running).rejects.toThrow('the client left')
  expect(call.signal.aborted).toBe(true)
  const [copy] = copies
  expect(await Promise.race([copy, Promise.resolve('still running')])).toBe('still running')
  controller.abort(new Error('enough'))
  await expect(copy).rejects.toThrow('enough')
})

test('leaves no trace in its call', async () => {
  const copies: EngineCall[] = []
  const { run, call, lifetime } = scene(async (own, next) => {
    const copy = own.detach(new AbortController().signal) as EngineCall
    copy.exchange.trail.attempt('other', 'm')
    copies.push(copy)
    return next(own)
  })
  await deliver(await run(), 'all')
  expect([call.exchange.trail.attempts, call.exchange.trail.provider]).toEqual([1, 'main'])
  lifetime.abort(new Error('the client left'))
  expect(copies[0]?.signal.aborted).toBe(false)
  expect(copies[0]?.conversation).toEqual(call.conversation)
})

test('lets go of its signal when its reply has ended', async () => {
  const controller = new AbortController()
  const copies: EngineCall[] = []
  const { run } = scene(async (own, next) => {
    const copy = own.detach(controller.signal) as EngineCall
    copies.push(copy)
    const reply = await next(copy)
    for await (const _ of reply.events);
    return next(own)
  })
  await deliver(await run(), 'all')
  controller.abort(new Error('too late'))
  expect(copies[0]?.exchange.lifetime.reason).toBeUndefined()
})
