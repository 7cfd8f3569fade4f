/** Thinking, output format, tier and the like, wire → canonical: all of a request that is not turns or tools. */
import type { JsonDocument } from '../../json/document.ts'
import type { Effort, OutputFormat, Reasoning, ServiceTier } from '../conversation.ts'
import { isObject, type JsonObject, numberAt, objectAt, present, stringAt } from './fields.ts'
import { type Fields, NO_FIELDS, nestedLeftovers } from './leftovers.ts'

const EFFORTS: ReadonlySet<string> = new Set(['low', 'medium', 'high', 'xhigh', 'max'])
const MODES: ReadonlyMap<string, NonNullable<Reasoning['mode']>> = new Map([
  ['enabled', 'enabled'],
  ['adaptive', 'adaptive'],
  ['between_tools', 'between-tools'],
  ['disabled', 'disabled'],
])
const SHOWN: ReadonlyMap<string, NonNullable<Reasoning['show']>> = new Map([
  ['summarized', 'summary'],
  ['omitted', 'none'],
])

/** What one member of a request says in canonical words, and the rest of it. */
export interface Decoded<T> {
  readonly value?: T
  readonly fields: Fields
}

/**
 * `thinking` and `output_config.effort`. A request that sets an effort and says nothing of thinking means the model's
 * default: an empty `thinking` in the extensions keeps the encoder from reading a wish to think into the effort.
 */
export function decodeReasoning(document: JsonDocument, body: JsonObject): Decoded<Reasoning> {
  const effort = effortOf(objectAt(body, 'output_config'))
  const thinking = body.thinking
  if (!isObject(thinking)) {
    return effort === undefined ? { fields: NO_FIELDS } : { value: { effort }, fields: { thinking: '{}' } }
  }
  const mode = MODES.get(stringAt(thinking, 'type') ?? '')
  if (mode === undefined) {
    return { ...(effort === undefined ? {} : { value: { effort } }), fields: { thinking: document.textOf(thinking) } }
  }
  const show = SHOWN.get(stringAt(thinking, 'display') ?? '')
  const known = new Set(['type', 'budget_tokens', ...(show === undefined ? [] : ['display'])])
  const value: Reasoning = present({ mode, effort, budget: numberAt(thinking, 'budget_tokens'), show })
  return { value, fields: nestedLeftovers(document, 'thinking', thinking, known) }
}

export function effortOf(config: JsonObject): Effort | undefined {
  const effort = stringAt(config, 'effort')
  return effort !== undefined && EFFORTS.has(effort) ? (effort as Effort) : undefined
}

/** `output_config.format`, or the older top-level `output_format`; what else `output_config` holds is left over. */
export function decodeOutputFormat(document: JsonDocument, body: JsonObject): Decoded<OutputFormat> {
  if (body.output_config === undefined && body.output_format === undefined) return { fields: NO_FIELDS }
  const config = objectAt(body, 'output_config')
  const value = formatOf(document, config.format) ?? formatOf(document, body.output_format)
  const known = new Set([
    ...(effortOf(config) === undefined && config.effort !== null ? [] : ['effort']),
    ...(formatOf(document, config.format) === undefined && config.format !== null ? [] : ['format']),
  ])
  return {
    ...(value === undefined ? {} : { value }),
    fields: nestedLeftovers(document, 'output_config', config, known),
  }
}

function formatOf(document: JsonDocument, format: unknown): OutputFormat | undefined {
  if (!isObject(format) || format.type !== 'json_schema' || !isObject(format.schema)) return undefined
  return { type: 'schema', schema: document.textOf(format.schema) }
}

/** `speed: "fast"` is the stronger word; `service_tier` only says which capacity may be used. */
export function decodeServiceTier(body: JsonObject): Decoded<ServiceTier> {
  const tier = stringAt(body, 'service_tier')
  const speed = stringAt(body, 'speed')
  const kept = (key: string, value: string | undefined) => (value === undefined ? {} : { [key]: JSON.stringify(value) })
  if (speed === 'fast') return { value: 'fast', fields: kept('service_tier', tier) }
  const value = tier === 'auto' ? 'auto' : tier === 'standard_only' ? 'standard' : undefined
  if (value === undefined) return { fields: { ...kept('service_tier', tier), ...kept('speed', speed) } }
  return { value, fields: kept('speed', speed) }
}
