/** The `message` object around a reply's content, for whole replies and for the ends of a stream. */
import { RawJson } from '../../json/raw.ts'
import type { RawEvent } from '../reply-events.ts'
import type { ApiVersion } from './api-version.ts'
import { type Ending, stopReasonOf } from './finish.ts'
import { membersOf, type WritableObject } from './leftovers.ts'
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

/** What this format's decoder kept of a message beside its content: see `leftoverMessage` and `leftoverDelta`. */
export interface Kept {
  readonly message: WritableObject
  readonly delta: WritableObject
  /** Members that stand beside the `delta` of a `message_delta`. */
  readonly beside: WritableObject
}
export const NOTHING_KEPT: Kept = { message: {}, delta: {}, beside: {} }

/** Adds what one raw event kept. `undefined` when the event is of another kind. */
export function kept(before: Kept, raw: RawEvent): Kept | undefined {
  if (raw.format !== FORMAT) return undefined
  const { type, message, delta, ...beside } = membersOf(raw.json)
  const name = type instanceof RawJson ? type.text : ''
  if (name === '"message_start"') return { ...before, message: { ...before.message, ...inner(message) } }
  if (name !== '"message_delta"') return undefined
  return { ...before, delta: { ...before.delta, ...inner(delta) }, beside: { ...before.beside, ...beside } }
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
