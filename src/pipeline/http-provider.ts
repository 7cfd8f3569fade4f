/** A configured provider behind HTTP: `Call` → request → answer → `Reply`. */
import type { Reply, Secret } from '../contract.ts'
import { refusal } from '../errors.ts'
import { estimateTokens } from '../formats/count-tokens.ts'
import type { Observation, WireFormat } from '../formats/wire-format.ts'
import { type JsonDocument, parseDocument, plainDocument } from '../json/document.ts'
import { Refusal, UpstreamError } from '../refusal.ts'
import { type Flow, flowOf } from '../stream/flow.ts'
import type { UpstreamClient, UpstreamResponse } from '../upstream/client.ts'
import { transportError } from '../upstream/failure.ts'
import { firstEvent } from '../upstream/first-event.ts'
import { scrubSecrets } from '../upstream/scrub.ts'
import { readWhole } from '../upstream/whole.ts'
import type { EngineCall } from './call.ts'
import { formatOf } from './exchange.ts'
import { forwardedQuery } from './forwarded-query.ts'
import type { OriginBody, WholeBody } from './origin.ts'
import type { HttpKind, Target } from './provider-kind.ts'
import { EngineReply } from './reply.ts'
import { requestHeaders } from './request-headers.ts'
import { statusError } from './status-error.ts'

export interface HttpProviderSettings {
  readonly name: string
  readonly kind: HttpKind
  /** `base_url` without a slash at its end. */
  readonly baseUrl: string
  /** `client` passes the caller's own credential on; `undefined`: there is none. */
  readonly apiKey: Secret | 'client' | undefined
  /** The environment variable that the key should have come from, to name it. */
  readonly apiKeyVariable: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly dialect: string | undefined
  readonly options: Readonly<Record<string, unknown>>
}

/** What happened to one attempt, for metrics. */
export type AttemptObserver = (attempt: {
  readonly provider: string
  readonly result: string
  readonly ms: number
}) => void

interface SentBody {
  readonly pieces: readonly Buffer[]
  /** The client did not ask for the usage frame, so it is not to see it. */
  readonly hideUsage: boolean
}

// A whole answer is held in memory; the longest real ones are some MB of images.
const WHOLE_LIMIT = 64 * 1024 * 1024
const ERROR_LIMIT = 64 * 1024

export class HttpProvider {
  readonly #settings: HttpProviderSettings
  readonly #client: UpstreamClient
  readonly #observe: AttemptObserver
  readonly #basePath: string
  readonly #headers: ReturnType<typeof requestHeaders>

  constructor(settings: HttpProviderSettings, client: UpstreamClient, observe: AttemptObserver) {
    this.#settings = settings
    this.#client = client
    this.#observe = observe
    this.#headers = requestHeaders(settings.kind, settings.headers)
    this.#basePath = new URL(settings.baseUrl).pathname.replace(/\/$/, '')
  }

  /**
   * Resolves once the answer has truly begun: a whole one has arrived, a stream has shown its first content.
   * @throws Refusal, UpstreamError
   */
  send(call: EngineCall): Promise<Reply> {
    const { kind, name, options } = this.#settings
    const target = kind.target({
      operation: call.operation,
      model: call.model,
      stream: call.stream,
      options,
      batch: isBatch(call),
    })
    if (!target) return Promise.try(() => this.#without(call))
    if (call.format !== kind.format && call.operation !== 'list-models') {
      throw refusal(
        'no_conversion',
        `The provider "${name}" speaks ${kind.format}, and nothing converts ${call.format} to it.`,
      )
    }
    const startedAt = performance.now()
    call.exchange.trail.attempt(name, call.model)
    return this.#ask(call, target).then(
      reply => {
        call.exchange.trail.answered(name, call.model)
        this.#note(call, 'ok', startedAt)
        return reply
      },
      error => {
        const told = this.#scrubbed(error, call)
        this.#note(call, told instanceof UpstreamError ? told.failure : 'internal', startedAt)
        throw told
      },
    )
  }

