export interface Scenario {
  readonly name: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** What the provider would be sent in the same matter: the baseline's body. */
  readonly upstreamBody: Buffer
}

/** What every call passes: a key check, a limiter, a model rule, and `convert` where formats differ. */
export const CONFIG = `
[log]
level = "warn"
[providers.bench]
client = "openai-chat"
base_url = "http://127.0.0.1:{port}/v1"
api_key = "sk-upstream"
stream_usage = "leave"
[pipelines.bench]
parsers = ["openai-chat", "anthropic-messages"]
provider = "bench"
[[pipelines.bench.processors]]
use = "auth"
keys = [{ name = "bench", key = "bench-key" }]
[[pipelines.bench.processors]]
use = "rate-limit"
requests_per_minute = 100_000_000
[[pipelines.bench.processors]]
use = "models"
rules = [{ match = "bench-*", model = "bench-upstream" }]
[[pipelines.bench.processors]]
use = "convert"
`

const CHAT = '/v1/chat/completions'
const MESSAGES = '/v1/messages'

export const SCENARIOS: readonly Scenario[] = [
  scenario('whole, 1 KB, same format', CHAT, 1_000, false),
  scenario('whole, 20 KB, same format', CHAT, 20_000, false),
  scenario('whole, 200 KB, same format', CHAT, 200_000, false),
  scenario('stream of 200, same format', CHAT, 1_000, true),
  scenario('whole, 1 KB, converted', MESSAGES, 1_000, false),
  scenario('whole, 20 KB, converted', MESSAGES, 20_000, false),
  scenario('whole, 200 KB, converted', MESSAGES, 200_000, false),
  scenario('stream of 200, converted', MESSAGES, 1_000, true),
]

function scenario(name: string, path: string, size: number, stream: boolean): Scenario {
  const headers = path === MESSAGES ? { 'anthropic-version': '2023-06-01' } : {}
  const chat = { model: 'bench-model', stream, messages: turns(size) }
  const body = path === MESSAGES ? { ...chat, max_tokens: 1_000 } : chat
  return { name, path, headers, body: bytes(body), upstreamBody: bytes(chat) }
}

function bytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** A conversation of about that many bytes, with line ends and quotation marks as prompts have them. */
function turns(size: number): readonly { role: string; content: string }[] {
  const sentence = 'The sluice "gate" lifts\nwhen the water behind it stands high enough. '
  const count = Math.max(1, Math.floor(size / 4_000))
  const content = sentence.repeat(Math.ceil(size / count / sentence.length))
  return Array.from({ length: count * 2 - 1 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: index % 2 === 0 ? content : 'I see.',
  }))
}
