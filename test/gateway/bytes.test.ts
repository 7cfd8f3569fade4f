/** Where client and provider speak the same format, the gateway changes no byte that it was not told to change. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cut } from '../support/replay.ts'
import { type RecordedCase, recordedCases } from '../support/traffic.ts'
import { CLIENT_KEY, destinationOf, GATEWAY_KEY, RecordedStage, type StageOptions } from './recorded-stage.ts'
import { recordedUsage } from './recorded-usage.ts'

/** What a recording has that no client of the gateway would send, or no provider. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'openai-chat/azure-async-streaming-returns-usage-metrics':
    "names its model in Azure's own path only; clients of /v1/chat/completions name it in the body",
  'gemini/gemini-chats-tests-sendmessage-send-message-stream-with-error':
    'the body of the error is framed as an event; the client gets the same error as JSON, see below',
}

const FORMATS = [
  'anthropic-messages',
  'openai-chat',
  'openai-compatible',
  'openai-responses',
  'gemini',
  'openai-embeddings',
]

// A request that its recorder wrote anew is as good a request as any: it too has to arrive as it was sent.
const ALL = FORMATS.flatMap(recordedCases).filter(({ name }) => EXCEPTIONS[name] === undefined)

/** 401 and 403 are about the key, and the key is the gateway's own. */
const isAboutTheKey = ({ status }: RecordedCase): boolean => status === 401 || status === 403
const isStreamedChat = (recorded: RecordedCase): boolean =>
  destinationOf(recorded).parser === 'openai-chat' && recorded.responseIsStream
const hasModel = ({ method }: RecordedCase): boolean => method === 'POST'

const PASSING = ALL.filter(recorded => !isAboutTheKey(recorded))

const CUTS: readonly (readonly [name: string, cut: Cut])[] = [
  ['whole', 'whole'],
  ['frame by frame', 'frames'],
  ['in threes', { every: 3 }],
  ['at random', { seed: 20_261_120 }],
]

/** A long body in threes would take thousands of ticks and show nothing new. */
const fits = ({ responseText }: RecordedCase, cut: Cut): boolean =>
  typeof cut === 'string' || !('every' in cut) || responseText.length < 30_000

function onStage(cases: readonly RecordedCase[], options: StageOptions = {}): () => RecordedStage {
  let stage: RecordedStage
  beforeAll(async () => {
    stage = await RecordedStage.start(cases, options)
  })
  afterAll(() => stage[Symbol.asyncDispose]())
  return () => stage
}

function target({ path, query }: RecordedCase): string {
  return query === '' ? path : `${path}?${query}`
}

function contentType({ status, responseHeaders, responseIsStream }: RecordedCase): RegExp {
  if (status >= 400 && responseHeaders['content-type']?.startsWith('text/event-stream')) return /^text\/event-stream/
  return responseIsStream ? /^text\/event-stream/ : /^application\/json/
}

describe('a call whose client and provider speak the same format', () => {
  const stage = onStage(PASSING)

  it.each(PASSING)('$name goes up as it was sent', async recorded => {
    const { sent } = await stage().exchange(recorded)
    expect(sent.body.toString()).toBe(recorded.method === 'GET' ? '' : recorded.requestText)
    expect(`${sent.method} ${sent.url}`).toBe(`${recorded.method} ${target(recorded)}`)
    expect(sent.rawHeaders.join('\n')).not.toContain(CLIENT_KEY)
    expect(sent.rawHeaders.join('\n')).toContain(GATEWAY_KEY)
  })

  describe.each(CUTS)('answered %s', (_, cut) => {
    it.each(PASSING.filter(recorded => fits(recorded, cut)))('$name comes down as it was sent', async recorded => {
      const { reply, text } = await stage().exchange(recorded, cut)
      expect(text).toBe(recorded.responseText)
      expect(reply.status).toBe(recorded.status)
      expect(reply.headers['content-type']).toMatch(contentType(recorded))
    })
  })

  const successes = PASSING.filter(({ status }) => status < 400)
  it.each(successes)('$name has the usage that the provider told', async recorded => {
    const { reply } = await stage().exchange(recorded, { seed: 1 })
    expect(await stage().usageOf(reply)).toEqual(recordedUsage(recorded))
  })
})

describe('a call whose model is rewritten', () => {
  const cases = PASSING.filter(hasModel)
  const stage = onStage(cases, { model: 'another-model' })

  it.each(cases)('$name differs in its model only', async recorded => {
    const { sent, text } = await stage().exchange(recorded)
    const body = sent.body.toString()
    if (recorded.format === 'gemini') {
      // Each request of a batch of embeddings repeats the model.
      expect(body).toBe(recorded.requestText.replaceAll(/"models\/[^"]*embedding[^"]*"/g, '"models/another-model"'))
      expect(sent.url).toBe(target(recorded).replace(/(models\/)[^:/]+(:\w+)/, '$1another-model$2'))
    } else {
      const { model, ...rest } = JSON.parse(recorded.requestText)
      expect(JSON.parse(body)).toEqual({ ...rest, model: 'another-model' })
      expect(body.replace('"another-model"', JSON.stringify(model))).toBe(recorded.requestText)
      expect(sent.url).toBe(target(recorded))
    }
    expect(text).toBe(recorded.responseText)
  })
})

