/** The response object around a reply's output: in every lifecycle event of a stream, and as a whole reply. */
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import type { ErrorView } from '../error-view.ts'
import { openaiCode } from '../openai-errors.ts'
import type { StartEvent, Usage } from '../reply-events.ts'
import type { ReplyContext } from '../wire-format.ts'
import { type Bag, type Fields, isFields, written } from './fields.ts'
import { encodeUsage } from './usage.ts'

export interface SnapshotState {
  readonly status: string
  /** JSON text of the items that are done. */
  readonly output: readonly string[]
  readonly incompleteReason?: string | undefined
  readonly error?: ErrorView
  readonly usage?: Usage | undefined
  /** The provider's own fields, when it spoke this format: they win over what the request says. */
  readonly bag?: Bag | undefined
}

export class Snapshot {
  readonly id: string
  readonly #head: Readonly<Record<string, Writable>>
  readonly #echo: Readonly<Record<string, Writable>>

  constructor(start: StartEvent, id: string, context: ReplyContext) {
    this.id = id
    this.#head = { id, object: 'response', created_at: start.created ?? context.created }
    this.#echo = echoOf(context)
  }

  /** JSON text of the response object. */
  text(state: SnapshotState): string {
    const { error, incompleteReason } = state
    return writeJson({
      ...this.#head,
      status: state.status,
      error: error === undefined ? null : { code: openaiCode(error), message: error.message },
      incomplete_details: incompleteReason === undefined ? null : { reason: incompleteReason },
      ...this.#echo,
      ...servedTier(state.usage),
      ...written(state.bag),
      output: new RawJson(`[${state.output.join(',')}]`),
      usage: encodeUsage(state.usage),
    })
  }
}

/** What the API says where the client said nothing. */
const DEFAULTS: Readonly<Record<string, Writable>> = {
  background: false,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: null,
  truncation: 'disabled',
  user: null,
}

/**
 * Typed clients expect the request's fields in every snapshot (conversion.md A.3.2, E213). Nothing is kept here for
 * later, and `store` says so, lest the client refer to this reply by its id.
 */
function echoOf(context: ReplyContext): Readonly<Record<string, Writable>> {
  const request: Fields = isFields(context.request.body) ? context.request.body : {}
  const echo: Record<string, Writable> = { model: context.model, ...DEFAULTS }
  for (const key of Object.keys(DEFAULTS)) {
    const value = Object.hasOwn(request, key) ? request[key] : undefined
    if (value !== undefined && value !== null) echo[key] = new RawJson(JSON.stringify(value))
  }
  return { ...echo, store: false }
}

const TIERS: Readonly<Record<string, string>> = {
  standard: 'default',
  default: 'default',
  flex: 'flex',
  priority: 'priority',
}

function servedTier(usage: Usage | undefined): { readonly service_tier?: string } {
  const tier = usage?.serviceTier
  const known = tier !== undefined && Object.hasOwn(TIERS, tier) ? TIERS[tier] : undefined
  return known === undefined ? {} : { service_tier: known }
}
