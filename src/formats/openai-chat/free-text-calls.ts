/**
 * Calls of tools that the client itself declared as free text and that came back as calls of the function which stood
 * in for them: given to the client as it knows them. Only the declarations of this very request decide (conversion.md
 * E49, E50).
 */
import type { Part } from '../conversation.ts'
import { unwrapInput } from '../free-text.ts'
import type { Completion, ReplyEvent } from '../reply-events.ts'
import { arrayOf, objectOf, wordOf } from './fields.ts'

const NONE: readonly ReplyEvent[] = []

export class FreeTextCalls {
  readonly #names: ReadonlySet<string>
  /** Arguments so far, by part: what stood in can be taken off only once it is whole. */
  readonly #held = new Map<number, string>()

  /** @param body the client's request */
  constructor(body: unknown) {
    const tools = arrayOf(objectOf(body)?.tools) ?? []
    this.#names = new Set(tools.flatMap(tool => wordOf(objectOf(objectOf(tool)?.custom)?.name) ?? []))
  }

  get any(): boolean {
    return this.#names.size > 0
  }

  /** The event as the client is to be told it, or those in its place. */
  events(event: ReplyEvent): readonly ReplyEvent[] {
    if (event.type === 'part-start') {
      const { part, index } = event
      if (!this.#isFreeText(part)) return [event]
      this.#held.set(index, part.arguments)
      return [{ ...event, part: { ...part, kind: 'custom', arguments: '' } }]
    }
    const held = 'index' in event ? this.#held.get(event.index) : undefined
    if (held === undefined || !('index' in event)) return [event]
    const { index } = event
    if (event.type === 'arguments-delta') {
      this.#held.set(index, held + event.text)
      return NONE
    }
    if (event.type !== 'part-end') return [event]
    this.#held.delete(index)
    return [{ type: 'arguments-delta', index, text: unwrapInput(held) }, event]
  }

  completion(completion: Completion): Completion {
    if (!this.any) return completion
    const candidates = completion.candidates.map(candidate => ({
      ...candidate,
      parts: candidate.parts.map(
        (part): Part =>
          this.#isFreeText(part) ? { ...part, kind: 'custom', arguments: unwrapInput(part.arguments) } : part,
      ),
    }))
    return { ...completion, candidates }
  }

  #isFreeText(part: Part): part is Extract<Part, { type: 'tool-call' }> {
    return part.type === 'tool-call' && part.kind === 'function' && this.#names.has(part.name)
  }
}
