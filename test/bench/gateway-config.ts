/** Configurations of Sluice; `{upstream}` stands for the provider's address. */
import { type GatewayOptions, KEY } from './targets/sluice.ts'

interface PipelineOptions {
  readonly name: string
  readonly prefix?: string
  /** Formats that clients speak. */
  readonly parsers: readonly string[]
  /** Tables of processors, without their heads: `use = "auth"` and the options. */
  readonly processors: readonly string[]
}

const PROVIDER = `
[providers.main]
client = "openai-chat"
base_url = "{upstream}/v1"
api_key = "sk-upstream"
stream_usage = "leave"
`

export function configOf(pipelines: readonly PipelineOptions[], { level = 'warn', workers = 1 } = {}): string {
  const server = `[server]\nworkers = ${workers}\n[log]\nlevel = "${level}"\n`
  return [server, PROVIDER, ...pipelines.map(pipeline)].join('\n')
}

function pipeline({ name, prefix, parsers, processors }: PipelineOptions): string {
  const head = `
[pipelines.${name}]
parsers = ${JSON.stringify(parsers)}
provider = "main"
${prefix === undefined ? '' : `prefix = "${prefix}"`}
`
  return [head, ...processors.map(table => `[[pipelines.${name}.processors]]\n${table}\n`)].join('')
}

const CHAIN = [
  `use = "auth"\nkeys = [{ name = "bench", key = "${KEY}" }]`,
  'use = "rate-limit"\nrequests_per_minute = 100_000_000',
  'use = "models"\nrules = [{ match = "bench-*", model = "bench-upstream" }]',
  'use = "convert"',
]

/** What every call passes in the headline scenarios: a key check, a limiter, a model rule, and `convert`. */
export function headline(settings: { readonly level?: string; readonly workers?: number } = {}): GatewayOptions {
  return {
    toml: configOf([{ name: 'main', parsers: ['openai-chat', 'anthropic-messages'], processors: CHAIN }], settings),
  }
}

export const HEADLINE = headline()
