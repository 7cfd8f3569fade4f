import type { Part } from '../conversation.ts'
import { GatheredText } from '../gathered-text.ts'
import { type Fields, objectOf, stringOf, wordOf } from './fields.ts'
import { FORMAT } from './name.ts'

/** Puts streamed audio together: the canonical view has no deltas of media. */
export class AudioGatherer {
  #id: string | undefined
  readonly #transcript = new GatheredText()
  #more: Fields = {}
  readonly #pieces: Buffer[] = []

  add(value: unknown): void {
    const fields = objectOf(value)
    if (fields === undefined) return
    const { id, data, transcript, ...more } = fields
    this.#id = wordOf(id) ?? this.#id
    this.#transcript.add(stringOf(transcript) ?? '')
    this.#more = { ...this.#more, ...more }
    // Each piece is base64 of its own, perhaps padded, so their texts cannot be joined.
    if (typeof data === 'string') this.#pieces.push(Buffer.from(data, 'base64'))
  }

  take(): Part | undefined {
    if (this.#pieces.length === 0) return undefined
    const base64 = Buffer.concat(this.#pieces.splice(0)).toString('base64')
    const more = { transcript: this.#transcript.text, ...this.#more }
    const texts = Object.entries(more).map(([key, each]) => [key, JSON.stringify(each)] as const)
    const part: Part = {
      type: 'media',
      kind: 'audio',
      source: { base64 },
      extensions: { [FORMAT]: Object.fromEntries(texts) },
    }
    return this.#id === undefined ? part : { ...part, id: this.#id }
  }
}
