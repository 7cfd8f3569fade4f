/** A credential in a stream, cut at each of its places by events and by chunks, reaches no client of any format. */
import type { Part, ReplyEvent } from 'sluice'
import { describe, expect, test } from 'vitest'
import { type FormatName, formats, replyContext } from '../formats/cases/convert.ts'
import { framesOf } from '../support/frames.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { post } from '../support/sse-client.ts'
import { type Act, startUpstream } from '../support/upstream.ts'
import { DIALECTS, type Dialect } from './dialects.ts'

const KEY = 'sk-proj-0123456789abcdefghijklmnop'
/** None of it is as long as this in anything that a client gets. */
const FRAGMENT = 9

/** Gemini tells what it thinks to clients that ask for it. */
const THOUGHTS = { generationConfig: { thinkingConfig: { includeThoughts: true } } }

const PARTS: readonly Part[] = [
  { type: 'reasoning', chunks: [], visibility: 'full' },
  { type: 'text', text: '' },
  { type: 'tool-call', callId: 'call_1', name: 'send', kind: 'function', arguments: '' },
]

/** A stream of a format in which reasoning, text and arguments each hold the key, in these pieces. */
function streamOf(name: FormatName, pieces: readonly string[]): string {
  const events: readonly ReplyEvent[] = [
    { type: 'start', id: 'r', model: 'm' },
    ...PARTS.flatMap((part, index): readonly ReplyEvent[] => {
      const isCall = part.type === 'tool-call'
      const texts = isCall ? ['{"key":"', ...pieces, '"}'] : ['Use ', ...pieces, ' now.']
      return [
        { type: 'part-start', index, candidate: 0, part },
        ...texts.map((text): ReplyEvent => ({ type: isCall ? 'arguments-delta' : 'text-delta', index, text })),
        { type: 'part-end', index },
      ]
    }),
    { type: 'finish', candidate: 0, reason: 'tool-calls' },
    { type: 'end' },
  ]
  const encoder = formats[name].encodeStream(replyContext(name, true, name === 'gemini' ? { request: THOUGHTS } : {}))
  return events.map(event => encoder.event(event)).join('')
}

/** Cut by events after `place` letters of the key. */
function byEvents(name: FormatName, place: number): Act {
  return { chunks: [streamOf(name, [KEY.slice(0, place), KEY.slice(place)])] }
}

/** Cut by chunks after `place` letters of the key, wherever it stands in the stream. */
function byChunks(name: FormatName, place: number): Act {
  const stream = streamOf(name, [KEY])
  const cuts = [...stream.matchAll(new RegExp(KEY, 'g'))].map(({ index }) => index + place)
  if (cuts.length < 2) throw new Error(`the stream does not hold the key: ${stream}`)
  return { sliced: stream, at: cuts }
}

function start(client: Dialect, provider: Dialect, url: string, action: 'mask' | 'deny'): Promise<TestGateway> {
  return startTestGateway(`
[providers.up]
client = "${provider.name}"
base_url = "${url}"
api_key = "k"

[pipelines.main]
parsers = ["${client.name}"]
provider = "up"

[[pipelines.main.processors]]
use = "guard"
detect = ["credential"]
action = "${action}"

[[pipelines.main.processors]]
use = "convert"
`)
}

/** All strings of a stream: those that stand at the same place of their frames, one behind the other. */
function textsIn(stream: string): readonly string[] {
  const texts = new Map<string, string>()
  const gather = (path: string, value: unknown): void => {
    if (typeof value === 'string') texts.set(path, (texts.get(path) ?? '') + value)
    if (typeof value !== 'object' || value === null) return
    for (const [key, each] of Object.entries(value)) gather(`${path}/${key}`, each)
  }
  for (const { data } of framesOf(stream)) if (data.startsWith('{')) gather('', JSON.parse(data))
  return [...texts.values()]
}

/** What of the key a client can put together from a stream; `undefined`: nothing. */
function leakIn(stream: string): string | undefined {
  const windows = Array.from({ length: KEY.length - FRAGMENT + 1 }, (_, at) => KEY.slice(at, at + FRAGMENT))
  const texts = [stream, ...textsIn(stream)]
  return windows.find(window => texts.some(text => text.includes(window)))
}

const PLACES = Array.from({ length: KEY.length - 1 }, (_, index) => index + 1)

describe.each(DIALECTS)('a client of $name', client => {
  test.each(DIALECTS)('and a provider of $name', async provider => {
    const name = provider.name as FormatName
    await using upstream = await startUpstream()
    await using masking = await start(client, provider, upstream.url, 'mask')
    await using denying = await start(client, provider, upstream.url, 'deny')
    const ask = async (gateway: TestGateway, act: Act): Promise<string> => {
      upstream.add(act)
      const request = { ...client.request(true), ...(client.name === 'gemini' ? THOUGHTS : {}) }
      const reply = await post(gateway.url + client.path(true), request)
      expect(await reply.ended).toBe('whole')
      return reply.received
    }
    for (const place of PLACES) {
      for (const act of [byEvents(name, place), byChunks(name, place)]) {
        const stream = await ask(masking, act)
        expect(leakIn(stream), `masked, cut at ${place}: ${stream}`).toBeUndefined()
        expect(client.textOf(stream)).toContain('Use [removed] now.')
        expect(stream.split('[removed]').length - 1, stream).toBeGreaterThanOrEqual(PARTS.length)
      }
      const denied = await ask(denying, byEvents(name, place))
      expect(leakIn(denied), `denied, cut at ${place}: ${denied}`).toBeUndefined()
      expect(client.errorIn(denied)).toContain('holds what looks like a credential')
    }
  })
})
