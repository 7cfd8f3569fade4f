import type { TextPart } from '../conversation.ts'
import type { OpenPart } from './part-events.ts'

/** An output item while its events come in. */
export class OpenItem {
  id: string | undefined
  phase: Pick<TextPart, 'phase'> = {}
  done = false
  /** The one part of a tool call. */
  call: OpenPart | undefined
  /** Parts of a message, by `content_index`. */
  readonly content = new Map<number, OpenPart>()
  /** Parts of reasoning: its summary, its text, in the order in which they came. */
  readonly reasoning = new Map<'summary' | 'full', { readonly part: OpenPart; section: number }>()

  constructor(id: string | undefined, phase?: unknown) {
    this.id = id
    this.setPhase(phase)
  }

  setPhase(phase: unknown): void {
    if (phase === 'commentary' || phase === 'final_answer') this.phase = { phase }
  }

  /** The id as a member of a part. */
  get idMember(): { readonly id?: string } {
    return this.id === undefined ? {} : { id: this.id }
  }
}
