/** A step may give up one attempt of a call, and nothing else of it. */
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Lifetime } from '../../src/pipeline/lifetime.ts'
import { CHAT, gatewayFor, seriesOf } from '../gateway/dialects.ts'
import { startTestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { startUpstream } from '../support/upstream.ts'

describe('a life within a life', () => {
  it('ends with the outer one', () => {
    const outer = new Lifetime()
    const inner = outer.within(new AbortController().signal)
    const reason = new Error('the client left')
    outer.abort(reason)
    expect([inner.reason, inner.signal.reason]).toEqual([reason, reason])
  })

  it('ends by itself, and the outer one goes on', () => {
    const outer = new Lifetime()
    const controller = new AbortController()
    const inner = outer.within(controller.signal)
    const told: Error[] = []
    inner.onAbort(reason => told.push(reason))
    controller.abort(new Error('too slow'))
    expect([inner.reason?.message, outer.reason, told.length]).toEqual(['too slow', undefined, 1])
  })

  it('may have ended before it began', () => {
    expect(new Lifetime().within(AbortSignal.abort(new Error('no'))).reason?.message).toBe('no')
    const outer = new Lifetime()
    outer.abort(new Error('over'))
    expect(outer.within(new AbortController().signal).reason?.message).toBe('over')
  })

  it('has an Error as its reason, whatever the signal says', () => {
    expect(new Lifetime().within(AbortSignal.abort('enough')).reason).toBeInstanceOf(Error)
  })

  it('leaves no listener behind on a signal that lives longer', () => {
    const { signal } = new AbortController()
    const outer = new Lifetime()
    outer.within(signal).within(signal)
    expect(getEventListeners(signal, 'abort')).toHaveLength(2)
    outer.end()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('keeps the sooner deadline', () => {
    const outer = new Lifetime()
    outer.limitTo(1000)
    const inner = outer.within(new AbortController().signal)
    inner.limitTo(2000)
    expect(inner.deadline).toBe(1000)
    inner.limitTo(500)
    expect([inner.deadline, outer.deadline]).toEqual([500, 1000])
  })
})

const ONLY = 'options: { type: "object", properties: {}, additionalProperties: false }, examples: []'

/** A processor that gives its first attempt up: at once, or when its reply has begun. */
const IMPATIENT = `
export default { summary: 'Impatient.', ${ONLY}, setup: () => ({
  async handle(call, next) {
    const first = new AbortController()
    const asked = next(call.with({ signal: first.signal }))
    if (call.model === 'begun') {
      const reply = await asked
      setImmediate(() => first.abort(new Error('enough')))
      return reply
    }
    first.abort(new Error('enough'))
    const failure = await asked.catch(error => error)
    return call.answer({ text: failure.failure ?? failure.message })
  },
}) }`

async function withImpatience(upstream: string, use: (url: string, metrics: () => Promise<string>) => Promise<void>) {
  const steps = '[[pipelines.main.processors]]\nuse = "impatient"\n\n[[pipelines.main.processors]]\nuse = "retry"'
  await using gateway = await startTestGateway(gatewayFor(CHAT, { provider: upstream, steps }), {
    files: { 'processors/impatient.js': IMPATIENT },
  })
  await use(gateway.url, () => gateway.metrics())
}

it('an attempt that is given up before its reply is not tried again, and the step goes on', async () => {
  await using upstream = await startUpstream()
  upstream.otherwise({ hang: true })
  await withImpatience(upstream.url, async (url, metrics) => {
    const reply = await post(url + CHAT.path(false), CHAT.request(false))
    expect([reply.status, await reply.text()]).toEqual([200, expect.stringContaining('canceled')])
    const labels = { provider: 'up', result: 'canceled' }
    expect(seriesOf(await metrics(), 'sluice_upstream_attempts_total', labels)).toBe(1)
  })
  await upstream.idle()
})

it('a reply that is given up after it has begun ends with an error, and so does its connection', async () => {
  await using upstream = await startUpstream({ chunks: [CHAT.preamble, CHAT.piece('half')], ending: 'stall' })
  await withImpatience(upstream.url, async url => {
    const reply = await post(url + CHAT.path(true), { ...CHAT.request(true), model: 'begun' })
    const stream = await reply.text()
    expect([CHAT.textOf(stream), CHAT.isFinished(stream)]).toEqual(['half', false])
    expect(CHAT.errorIn(stream)).toBeTruthy()
  })
  await upstream.idle()
})
