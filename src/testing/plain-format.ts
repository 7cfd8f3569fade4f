import type { Conversation, Loss, ModelEntry, ReplyEvent } from '../contract.ts'
import { eventsOf } from '../formats/completion.ts'
import type { FrameSign, Observation, StreamDecoder, WireFormat } from '../formats/wire-format.ts'
import { parseDocument } from '../json/document.ts'
import { kindOfStatus } from '../refusal.ts'
import { sseFrame } from '../stream/sse.ts'
import { deepFreeze } from './deep-freeze.ts'

/** What a format of the test is told to do, and what it tells of itself. */
export interface PlainFormatState {
  /** Losses that each conversion reports. */
  readonly losses: { readonly call?: readonly Loss[]; readonly reply?: readonly Loss[] }
  /** How often somebody looked at the canonical view of a call. */
  decoded: number
}

/** A request body: the canonical view itself, as JSON. */
export interface PlainBody {
  readonly model: string
  readonly stream: boolean
  readonly max_output_tokens?: number
  readonly conversation: Conversation
}

const OPERATIONS = ['generate', 'count-tokens', 'embed'] as const

/**
 * A wire format that can say everything, for tests of processors: they are about the canonical view, and must not
 * depend on the quirks of a real format. It stands in for every format under that format's own name.
 */
export function plainFormat(state: PlainFormatState): WireFormat {
  return {
    summary: 'The canonical view as JSON.',
    routes: OPERATIONS.map(operation => ({ method: 'POST', path: `/${operation}`, operation })),
    schemas: {},
    modelIn: 'body',
    upstream: true,
    heartbeat: ': \n\n',
    readHead: () => {
      throw new Error('calls of a test are made, not read')
    },
    maxOutputTokens: {
      read: body => (body as PlainBody).max_output_tokens,
      write: (_body, tokens) => ({ key: 'max_output_tokens', json: String(tokens) }),
    },
    decodeRequest: ({ document }) => {
      state.decoded++
      const { conversation, max_output_tokens: cap } = document.value as PlainBody
      return deepFreeze({ ...conversation, ...(cap === undefined ? {} : { maxOutputTokens: cap }) })
    },
    encodeRequest: ({ maxOutputTokens, ...conversation }, { model, stream }) => ({
      body: JSON.stringify({ model, stream, max_output_tokens: maxOutputTokens, conversation }),
      losses: state.losses.call ?? [],
    }),
    decodeReply: document => (document.value as { events: readonly ReplyEvent[] }).events,
    encodeReply: completion => ({
      body: JSON.stringify({ events: eventsOf(completion) }),
      losses: state.losses.reply ?? [],
    }),
    decodeStream: plainDecoder,
    encodeStream: () => ({ event: event => sseFrame(JSON.stringify(event)), losses: state.losses.reply ?? [] }),
    observeStream: plainObserver,
    observeReply: document => observationOf((document.value as { events?: readonly ReplyEvent[] }).events ?? []),
    encodeError: (error, requestId) => ({ status: error.status, body: JSON.stringify({ error, requestId }) }),
    decodeError: status => ({
      kind: kindOfStatus(status),
      status,
      code: 'upstream_failed',
      message: `Status ${status}.`,
    }),
    encodeStreamError: error => sseFrame(JSON.stringify({ type: 'error', error })),
    encodeTokenCount: tokens => JSON.stringify({ tokens }),
    decodeTokenCount: document => (document.value as { tokens: number }).tokens,
    encodeModels: models => JSON.stringify({ models }),
    encodeModel: model => JSON.stringify({ models: [model] }),
    decodeModels: document => (document.value as { models: readonly ModelEntry[] }).models,
  }
}

function plainDecoder(): StreamDecoder {
  let over = false
  return {
    frame: ({ data }) => {
      const event = JSON.parse(data) as ReplyEvent
      over ||= event.type === 'end' || event.type === 'error'
      return [event]
    },
    end: () => {
      const error = { kind: 'upstream', status: 502, code: 'truncated', message: 'The stream ended early.' } as const
      return over ? [] : [{ type: 'error', error }]
    },
  }
}

function plainObserver() {
  const seen: ReplyEvent[] = []
  return {
    frame: ({ data }: { readonly data: string }): FrameSign => {
      const event = JSON.parse(data) as ReplyEvent
      seen.push(event)
      if (event.type === 'end') return 'terminal'
      if (event.type === 'error' || event.type === 'usage') return event.type
      return event.type === 'start' || event.type === 'ping' ? 'preamble' : 'content'
    },
    get observation(): Observation {
      return observationOf(seen)
    },
  }
}

function observationOf(events: readonly ReplyEvent[]): Observation {
  let observation: Observation = {}
  for (const event of events) {
    if (event.type === 'start')
      observation = { ...observation, model: event.model, ...(event.usage && { usage: event.usage }) }
    if (event.type === 'usage') observation = { ...observation, usage: event.usage }
    if (event.type === 'finish') observation = { ...observation, finish: event.reason }
    if (event.type === 'error') observation = { ...observation, error: event.error }
  }
  return observation
}

/** What the plain format's bytes say. */
export function readPlain(bytes: Buffer, stream: boolean): PlainReply {
  if (!stream) return parseDocument(bytes.toString('utf8')).value as PlainReply
  const frames = bytes
    .toString('utf8')
    .split('\n\n')
    .filter(frame => frame.startsWith('data: '))
  return { events: frames.map(frame => JSON.parse(frame.slice('data: '.length)) as ReplyEvent) }
}

export interface PlainReply {
  readonly events?: readonly ReplyEvent[]
  readonly models?: readonly ModelEntry[]
  readonly tokens?: number
}
