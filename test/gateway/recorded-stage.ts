/** One gateway in front of one scripted upstream, with a pipeline for every place where recorded traffic once went. */
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type Cut, replay } from '../support/replay.ts'
import { type ClientReply, get, post } from '../support/sse-client.ts'
import type { RecordedCase } from '../support/traffic.ts'
import { startUpstream, type Upstream, type UpstreamRequest } from '../support/upstream.ts'

export interface StageOptions {
  readonly streamUsage?: 'ask' | 'leave'
  /** `client` passes the caller's key on. */
  readonly apiKey?: string
  /** What a `models` rule gives every call as its model. */
  readonly model?: string
}

export interface Exchanged {
  readonly reply: ClientReply
  readonly text: string
  /** What arrived upstream. */
  readonly sent: UpstreamRequest
}

/** What a processor of the gateway was told of the usage of a call. */
export interface ToldUsage {
  readonly input?: number
  readonly output?: number
}

/** Where a recorded request went, taken apart. */
export interface Destination {
  readonly client: string
  readonly parser: string
  /** What stands before the part of the path that the format itself defines. */
  readonly basePath: string
  /** The rest of the path, as the gateway's own clients call it. */
  readonly clientPath: string
  readonly apiVersion: string | undefined
}

const OWN_PATH =
  /^(.*?)(\/chat\/completions|\/messages(?:\/count_tokens)?|\/responses(?:\/input_tokens)?|\/embeddings|\/models(?:\/[^/:]+(?::\w+)?)?)$/

const AZURE_DEPLOYMENT = /^\/openai\/deployments\/[^/]+$/

/** @throws Error when the path is none of the format's */
export function destinationOf({ format, path, query }: RecordedCase): Destination {
  const [, basePath, own] = OWN_PATH.exec(path) ?? []
  if (basePath === undefined || own === undefined) throw new Error(`no format has the path ${path}`)
  const parser = format === 'openai-compatible' ? 'openai-chat' : format
  const clientPath = `${parser === 'gemini' ? '/v1beta' : '/v1'}${own}`
  const isAzure = parser === 'openai-chat' && AZURE_DEPLOYMENT.test(basePath)
  if (!isAzure) return { client: parser, parser, basePath, clientPath, apiVersion: undefined }
  const apiVersion = new URLSearchParams(query).get('api-version') ?? undefined
  return { client: 'azure-openai', parser, basePath: '', clientPath, apiVersion }
}

// Writes the usage of every call to the log, once it is known.
const TELL_USAGE = `export default {
  summary: 'Tells usage.',
  options: { type: 'object', properties: {}, additionalProperties: false },
  examples: [],
  setup: () => ({
    async handle(call, next) {
      const reply = await next(call)
      void reply.usage.then(usage => call.log.info('usage', { input: usage?.input, output: usage?.output }))
      return reply
    },
  }),
}`

export const CLIENT_KEY = 'the-clients-key'
export const GATEWAY_KEY = 'the-gateways-key'

export class RecordedStage implements AsyncDisposable {
  readonly gateway: TestGateway
  readonly #upstream: Upstream
  readonly #usages: UsageLog
  readonly #pipelines: ReadonlyMap<string, string>

  private constructor(parts: {
    gateway: TestGateway
    upstream: Upstream
    usages: UsageLog
    pipelines: ReadonlyMap<string, string>
  }) {
    this.gateway = parts.gateway
    this.#upstream = parts.upstream
    this.#usages = parts.usages
    this.#pipelines = parts.pipelines
  }

  static async start(cases: readonly RecordedCase[], options: StageOptions = {}): Promise<RecordedStage> {
    const upstream = await startUpstream()
    const destinations = new Map(cases.map(recorded => [keyOf(destinationOf(recorded)), destinationOf(recorded)]))
    const pipelines = new Map([...destinations.keys()].map((key, index) => [key, `p${index}`]))
    const tables = [...destinations].map(([key, each]) =>
      tablesFor(`${pipelines.get(key)}`, each, upstream.url, options),
    )
    const usages = new UsageLog()
    const gateway = await startTestGateway(tables.join('\n'), {
      files: { 'tell-usage.js': TELL_USAGE },
      log: line => usages.take(line),
    })
    return new RecordedStage({ gateway, upstream, usages, pipelines })
  }

  /** Sends the recorded request, has it answered with the recorded answer, and waits until the client has it all. */
  async exchange(recorded: RecordedCase, cut: Cut = 'whole'): Promise<Exchanged> {
    const index = this.#upstream.requests.length
    this.#upstream.otherwise(replay(recorded, cut))
    const reply = await this.send(recorded)
    const text = await reply.text()
    const sent = this.#upstream.requests[index]
    if (!sent) throw new Error(`the upstream was not asked: ${reply.status} ${text}`)
    return { reply, text, sent }
  }

  /** Sends the recorded request to the pipeline for its destination. */
  send(recorded: RecordedCase): Promise<ClientReply> {
    const destination = destinationOf(recorded)
    const query = recorded.query === '' ? '' : `?${recorded.query}`
    const url = `${this.gateway.url}/${this.#pipelines.get(keyOf(destination))}${destination.clientPath}${query}`
    const headers = { authorization: `Bearer ${CLIENT_KEY}`, ...SENT_BY[destination.parser] }
    return recorded.method === 'GET' ? get(url, headers) : post(url, Buffer.from(recorded.requestText), headers)
  }

  /** What a processor was told of the usage of the call that was answered so. */
  usageOf({ headers }: ClientReply): Promise<ToldUsage> {
    return this.#usages.of(String(headers['x-request-id']))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.stop()
    await this.#upstream[Symbol.asyncDispose]()
  }
}

/** What tells the clients of a format apart where formats share a route. */
const SENT_BY: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'anthropic-messages': { 'anthropic-version': '2023-06-01' },
  gemini: { 'x-goog-api-key': CLIENT_KEY },
}

function keyOf({ client, basePath, apiVersion }: Destination): string {
  return `${client} ${basePath} ${apiVersion}`
}

function tablesFor(name: string, destination: Destination, upstream: string, options: StageOptions): string {
  const { client, parser, basePath, apiVersion } = destination
  const { streamUsage = 'leave', apiKey = GATEWAY_KEY, model } = options
  const asks = client === 'openai-chat' || client === 'azure-openai'
  return `
[providers.${name}]
client = "${client}"
base_url = "${upstream}${basePath}"
api_key = "${apiKey}"
${asks ? `stream_usage = "${streamUsage}"` : ''}
${apiVersion === undefined ? '' : `api_version = "${apiVersion}"`}

[pipelines.${name}]
prefix = "/${name}"
parsers = ["${parser}"]
provider = "${name}"

[[pipelines.${name}.processors]]
use = "./tell-usage.js"

${
  model === undefined
    ? ''
    : `[[pipelines.${name}.processors]]
use = "models"
rules = [{ match = "*", model = "${model}" }]`
}
`
}

/** The lines of `tell-usage.js`, by call. */
class UsageLog {
  readonly #calls = new Map<string, PromiseWithResolvers<ToldUsage>>()

  take(line: string): void {
    const { message, id, input, output } = JSON.parse(line)
    if (message === 'usage') this.#call(id).resolve({ input, output })
  }

  of(id: string): Promise<ToldUsage> {
    return this.#call(id).promise
  }

  #call(id: string): PromiseWithResolvers<ToldUsage> {
    const call = this.#calls.get(id) ?? Promise.withResolvers<ToldUsage>()
    this.#calls.set(id, call)
    return call
  }
}
