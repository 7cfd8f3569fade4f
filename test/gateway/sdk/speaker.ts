/** A provider's side of a test: answers written by hand after the provider's documentation. */
import type { Said } from './talk.ts'

export type Json = Readonly<Record<string, unknown>>

export interface Speaker {
  whole(said: Said): Json
  stream(said: Said): string
  /** The body of a refusal. */
  error(status: number, message: string): Json
}

export const frame = (json: Json): string => `data: ${JSON.stringify(json)}\n\n`
export const typed = (json: Json & { readonly type: string }): string => `event: ${json.type}\n${frame(json)}`

/** The pieces of a stream. */
export function halves(text: string): readonly string[] {
  const first = firstHalf(text)
  return [first, text.slice(first.length)].filter(piece => piece !== '')
}

export function firstHalf(text: string): string {
  return text.slice(0, Math.ceil(text.length / 2))
}
