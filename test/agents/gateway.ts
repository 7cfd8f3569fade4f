/** The gateway under test: one pipeline for each upstream format, all with every parser, told apart by their prefix. */
import type { GatewayOptions } from '../support/gateway.ts'

/** What stands behind the gateway. */
interface Upstream {
  readonly format: string
  readonly dialect?: string
  /** A model of the format's own maker: what the clients ask for is sent on as this. */
  readonly model: string
}

/** Every upstream format, and Chat twice: as OpenAI speaks it, and as servers do that know its plain parts only. */
export const UPSTREAMS: Readonly<Record<string, Upstream>> = {
  'anthropic-messages': { format: 'anthropic-messages', model: 'claude-opus-5' },
  'openai-chat': { format: 'openai-chat', dialect: 'openai', model: 'gpt-5.5' },
  'chat-compatible': { format: 'openai-chat', dialect: 'compatible', model: 'qwen3-coder' },
  'openai-responses': { format: 'openai-responses', model: 'gpt-5.5' },
  gemini: { format: 'gemini', model: 'gemini-3-pro-preview' },
}

/** @param addresses name of an upstream → where its stand-in listens */
export function gatewayConfig(addresses: ReadonlyMap<string, string>): string {
  return [...addresses].map(([name, url]) => pipeline(name, url, UPSTREAMS[name])).join('\n')
}

function pipeline(name: string, url: string, upstream: Upstream | undefined): string {
  if (upstream === undefined) throw new Error(`there is no upstream ${name}`)
  const { format, dialect, model } = upstream
  return `
[providers.${name}]
client = "${format}"
base_url = "${url}"
api_key = "sk-upstream"
${dialect === undefined ? '' : `dialect = "${dialect}"`}

[pipelines.${name}]
prefix = "/${name}"
parsers = ["anthropic-messages", "openai-chat", "openai-responses", "gemini"]
provider = "${name}"

[[pipelines.${name}.processors]]
use = "models"
default = { model = "${model}" }

[[pipelines.${name}.processors]]
use = "watch-losses"

[[pipelines.${name}.processors]]
use = "convert"
`
}

/** Logs every loss in full: \`convert\` itself logs the first three. */
const WATCH_LOSSES = `
export default {
  summary: 'Logs every loss.',
  options: { type: 'object', additionalProperties: false, properties: {} },
  examples: [{ title: 'On', toml: '' }],
  setup: ({ log }) => ({
    async handle(call, next) {
      const reply = await next(call)
      for (const entry of (reply.headers['x-sluice-losses'] ?? '').split(',')) if (entry !== '') log.info('loss', { entry })
      if (reply.stream) void reply.ended.then(() => {
        for (const { path, action, reason } of reply.losses) log.info('loss', { entry: ['reply ' + path, action, reason].join(';') })
      })
      return reply
    },
  }),
}
`

export const GATEWAY_FILES: NonNullable<GatewayOptions['files']> = { 'processors/watch-losses.js': WATCH_LOSSES }
