/** A provider's refusal reaches each SDK as the error class that it has for it, whatever format the provider speaks. */
import Anthropic from '@anthropic-ai/sdk'
import { ApiError } from '@google/genai'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SdkClient } from './sdk/client.ts'
import { CLIENTS } from './sdk/clients.ts'
import { beginAs, refuseAs } from './sdk/providers.ts'
import { MODELS, SdkStage, SPOKEN, type Spoken } from './sdk/stage.ts'
import type { Said } from './sdk/talk.ts'

const PAIRS = CLIENTS.flatMap(client => SPOKEN.map(to => ({ client, from: client.format, to })))
const WORDS = 'in the words of the provider'

type ErrorClass = abstract new (...values: never[]) => Error

const OPENAI: Readonly<Record<number, ErrorClass>> = {
  400: OpenAI.BadRequestError,
  401: OpenAI.AuthenticationError,
  403: OpenAI.PermissionDeniedError,
  404: OpenAI.NotFoundError,
  409: OpenAI.ConflictError,
  422: OpenAI.UnprocessableEntityError,
  429: OpenAI.RateLimitError,
  500: OpenAI.InternalServerError,
  529: OpenAI.InternalServerError,
}

const CLASSES: Readonly<Record<Spoken, Readonly<Record<number, ErrorClass>>>> = {
  'openai-chat': OPENAI,
  'openai-responses': OPENAI,
  'anthropic-messages': {
    400: Anthropic.BadRequestError,
    401: Anthropic.AuthenticationError,
    403: Anthropic.PermissionDeniedError,
    404: Anthropic.NotFoundError,
    409: Anthropic.ConflictError,
    422: Anthropic.UnprocessableEntityError,
    429: Anthropic.RateLimitError,
    500: Anthropic.InternalServerError,
    529: Anthropic.OverloadedError,
  },
  gemini: Object.fromEntries(Object.keys(OPENAI).map(status => [status, ApiError])),
}

/** 529 is Anthropic's own; OpenAI's clients know the same thing as 503. */
function statusFor(from: Spoken, to: Spoken, status: number): number {
  return status === 529 && from.startsWith('openai') && from !== to ? 503 : status
}

async function refused(
  stage: SdkStage,
  client: SdkClient,
  to: Spoken,
  status: number,
  stream: boolean,
): Promise<unknown> {
  stage.upstream.otherwise(refuseAs(to, status, WORDS))
  const asking = client.ask(stage.urlTo(to), MODELS[to], { turns: [{ user: 'hi' }] }, stream)
  return asking.then(
    said => Promise.reject(new Error(`not refused: ${JSON.stringify(said)}`)),
    error => error,
  )
}

describe.each(PAIRS)('the SDK for $from, refused by a provider of $to', ({ client, from, to }) => {
  let stage: SdkStage
  beforeAll(async () => {
    stage = await SdkStage.start('client')
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  describe.each(Object.entries(CLASSES[from]))('with %s', (status, expected) => {
    it.each([false, true])('throws its own class; streamed: %s', async stream => {
      const error = await refused(stage, client, to, Number(status), stream)
      expect(error).toBeInstanceOf(expected)
      expect(error).toHaveProperty('status', statusFor(from, to, Number(status)))
      expect((error as Error).message).toContain(WORDS)
    })
  })
})

describe.each(PAIRS)('the SDK for $from, left by a provider of $to in the middle of a stream', ({ client, to }) => {
  it.each([
    ['with a broken connection', 'cut'],
    ['with a proper end of the connection, but none of the stream', 'complete'],
  ] as const)('%s, throws', async (_, ending) => {
    await using stage = await SdkStage.start()
    const said: Said = { text: 'Hello there', calls: [], finish: 'stop', usage: { input: 1, cached: 0, output: 1 } }
    stage.upstream.otherwise(beginAs(to, said, ending))
    const asking = client.ask(stage.urlTo(to), MODELS[to], { turns: [{ user: 'hi' }] }, true)
    await expect(asking).rejects.toThrow(/The provider .*(ended .* before|broke the connection)/)
  })
})

describe.each(CLIENTS)('the SDK for $format', client => {
  it.each([401, 403])('is not told to sign in when %s was about the key of the gateway', async status => {
    await using stage = await SdkStage.start()
    for (const to of SPOKEN) {
      const error = await refused(stage, client, to, status, false)
      expect(error).toHaveProperty('status', 502)
      expect((error as Error).message).not.toContain(WORDS)
    }
  })
})
