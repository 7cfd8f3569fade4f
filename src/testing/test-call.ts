import { shippedModels } from '../config/shipped-models.ts'
import type { Conversation, Format, Identity, Log, Operation, Prices, Turn } from '../contract.ts'
import type { WireFormat } from '../formats/wire-format.ts'
import { ModelCatalogue } from '../models/catalogue.ts'
import { Body } from '../pipeline/body.ts'
import { EngineCall } from '../pipeline/call.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { Lifetime } from '../pipeline/lifetime.ts'
import { Timings } from '../pipeline/timings.ts'
import { Trail } from '../pipeline/trail.ts'
import type { PlainBody } from './plain-format.ts'

/** A call in as many words as a test needs. */
export interface CallSketch {
  /** `generate` unless said otherwise. */
  readonly operation?: Operation
  /** The client's format; `openai-chat` unless said otherwise. */
  readonly format?: Format
  readonly model?: string
  readonly stream?: boolean
  /** The provider that the call is heading for; the first one unless said otherwise. */
  readonly provider?: string
  /** One user turn. */
  readonly prompt?: string
  /** Instead of `prompt`: as much of a conversation as matters. */
  readonly conversation?: Partial<Conversation>
  readonly maxOutputTokens?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly address?: string
  readonly credential?: string
  /** Who is calling, where a processor before this one would have found that out. */
  readonly identity?: Identity
  /** Milliseconds that pass before the call. */
  readonly after?: number
  /** Milliseconds that the call may take in all. */
  readonly deadline?: number
  /** How many other places are left to try, as a processor before this one would say. */
  readonly alternatives?: number
  /** The client leaves: before the call, or while a provider is being waited for. */
  readonly leaves?: 'before' | 'while-waiting'
  /** How much of the reply the client reads; `all` unless said otherwise. */
  readonly reads?: 'all' | 'half'
}

/** The configured providers: name → the format it speaks. */
export type ProviderFormats = Readonly<Record<string, Format>>

export interface CallWorld {
  readonly providers: ProviderFormats
  readonly format: WireFormat
  readonly prices?: Prices
  readonly log: Log
  /** Seconds since 1970. */
  readonly created: number
  /** By the clock of the test; 0 where absent. */
  readonly now?: number
}

export interface TestCall {
  readonly call: EngineCall
  readonly lifetime: Lifetime
}

/** A sketch → a call of the engine. */
export function testCall(sketch: CallSketch, index: number, world: CallWorld): TestCall {
  const { operation = 'generate', format = 'openai-chat', model = 'test-model', stream = false } = sketch
  const { providers } = world
  const [firstProvider = 'main'] = Object.keys(providers)
  const lifetime = new Lifetime()
  if (sketch.deadline !== undefined) lifetime.limitTo((world.now ?? 0) + sketch.deadline)
  const body = operation === 'list-models' ? undefined : bodyOf(sketch, model, stream)
  const { headers = {}, address = '192.0.2.1', credential } = sketch
  const exchange: Exchange = {
    id: `call-${index + 1}`,
    pipeline: 'main',
    format,
    head: { operation, model, stream, framing: 'sse' },
    request: { route: { method: 'POST', path: '/', operation }, query: {}, headers, body: body?.value },
    body,
    checkBody: undefined,
    client: { headers, address, ...(credential === undefined ? {} : { credential }) },
    log: world.log,
    lifetime,
    timings: new Timings(),
    trail: new Trail(),
    created: world.created,
    surroundings: {
      formats: new Map([format, ...Object.values(providers)].map(name => [name, world.format])),
      providers: new Map(Object.entries(providers).map(([name, spoken]) => [name, { name, format: spoken }])),
      models: new ModelCatalogue([], shippedModels()),
      ...(world.prices && { prices: world.prices }),
    },
  }
  const call = EngineCall.of(exchange, sketch.provider ?? firstProvider)
  const { identity, alternatives } = sketch
  const known = { ...(identity && { identity }), ...(alternatives === undefined ? {} : { alternatives }) }
  return { call: call.with(known), lifetime }
}

function bodyOf({ prompt = 'Hello', conversation, maxOutputTokens }: CallSketch, model: string, stream: boolean): Body {
  const turn: Turn = { role: 'user', parts: [{ type: 'text', text: prompt }] }
  const plain: PlainBody = {
    model,
    stream,
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
    conversation: { turns: [turn], tools: [], sampling: {}, ...conversation },
  }
  return Body.of(Buffer.from(JSON.stringify(plain)))
}