  async #ask(asking: EngineCall, target: Target): Promise<Reply> {
    const call = asking.withoutCarriers()
    const { exchange } = call
    const key = this.#key(call)
    const format = formatOf(exchange.surroundings, this.#settings.kind.format)
    const asked = this.#body(call, format)
    const response = await this.#client.send(
      {
        method: asked ? 'POST' : 'GET',
        path: this.#path(call, target),
        headers: this.#headers(call, key),
        stream: call.stream,
        body: asked?.pieces ?? [],
      },
      call.lifetime,
    )
    if (response.status >= 400) throw await this.#refused(response, format, key)
    this.#check(response)
    const body = await this.#began(call, response, format, asked?.hideUsage ?? false)
    exchange.timings.markFirstToken()
    const { amendment } = call
    return EngineReply.of(exchange, {
      provider: this.#settings.name,
      model: call.model,
      ...(call.client.identity ? { identity: call.client.identity.name } : {}),
      status: response.status,
      headers: upstreamRequestId(response),
      format: this.#settings.kind.format,
      body,
      ...(amendment && { amendment }),
      scrub: text => scrubSecrets(text, this.#secrets(key)),
      finishing: () => response.body.finishing(),
      cancel: () => response.body.cancel(),
    })
  }

  /** @throws UpstreamError for what is no answer to what was asked */
  #check({ status, headers, body }: UpstreamResponse): void {
    const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase()
    const redirects = status >= 300 ? 'it redirects, which is never followed' : undefined
    const compresses =
      encoding === 'identity' || encoding === '' ? undefined : 'it compresses although it was asked not to'
    const detail = redirects ?? compresses
    if (detail === undefined) return
    body.cancel()
    throw transportError('protocol', this.#settings.name, { detail })
  }

