/**
 * Carries one provider's reasoning state through a client that speaks another format. Every format has a field which its
 * clients send back as they got it; what stands there is a carrier: `Zgw1.`, the state as base64url JSON, and a short
 * HMAC, so that nobody can make a provider believe in state that it never issued through this gateway.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { OpaqueState } from './conversation.ts'

/** What is carried, and where it belongs among the parts that the client sends back. */
export interface Carried {
  readonly states: readonly OpaqueState[]
  /**
   * The part that holds the carrier, or the one after or before it: then the holder was made for the carrier alone.
   * `text`: what the message says, where the client's format has all of it in one place.
   */
  readonly at: 'self' | 'next' | 'previous' | 'text'
  /** What the part is that the state belongs to. */
  readonly of: 'reasoning' | 'text' | 'call' | 'other'
  /** How many UTF-16 units of thinking the state is of, where the client's format joins the thinking of several parts. */
  readonly length?: number
}

/** Begins with a rare letter, also as base64: every body is searched for it. */
const TAG = 'Zgw1.'
/** Characters. State of a long think has tens of kilobytes; nothing that is carried may grow without limit. */
const MOST = 512 * 1024
const MAC_BYTES = 16

/** @returns `undefined` when it would be too large to be taken back */
export function sealState(carried: Carried, key: Buffer): string | undefined {
  const payload = Buffer.from(JSON.stringify(carried)).toString('base64url')
  const carrier = `${TAG}${payload}.${macOf(payload, key).toString('base64url')}`
  return carrier.length > MOST ? undefined : carrier
}

/** Whether a text claims to be a carrier. Then it is one, or it is nothing: no provider issues such a thing. */
export function isCarrier(text: string): boolean {
  return text.startsWith(TAG)
}

/** @returns `undefined` for what this key has not sealed: forged, cut off, or of another gateway */
export function openState(text: string, key: Buffer): Carried | undefined {
  if (!isCarrier(text) || text.length > MOST) return undefined
  const [payload = '', mac = '', ...more] = text.slice(TAG.length).split('.')
  if (more.length > 0 || !isEqual(Buffer.from(mac, 'base64url'), macOf(payload, key))) return undefined
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Carried
}

function macOf(payload: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(payload).digest().subarray(0, MAC_BYTES)
}

function isEqual(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** A carrier for a field that must be base64 (Gemini's `thoughtSignature`). */
export function asBase64(carrier: string): string {
  return Buffer.from(carrier).toString('base64')
}

const BASE64_TAG = 'Wmd3MS'

/** The carrier in a text that may be one, as it is or as base64. */
export function carrierIn(text: string): string | undefined {
  if (isCarrier(text)) return text
  if (!text.startsWith(BASE64_TAG)) return undefined
  const decoded = Buffer.from(text, 'base64').toString('utf8')
  return isCarrier(decoded) ? decoded : undefined
}

/** Whether a body may hold a carrier. Cheap: such a body must not go to a provider as it is. */
export function mayHoldCarrier(body: Buffer): boolean {
  return body.includes(TAG) || body.includes(BASE64_TAG)
}
