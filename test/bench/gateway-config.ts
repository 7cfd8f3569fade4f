/** Configurations of Sluice; `{upstream}` stands for the provider's address. */
import { type GatewayOptions, KEY } from './targets/sluice.ts'

interface ProcessorTable {
  readonly use: string
  /** TOML; headers inside are relative to the processor's table. */
  readonly options: string
}

interface PipelineOptions {
  readonly name: string
  readonly prefix?: string
  /** Formats that clients speak. */
  readonly parsers: readonly string[]
  readonly processors: readonly ProcessorTable[]
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
  return [head, ...processors.map(table => processor(`pipelines.${name}.processors`, table))].join('')
}

function processor(table: string, { use, options }: ProcessorTable): string {
  const nested = options.replaceAll(/^(\[{1,2})([^[\]]+)/gm, `$1${table}.$2`)
  return `[[${table}]]\nuse = "${use}"\n${nested}\n`
}

const CHAIN: readonly ProcessorTable[] = [
  { use: 'auth', options: `keys = [{ name = "bench", key = "${KEY}" }]` },
  { use: 'rate-limit', options: 'requests_per_minute = 100_000_000' },
  { use: 'models', options: 'rules = [{ match = "bench-*", model = "bench-upstream" }]' },
  { use: 'convert', options: '' },
]

/** What every call passes in the headline scenarios: a key check, a limiter, a model rule, and `convert`. */
export function headline(settings: { readonly level?: string; readonly workers?: number } = {}): GatewayOptions {
  return {
    toml: configOf([{ name: 'main', parsers: ['openai-chat', 'anthropic-messages'], processors: CHAIN }], settings),
  }
}

export const HEADLINE = headline()
