/** A client that leaves takes its provider's connection with it, whatever formats the two speak. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Act } from '../support/upstream.ts'
import { CLIENTS } from './sdk/clients.ts'
import { beginAs } from './sdk/providers.ts'
import { MODELS, SdkStage, SPOKEN } from './sdk/stage.ts'
import type { Said } from './sdk/talk.ts'

const PAIRS = CLIENTS.flatMap(client => SPOKEN.map(to => ({ client, from: client.format, to })))
const SAID: Said = { text: 'Hello there', calls: [], finish: 'stop', usage: { input: 1, cached: 0, output: 1 } }

let stage: SdkStage
/** How long each took, in ms. */
const times: number[] = []

beforeAll(async () => {
  stage = await SdkStage.start()
})
afterAll(() => stage[Symbol.asyncDispose]())

describe.each(PAIRS)('the SDK for $from, leaving a provider of $to', ({ client, to }) => {
  async function leave(stream: boolean, act: Act, moment: 'asked' | 'began'): Promise<void> {
    const index = stage.upstream.requests.length
    stage.upstream.otherwise(act)
    const leaving = new AbortController()
    const began = Promise.withResolvers<void>()
    const watch = { signal: leaving.signal, began: () => began.resolve() }
    const asking = client.ask(stage.urlTo(to), MODELS[to], { turns: [{ user: 'hi' }] }, stream, watch)
    const thrown = asking.catch((error: unknown) => error)
    const request = await stage.upstream.request(index)
    if (moment === 'began') await began.promise
    const left = performance.now()
    leaving.abort()
    await request.aborted
    times.push(performance.now() - left)
    expect(await thrown).toBeInstanceOf(Error)
  }

  it('in the middle of a stream', () => leave(true, beginAs(to, SAID), 'began'))
  it('before a stream begins', () => leave(true, { hang: true }, 'asked'))
  it('before a whole answer', () => leave(false, { hang: true }, 'asked'))
})

it('takes less than 100 ms', () => {
  expect(times).toHaveLength(3 * PAIRS.length)
  // Of all but one in ten: what else runs on the machine may hold up a few.
  expect(times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.9)]).toBeLessThan(100)
})
