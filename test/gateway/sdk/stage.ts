/** A gateway for the official SDKs: each of the four formats as a provider, behind a pipeline that all four can call. */
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

export type Spoken = 'anthropic-messages' | 'openai-chat' | 'openai-responses' | 'gemini'

export const SPOKEN: readonly Spoken[] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini']

/** A model of each provider. */
export const MODELS: Readonly<Record<Spoken, string>> = {
  'anthropic-messages': 'claude-sonnet-4-5',
  'openai-chat': 'gpt-4.1-mini',
  'openai-responses': 'gpt-5-mini',
  gemini: 'gemini-2.5-flash',
}

export class SdkStage implements AsyncDisposable {
  readonly upstream: Upstream
  readonly #gateway: TestGateway

  private constructor(upstream: Upstream, gateway: TestGateway) {
    this.upstream = upstream
    this.#gateway = gateway
  }

  /** @param apiKey of every provider; `client` passes on what the SDK sends */
  static async start(apiKey = 'the-gateways-key', streamUsage: 'ask' | 'leave' = 'ask'): Promise<SdkStage> {
    const upstream = await startUpstream()
    const tables = SPOKEN.map(format => tablesFor(format, upstream.url, apiKey, streamUsage))
    return new SdkStage(upstream, await startTestGateway(tables.join('\n')))
  }

  /** Where an SDK finds the pipeline whose provider speaks this format. */
  urlTo(format: Spoken): string {
    return `${this.#gateway.url}/${format}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway.stop()
    await this.upstream[Symbol.asyncDispose]()
  }
}

function tablesFor(format: Spoken, upstream: string, apiKey: string, streamUsage: string): string {
  return `
[providers.${format}]
client = "${format}"
base_url = "${upstream}/${format === 'gemini' ? 'v1beta' : 'v1'}"
api_key = "${apiKey}"
${format === 'openai-chat' ? `stream_usage = "${streamUsage}"` : ''}

[pipelines.${format}]
prefix = "/${format}"
parsers = [${SPOKEN.map(each => `"${each}"`).join(', ')}]
provider = "${format}"

[[pipelines.${format}.processors]]
use = "convert"
`
}
