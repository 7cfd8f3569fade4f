/** One call through a whole gateway and back, over real sockets: for what no conversion alone can show. */

import { startTestGateway } from '../../support/gateway.ts'
import { type ClientReply, get, post } from '../../support/sse-client.ts'
import { type Script, startUpstream, type UpstreamRequest } from '../../support/upstream.ts'
import type { FormatName } from './convert.ts'

export interface Asking {
  /** Path and query of the client's request. */
  readonly path: string
  /** Without one it is a GET. */
  readonly body?: object | string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Kind of the provider; that of the parser, if not said. */
  readonly client?: string
  /** TOML lines of `[providers.up]`, and `[[pipelines.main.processors]]` tables. */
  readonly ofProvider?: string
  readonly steps?: string
}

export interface Asked {
  readonly status: number
  readonly headers: ClientReply['headers']
  readonly text: string
  /** The body, parsed. */
  readonly json: unknown
  /** What the provider got. */
  readonly sent: readonly UpstreamRequest[]
}

/** @param acts what the provider does, request by request */
export async function ask(parser: FormatName, asking: Asking, ...acts: readonly Script[]): Promise<Asked> {
  const { path, body, headers = {}, client = parser, ofProvider = '', steps = '' } = asking
  await using upstream = await startUpstream(...acts)
  await using gateway = await startTestGateway(`
[providers.up]
client = "${client}"
base_url = "${upstream.url}/base"
${ofProvider.includes('api_key') ? '' : 'api_key = "sk-upstream-secret"'}
${ofProvider}

[pipelines.main]
parsers = ["${parser}"]
provider = "up"
${steps}
[[pipelines.main.processors]]
use = "convert"
`)
  const url = `${gateway.url}${path}`
  const reply = await (body === undefined ? get(url, headers) : post(url, body, headers))
  const text = await reply.text()
  return { status: reply.status, headers: reply.headers, text, json: parsed(text), sent: [...upstream.requests] }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