  #began(call: EngineCall, response: UpstreamResponse, format: WireFormat, hideUsage: boolean): Promise<OriginBody> {
    const { name } = this.#settings
    const streamed = async (bytes: Flow<Buffer>): Promise<OriginBody> => {
      const flow = await firstEvent(bytes, format.observeStream(), name)
      response.body.firstToken()
      return { kind: 'stream', flow, seen: flow.seen, hideUsage }
    }
    const type = String(response.headers['content-type'] ?? '').toLowerCase()
    if (call.stream && type.includes('text/event-stream')) return streamed(response.body)
    const whole = readWhole(response.body, name, { limit: WHOLE_LIMIT, onLimit: 'refuse' })
    return whole.then(bytes => {
      // A stream that was not announced as one, or not asked for.
      if (call.operation === 'generate' && looksLikeStream(bytes)) return streamed(flowOf([bytes]))
      return wholeBody(bytes, format, call, name)
    })
  }

  async #refused(response: UpstreamResponse, format: WireFormat, key: string | undefined): Promise<Refusal> {
    const { name, kind, apiKey } = this.#settings
    const body = await readWhole(response.body, name, { limit: ERROR_LIMIT, onLimit: 'cut' }).catch(() =>
      Buffer.alloc(0),
    )
    const text = scrubSecrets(body.toString('utf8'), this.#secrets(key))
    return statusError({ provider: name, formatName: kind.format, format, response, text, ownKey: apiKey !== 'client' })
  }

  /** What the provider has no route for. */
  #without(call: EngineCall): Reply {
    const { name, kind } = this.#settings
    if (call.operation === 'count-tokens') {
      return call.answer({ tokens: estimateTokens(call.conversation), estimated: true })
    }
    if (call.operation === 'list-models') return call.answer({ models: [] })
    throw refusal('unsupported_by_target', `The provider "${name}" (${kind.format}) cannot ${call.operation}.`)
  }

  #key(call: EngineCall): string | undefined {
    const { name, apiKey, apiKeyVariable } = this.#settings
    if (apiKey === 'client') {
      const { credential } = call.client
      if (credential === undefined) {
        throw new Refusal(
          401,
          'invalid_api_key',
          `The provider "${name}" is called with your own key, and the call has none.`,
        )
      }
      return credential
    }
    if (apiKey) return apiKey.reveal()
    if (apiKeyVariable === undefined) return undefined
    throw refusal(
      'provider_without_key',
      `The provider "${name}" has no key: set the environment variable ${apiKeyVariable} and start the gateway again.`,
    )
  }

  #body(call: EngineCall, format: WireFormat): SentBody | undefined {
    const { body } = call
    if (!body) return undefined
    const asks = this.#settings.options.stream_usage === 'ask' && call.stream && call.operation === 'generate'
    const question = asks ? format.askForUsage?.(body.value, this.#settings.dialect) : undefined
    // At the end of the body, so that no prompt prefix changes and prompt caches stay warm.
    const asking = question ? body.with(question.key, question.json) : body
    return { pieces: asking.pieces, hideUsage: question !== undefined }
  }

  /** What the provider was told and its answers are not to tell. */
  #secrets(key: string | undefined): readonly string[] {
    return [...(key === undefined ? [] : [key]), ...Object.values(this.#settings.headers)]
  }

  /** An error inside a 200 is in the provider's own words, like an answer of 400 and above, which is scrubbed already. */
  #scrubbed(error: unknown, call: EngineCall): unknown {
    if (!(error instanceof UpstreamError) || error.failure !== 'error_in_200') return error
    return new UpstreamError({ ...error, message: scrubSecrets(error.message, this.#secrets(this.#key(call))) }, error)
  }

  #path(call: EngineCall, { path, query }: Target): string {
    const forwarded = forwardedQuery(call, this.#settings.kind)
    if (!forwarded && !query) return this.#basePath + path
    return `${this.#basePath}${path}?${new URLSearchParams({ ...forwarded, ...query })}`
  }

  #note(call: EngineCall, result: string, startedAt: number): void {
    const ms = performance.now() - startedAt
    call.exchange.timings.addUpstream(ms)
    this.#observe({ provider: this.#settings.name, result, ms })
  }
}

function looksLikeStream(bytes: Buffer): boolean {
  return /^\s*(data|event|id|retry)?:/.test(bytes.toString('latin1', 0, 64))
}

/** @throws UpstreamError for what is not JSON, and for an error that came with a status of success */
function wholeBody(bytes: Buffer, format: WireFormat, call: EngineCall, provider: string): WholeBody {
  // What is going to be decoded for a client of another format is parsed once for both.
  const isConverted = call.format !== call.exchange.format
  let document: JsonDocument
  try {
    document = (isConverted ? parseDocument : plainDocument)(bytes.toString('utf8'))
  } catch (cause) {
    throw transportError('parse', provider, { cause })
  }
  const observation = observe(document, format, call, provider)
  return isConverted ? { kind: 'whole', bytes, document, observation } : { kind: 'whole', bytes, observation }
}

function observe(document: JsonDocument, format: WireFormat, call: EngineCall, provider: string): Observation {
  if (call.operation !== 'generate' && call.operation !== 'embed') return {}
  const observation = format.observeReply(document, call.operation)
  const { error } = observation
  if (error) throw new UpstreamError(error, { failure: 'error_in_200', provider })
  return observation
}

/** Our id of the call is on the reply already; the provider's own helps to ask them about it. */
function upstreamRequestId({ headers }: UpstreamResponse): Record<string, string> {
  const id = headers['request-id'] ?? headers['x-request-id'] ?? headers['apim-request-id']
  return typeof id === 'string' && /^[\w.:-]{1,128}$/.test(id) ? { 'x-sluice-upstream-request-id': id } : {}
}

/** Gemini's body of several embeddings is a list of requests; other formats say it in one field and need no other route. */
function isBatch(call: EngineCall): boolean {
  const value = call.operation === 'embed' ? call.body?.value : undefined
  return typeof value === 'object' && value !== null && 'requests' in value
}
