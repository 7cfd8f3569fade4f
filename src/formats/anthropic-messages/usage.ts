/**
 * Usage, both ways. On the wire `input_tokens` leaves out what was read from and written to the prompt cache; the
 * canonical count includes both (conversion.md C.2; Anthropic Messages API, `usage`).
 */
import type { JsonDocument } from '../../json/document.ts'
import { RawJson } from '../../json/raw.ts'
import type { Usage } from '../reply-events.ts'
import type { ApiVersion } from './api-version.ts'
import { isObject, type JsonObject, numberAt, objectAt, present, stringAt } from './fields.ts'
import { type Fields, membersOf, textOfFields, type WritableObject } from './leftovers.ts'
import { FORMAT } from './name.ts'

/** Merges the usage objects of a stream: `null` and absent mean "unchanged", anything else replaces. */
export class UsageReader {
  #fields: Fields = {}
  #values: JsonObject = {}

  add(document: JsonDocument, usage: unknown): void {
    if (!isObject(usage)) return
    const changed = Object.entries(usage).filter(([key, value]) => value !== null || this.#values[key] === undefined)
    this.#values = { ...this.#values, ...Object.fromEntries(changed) }
    this.#fields = {
      ...this.#fields,
      ...Object.fromEntries(changed.map(([key, value]) => [key, document.textOf(value)])),
    }
  }

  /** The canonical usage so far; `undefined` while none was told. */
  get usage(): Usage | undefined {
    if (Object.keys(this.#values).length === 0) return undefined
    return { ...countsOf(this.#values), raw: { format: FORMAT, json: textOfFields(this.#fields) } }
  }
}

function countsOf(usage: JsonObject): Usage {
  const beside = besideTopLevel(usage.iterations)
  const told = (key: string): number | undefined => added([usage, ...beside].map(counts => tokens(counts[key])))
  const cacheRead = told('cache_read_input_tokens')
  const cacheWrite = told('cache_creation_input_tokens')
  const output = told('output_tokens') ?? 0
  const reasoning = tokens(objectAt(usage, 'output_tokens_details').thinking_tokens)
  const writes1h = [usage, ...beside].map(counts =>
    tokens(objectAt(counts, 'cache_creation').ephemeral_1h_input_tokens),
  )
  return present({
    input: (told('input_tokens') ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0),
    output,
    cacheRead,
    cacheWrite,
    cacheWrite1h: added(writes1h),
    reasoning: reasoning === undefined ? undefined : Math.min(reasoning, output),
    serverTools: serverToolsOf(usage.server_tool_use),
    serviceTier: stringAt(usage, 'service_tier'),
  })
}

/** What was sampled beside the answer and is paid for, but left out of the counts at the top (the type's own comment). */
const BESIDE: ReadonlySet<unknown> = new Set(['compaction', 'advisor_message'])

function besideTopLevel(iterations: unknown): readonly JsonObject[] {
  if (!Array.isArray(iterations)) return []
  return iterations.filter((each): each is JsonObject => isObject(each) && BESIDE.has(each.type))
}

/** @returns `undefined` where none of them is told */
function added(counts: readonly (number | undefined)[]): number | undefined {
  const told = counts.filter(count => count !== undefined)
  return told.length === 0 ? undefined : tokens(told.reduce((sum, count) => sum + count, 0))
}

function serverToolsOf(counts: unknown): Readonly<Record<string, number>> | undefined {
  if (!isObject(counts)) return undefined
  const known = Object.entries(counts).flatMap(([name, count]) => {
    const calls = tokens(count)
    return calls === undefined ? [] : [[name, calls] as const]
  })
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

/** A count that can be added up: nonsense (negative, fractional, not a number) is as good as nothing. */
function tokens(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.trunc(value)))
}

/**
 * The object for the wire. What came in this format goes out whole; the rest is computed.
 * @param version decides whether fields without a value are `null` or left out
 */
export function encodeUsage(usage: Usage | undefined, version: ApiVersion): WritableObject {
  const counted = countsFor(usage)
  const written = usage?.raw?.format === FORMAT ? withCounts(membersOf(usage.raw.json), counted) : counted
  return version === '2026-10-21' ? { ...NULL_USAGE, ...written } : written
}

/** The two counts that every client adds up, should the provider have sent something else in their place. */
function withCounts(raw: WritableObject, counted: WritableObject): WritableObject {
  const bad = ['input_tokens', 'output_tokens'].filter(key => !isCount(raw[key]))
  return bad.length === 0 ? raw : { ...raw, ...Object.fromEntries(bad.map(key => [key, counted[key]])) }
}

function isCount(value: unknown): boolean {
  return value instanceof RawJson && /^\d+$/.test(value.text)
}

const NULL_USAGE: WritableObject = {
  cache_creation: null,
  inference_geo: null,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: null,
  speed: null,
}

function countsFor(usage: Usage | undefined): WritableObject {
  const cacheRead = tokens(usage?.cacheRead) ?? 0
  const cacheWrite = tokens(usage?.cacheWrite) ?? 0
  const output = tokens(usage?.output) ?? 0
  const reasoning = tokens(usage?.reasoning)
  const write1h = tokens(usage?.cacheWrite1h)
  return {
    input_tokens: Math.max(0, (tokens(usage?.input) ?? 0) - cacheRead - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    ...(write1h === undefined
      ? {}
      : {
          cache_creation: {
            ephemeral_5m_input_tokens: Math.max(0, cacheWrite - write1h),
            ephemeral_1h_input_tokens: write1h,
          },
        }),
    output_tokens: output,
    ...(reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: Math.min(reasoning, output) } }),
    ...(usage?.serverTools === undefined ? {} : { server_tool_use: usage.serverTools }),
  }
}

/** The count of a `count_tokens` reply. */
export function countedTokens(document: JsonDocument): number | undefined {
  return isObject(document.value) ? tokens(numberAt(document.value, 'input_tokens')) : undefined
}
