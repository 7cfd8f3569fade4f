/** What a scripted upstream does to give a recorded answer once more. */

import type { RecordedCase } from './traffic.ts'
import type { Act } from './upstream.ts'

/** How the bytes of the body are cut into the chunks that are sent. */
export type Cut = 'whole' | 'frames' | { readonly every: number } | { readonly seed: number }

/** The recorded status, headers and body bytes; each chunk goes out in a tick of its own. */
export function replay(recorded: RecordedCase, cut: Cut = 'whole'): Act {
  return {
    status: recorded.status,
    headers: { 'content-type': usualType(recorded), ...sendable(recorded.responseHeaders) },
    chunks: cutUp(Buffer.from(recorded.responseText), cut),
    pace: 'tick',
  }
}

/** @returns the same bytes in pieces, none of them empty */
export function cutUp(bytes: Buffer, cut: Cut): readonly Buffer[] {
  if (bytes.length === 0 || cut === 'whole') return [bytes]
  if (cut === 'frames') return pieces(bytes, frameEnds(bytes))
  if ('every' in cut) return pieces(bytes, everyNth(bytes.length, cut.every))
  return pieces(bytes, random(bytes.length, cut.seed))
}

function usualType({ responseIsStream }: RecordedCase): string {
  return responseIsStream ? 'text/event-stream' : 'application/json'
}

/** Of the recorded headers all but those that described how the body travelled back then. */
function sendable(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  return Object.fromEntries(entries.filter(([name]) => !TRANSPORT.has(name)))
}

const TRANSPORT: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'transfer-encoding',
])

function pieces(bytes: Buffer, ends: readonly number[]): Buffer[] {
  const all = [...new Set([...ends.filter(end => end > 0 && end < bytes.length), bytes.length])].sort((a, b) => a - b)
  return all.map((end, index) => bytes.subarray(all[index - 1] ?? 0, end))
}

/** Behind every empty line. */
function frameEnds(bytes: Buffer): number[] {
  return [...bytes.toString('latin1').matchAll(/\r?\n\r?\n/g)].map(({ index, 0: gap }) => index + gap.length)
}

function everyNth(length: number, step: number): number[] {
  return Array.from({ length: Math.floor(length / step) }, (_, index) => (index + 1) * step)
}

/** Pieces of 1 to 64 bytes; the same for the same seed (a linear congruential generator, Numerical Recipes). */
function random(length: number, seed: number): number[] {
  const ends: number[] = []
  let state = seed >>> 0
  for (let at = 0; at < length; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    at += 1 + (state >>> 26)
    ends.push(at)
  }
  return ends
}