describe('a refusal of the key', () => {
  const cases = ALL.filter(isAboutTheKey)

  describe("that is the gateway's own", () => {
    const stage = onStage(cases)

    it.each(cases)('$name does not send the client to sign in again', async recorded => {
      const { reply, text } = await stage().exchange(recorded)
      expect(reply.status).toBe(502)
      expect(text).toContain("did not accept the gateway's key")
      expect(JSON.parse(text)).toHaveProperty('error')
    })
  })

  describe("that is the client's", () => {
    const stage = onStage(cases, { apiKey: 'client' })

    it.each(cases)('$name reaches the client as it was sent', async recorded => {
      const { reply, text, sent } = await stage().exchange(recorded)
      expect([reply.status, text]).toEqual([recorded.status, recorded.responseText])
      expect(sent.rawHeaders.join('\n')).toContain(CLIENT_KEY)
    })
  })
})

describe('an error that is framed as an event', () => {
  const framed = FORMATS.flatMap(recordedCases).filter(
    ({ status, responseText }) => status >= 400 && responseText.startsWith('data: {'),
  )
  const stage = onStage(framed)

  it.each(framed)('$name keeps its status and its words', async recorded => {
    const { reply, text } = await stage().exchange(recorded)
    expect(reply.status).toBe(recorded.status)
    const { error } = JSON.parse(recorded.responseText.slice('data: '.length))
    expect(JSON.parse(text).error).toMatchObject({ message: error.message, status: error.status })
  })
})

/** Told only to those who ask for it. */
const USAGE_FRAME = `data: ${JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  choices: [],
  usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
})}\n\n`

const asksForUsage = ({ requestText }: RecordedCase): boolean =>
  JSON.parse(requestText).stream_options?.include_usage === true

const withoutUsageFrames = (text: string): string =>
  text
    .split(/(?<=\n\n)/)
    .filter(frame => !(/"choices": ?\[\]/.test(frame) && /"usage": ?\{/.test(frame)))
    .join('')

describe('a stream of Chat Completions whose usage is asked for by the gateway', () => {
  // Nothing follows an error.
  const streams = PASSING.filter(
    recorded => isStreamedChat(recorded) && !recorded.responseText.includes('event: error'),
  )
  const stage = onStage(streams, { streamUsage: 'ask' })

  const silent = streams.filter(recorded => !asksForUsage(recorded))
  describe.each(CUTS)('answered %s', (_, cut) => {
    it.each(silent)('$name did not ask, and sees no frame of usage', async recorded => {
      const end = recorded.responseText.indexOf('data: [DONE]')
      const at = end < 0 ? recorded.responseText.length : end
      const told = recorded.responseText.slice(0, at) + USAGE_FRAME + recorded.responseText.slice(at)
      const { reply, text, sent } = await stage().exchange({ ...recorded, responseText: told }, cut)
      expect(text).toBe(withoutUsageFrames(recorded.responseText))
      expect(await stage().usageOf(reply)).toEqual({ input: 11, output: 7 })
      const { stream_options: options = {}, ...rest } = JSON.parse(recorded.requestText)
      const body = sent.body.toString()
      expect(JSON.parse(body)).toEqual({ ...rest, stream_options: { ...options, include_usage: true } })
      if (rest.stream_options === undefined && !recorded.requestText.includes('"stream_options"')) {
        expect(body.replace(',"stream_options":{"include_usage":true}', '')).toBe(recorded.requestText)
      }
    })
  })

  const asking = streams.filter(asksForUsage)
  it.each(asking)('$name asked itself, and everything is as it was sent', async recorded => {
    const { text, sent } = await stage().exchange(recorded, { seed: 2 })
    expect(sent.body.toString()).toBe(recorded.requestText)
    expect(text).toBe(recorded.responseText)
  })

  it('has examples of both kinds', () => {
    expect(silent.length).toBeGreaterThan(0)
    expect(asking.length).toBeGreaterThan(0)
  })
})

describe('the metric of tokens', () => {
  const examples = ['anthropic-messages', 'openai-responses', 'gemini', 'openai-chat'].flatMap(format =>
    PASSING.filter(recorded => recorded.format === format && recordedUsage(recorded).output !== undefined).slice(0, 2),
  )

  it.each(examples)('counts those of $name', async recorded => {
    await using stage = await RecordedStage.start([recorded])
    await stage.usageOf((await stage.exchange(recorded)).reply)
    const metrics = await stage.gateway.metrics()
    const sum = (type: string): number => {
      const line = new RegExp(`^gen_ai_client_token_usage_sum\\{.*gen_ai_token_type="${type}".*\\} (\\d+)$`, 'm')
      return Number(line.exec(metrics)?.[1] ?? 0)
    }
    expect({ input: sum('input'), output: sum('output') }).toEqual(recordedUsage(recorded))
  })
})
