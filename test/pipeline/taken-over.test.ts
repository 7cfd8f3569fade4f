/** A reply that a step reads itself (`reply.events`) lives as long as somebody may read it, and no longer. */
import { expect, test } from 'vitest'
import type { Processor, ReplyEvent } from '../../src/contract.ts'
import { compose } from '../../src/pipeline/compose.ts'
import type { Step } from '../../src/pipeline/step.ts'
import { deliver } from '../../src/testing/deliver.ts'
import { plainFormat } from '../../src/testing/plain-format.ts'
import { recordingLog } from '../../src/testing/recorder.ts'
import { Script } from '../../src/testing/script.ts'
import { testCall } from '../../src/testing/test-call.ts'

function step(label: string, handle: Processor['handle']): Step {
  return { name: label, label, processor: { handle }, deadlineMs: 5000, observe: () => {} }
}

async function* passedOn(events: AsyncIterable<ReplyEvent>): AsyncGenerator<ReplyEvent> {
  yield* events
}

const reading = step('reading', async (call, next) => call.answer({ events: passedOn((await next(call)).events) }))

function scene(steps: readonly Step[]) {
  const script = new Script([{ text: 'hello' }], () => {})
  const format = plainFormat({ losses: {}, decoded: 0 })
  const world = { providers: { main: 'openai-chat' }, format, log: recordingLog([]), created: 1 }
  const { call, lifetime } = testCall({ stream: true }, 0, world)
  return { script, lifetime, reply: compose(steps, script.next)(call) }
}

test('it is still there when the step has returned', async () => {
  const { script, reply } = scene([reading])
  expect((await deliver((await reply) as never, 'all')).text).toBe('hello')
  expect(script.replies[0]?.end.outcome).toBe('completed')
})

test('it ends when its reader leaves', async () => {
  const { script, reply } = scene([reading])
  await deliver((await reply) as never, 'half')
  await script.replies[0]?.ended
  expect(script.cancelled).toBe(1)
})

test('it ends when the step fails', async () => {
  const failing = step('failing', async (call, next) => {
    passedOn((await next(call)).events)
    throw new Error('no')
  })
  const { script, reply } = scene([failing])
  await expect(reply).rejects.toThrow('processor "failing" threw Error')
  expect(script.replies[0]?.end.outcome).toBe('abandoned')
})

test('it ends with the call when nobody ever reads it', async () => {
  const failing = step('outer', async (call, next) => {
    await next(call)
    throw new Error('no')
  })
  const { script, reply, lifetime } = scene([failing, reading])
  await expect(reply).rejects.toThrow('processor "outer" threw Error')
  lifetime.end()
  expect(script.replies[0]?.end.outcome).toBe('abandoned')
  expect(script.cancelled).toBe(1)
})
