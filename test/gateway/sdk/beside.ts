/** What an SDK makes of an answer when it asks the provider itself, and when it asks through the gateway. */
import { expect } from 'vitest'
import { replay } from '../../support/replay.ts'
import type { RecordedCase } from '../../support/traffic.ts'
import type { Act } from '../../support/upstream.ts'
import { CLIENT_KEY } from './client.ts'
import { SdkStage, type Spoken } from './stage.ts'

/** An SDK cannot tell the gateway from the provider: all that it makes of either is the same. */
export class Beside implements AsyncDisposable {
  readonly #stage: SdkStage
  readonly #format: Spoken

  private constructor(stage: SdkStage, format: Spoken) {
    this.#stage = stage
    this.#format = format
  }

  static async start(format: Spoken): Promise<Beside> {
    return new Beside(await SdkStage.start('client', 'leave'), format)
  }

  /**
   * Asks both, expects the same of both, and that the provider was asked the same by both.
   * @param ask puts the question with an SDK at this address; @returns all that the SDK gave
   * @returns what the SDK gave; what it threw, as a record
   */
  async both(answer: RecordedCase | Act, ask: (url: string) => Promise<unknown>): Promise<unknown> {
    const { upstream } = this.#stage
    upstream.otherwise('requestText' in answer ? replay(answer, { seed: 7 }) : answer)
    const before = upstream.requests.length
    const direct = await outcome(ask(upstream.url))
    const between = upstream.requests.length
    const through = await outcome(ask(this.#stage.urlTo(this.#format)))
    expect(through).toEqual(direct)
    const asked = upstream.requests.map(({ method, url, body }) => ({ method, url, body: body.toString() }))
    expect(asked.slice(between)).toEqual(asked.slice(before, between))
    expect(JSON.stringify(upstream.requests.at(-1)?.rawHeaders)).toContain(CLIENT_KEY)
    return direct
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stage[Symbol.asyncDispose]()
  }
}

async function outcome(asking: Promise<unknown>): Promise<unknown> {
  try {
    return plain(await asking)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const { name, message, status, code, type, error: body } = error as Error & Record<string, unknown>
    return { thrown: error.constructor.name, name, message, status, code, type, body: plain(body) }
  }
}

/** Without what belongs to one exchange: headers and ids of requests. */
function plain(value: unknown): unknown {
  if (value === undefined) return undefined
  return JSON.parse(JSON.stringify(value, (key, inner) => (PER_EXCHANGE.has(key) ? undefined : inner)))
}

const PER_EXCHANGE: ReadonlySet<string> = new Set(['_request_id', 'sdkHttpResponse'])

export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const pieces: T[] = []
  for await (const piece of stream) pieces.push(piece)
  return pieces
}
