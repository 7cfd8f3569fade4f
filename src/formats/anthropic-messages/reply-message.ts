/** The `message` object around a reply's content, for whole replies and for the ends of a stream. */
import { RawJson } from '../../json/raw.ts'
import type { Extensions } from '../conversation.ts'
import type { ApiVersion } from './api-version.ts'
import { type Ending, stopReasonOf } from './finish.ts'
import { membersOf, type WritableObject, writableFields } from './leftovers.ts'
import type { LossLog } from './losses.ts'
import { FORMAT } from './name.ts'

/** Fields of a message that are `null` until something is known of them. */
export function nullFields(version: ApiVersion): WritableObject {
  return version === '2026-10-21' ? { container: null, diagnostics: null, stop_details: null } : {}
}

export interface StopFields {
  readonly stop_reason: string
  readonly stop_sequence: string | null
  readonly stop_details?: WritableObject | null
}

/** @returns `undefined` when the reply has failed and must not look like an answer */
export function stopFields(
  ending: Ending,
  explanation: string | undefined,
  version: ApiVersion,
): StopFields | undefined {
  const reason = stopReasonOf(ending)
  if (reason === undefined) return undefined
  const sequence = reason === 'stop_sequence' ? (ending.stopSequence ?? null) : null
  const base = { stop_reason: reason, stop_sequence: sequence }
  if (reason === 'refusal') {
    return { ...base, stop_details: { type: 'refusal', category: null, explanation: explanation ?? null } }
  }
  return version === '2026-10-21' ? { ...base, stop_details: null } : base
}

/** Notes what an end says that there is no stop reason for. */
export function noteStop({ reason }: Pick<Ending, 'reason'>, log: LossLog): void {
  if (reason === 'continuation')
    log.approximated('finish', 'Anthropic Messages cannot say that the provider could go on with the answer')
  if (reason === 'other') log.approximated('finish', 'Anthropic Messages has no word for an unknown reason')
}

/** Fields of a message that a stream tells in the `delta` of its `message_delta`; others stand beside it. */
const IN_DELTA: ReadonlySet<string> = new Set(['container', 'stop_details'])

/** What this format's decoder kept of a message beside its content, all in one: for a whole reply. */
export function keptFields(node: Extended): WritableObject {
  const { delta, ...fields } = writableFields(node)
  return { ...fields, ...inner(delta) }
}

export interface KeptForEnd {
  readonly delta: WritableObject
  readonly beside: WritableObject
}

/** The same for the end of a stream, without what its start has told already. */
export function keptForEnd(finish: Extended, start: Extended | undefined): KeptForEnd {
  const told = start?.extensions?.[FORMAT] ?? {}
  const { delta, ...fields } = writableFields(finish)
  const fresh = Object.entries(fields).filter(([key, value]) => !(value instanceof RawJson && value.text === told[key]))
  return {
    delta: { ...Object.fromEntries(fresh.filter(([key]) => IN_DELTA.has(key))), ...inner(delta) },
    beside: Object.fromEntries(fresh.filter(([key]) => !IN_DELTA.has(key))),
  }
}

interface Extended {
  readonly extensions?: Extensions
}

function inner(value: unknown): WritableObject {
  return value instanceof RawJson ? membersOf(value.text) : {}
}

/** Kept fields never undo what is known better now: a `null` of the beginning gives way. */
export function withKept(known: WritableObject, fields: WritableObject): WritableObject {
  const told = Object.entries(fields).filter(([key, value]) => !(isNull(value) && known[key] !== undefined))
  return { ...known, ...Object.fromEntries(told) }
}

function isNull(value: unknown): boolean {
  return value === null || (value instanceof RawJson && value.text === 'null')
}
