/** `reply.observe`: events are seen as they pass, and the bytes are those of the provider. */
import { expect, test } from 'vitest'
import type { ReplyEvent } from '../../src/contract.ts'
import type { EngineReply } from '../../src/pipeline/reply.ts'
import { deliver } from '../../src/testing/deliver.ts'
import { plainFormat } from '../../src/testing/plain-format.ts'
import { recordingLog } from '../../src/testing/recorder.ts'
import { Script } from '../../src/testing/script.ts'
import { type CallSketch, testCall } from '../../src/testing/test-call.ts'

async function replyTo(sketch: CallSketch): Promise<EngineReply> {
  const format = plainFormat({ losses: {}, decoded: 0 })
  const world = { providers: { main: 'openai-chat' }, format, log: recordingLog([]), created: 1 }
  const script = new Script([sketch.operation === 'count-tokens' ? { tokens: 3 } : { text: 'hello' }], () => {})
  return (await script.next(testCall(sketch, 0, world).call)) as EngineReply
}

test.each([true, false])('all events are seen, streamed: %s', async stream => {
  const plain = await deliver(await replyTo({ stream }), 'all')
  const seen: ReplyEvent[] = []
  const reply = (await replyTo({ stream })).observe(event => seen.push(event))
  expect((await deliver(reply, 'all')).events).toEqual(plain.events)
  expect(seen).toEqual(plain.events)
})

test('whole bytes are the very ones that came', async () => {
  const reply = (await replyTo({})).observe(() => {})
  const { body } = reply.origin
  expect(reply.whole().bytes).toBe(body.kind === 'whole' ? body.bytes : undefined)
})

test('chunks of a stream are the very ones that came', async () => {
  const encode = new Error('the encoder was asked')
  const reply = (await replyTo({ stream: true })).observe(() => {})
  const format = plainFormat({ losses: {}, decoded: 0 })
  Object.assign(reply.exchange.surroundings.formats.get('openai-chat') ?? {}, {
    ...format,
    encodeStream: () => {
      throw encode
    },
  })
  expect((await deliver(reply, 'all')).text).toBe('hello')
})

test('an observer sees what maps before it have made, and not what those behind it make', async () => {
  const seen: string[] = []
  const shouted = (event: ReplyEvent): ReplyEvent =>
    event.type === 'text-delta' ? { ...event, text: `${event.text}!` } : event
  const reply = (await replyTo({ stream: true }))
    .map(shouted)
    .observe(event => void (event.type === 'text-delta' && seen.push(event.text)))
    .map(shouted)
  expect((await deliver(reply, 'all')).text).toBe('hello!!')
  expect(seen).toEqual(['hello!'])
})

test('an observer that throws breaks the reply off, as any processor that fails', async () => {
  const reply = (await replyTo({ stream: true })).observe(event => {
    if (event.type === 'text-delta') throw new Error('a bug')
  })
  expect((await deliver(reply, 'all')).broken).toMatchObject({ message: 'a bug' })
})

test('a count of tokens has no events to see', async () => {
  const seen: ReplyEvent[] = []
  const reply = (await replyTo({ operation: 'count-tokens' })).observe(event => seen.push(event))
  expect((await deliver(reply, 'all')).tokens).toBe(3)
  expect(seen).toEqual([])
})
