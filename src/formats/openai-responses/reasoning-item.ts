import type { ReasoningPart } from '../conversation.ts'
import { GatheredText } from '../gathered-text.ts'
import type { TextRun } from '../text-run.ts'
import { type ExtraMembers, itemFrame, membersOf, type OutputItem, type Place } from './output-items.ts'

type Visibility = ReasoningPart['visibility']

/** Thinking, streamed: sections of a summary, sections of the whole text, and the state that goes with both. */
export class ReasoningItem implements OutputItem {
  readonly #place: Place
  readonly #members: string
  readonly #sections: Record<'summary' | 'full', string[]> = { summary: [], full: [] }
  #extra: ExtraMembers
  #visibility: 'summary' | 'full' = 'summary'
  #open = false
  #said = new GatheredText()
  #state: string | undefined

  constructor(place: Place, extra: ExtraMembers) {
    this.#place = place
    this.#members = membersOf(place)
    this.#extra = extra
  }

  open(): string {
    return itemFrame('added', this.#place, this.#json())
  }

  /** Begins to write text of one kind. */
  begin(visibility: Visibility, extra: ExtraMembers): string {
    const ended = this.#endSection()
    this.#visibility = visibility === 'full' ? 'full' : 'summary'
    if (extra !== '') this.#extra = extra
    return ended
  }

  text(text: string): string {
    if (text === '') return ''
    const begun = this.#open ? '' : this.#beginSection()
    this.#said.add(text)
    return begun + this.#frame(this.#full ? 'reasoning_text.delta' : 'reasoning_summary_text.delta', 'delta', text)
  }

  /** `text`, for each of the run. */
  run(run: TextRun): string {
    const begun = this.#open ? '' : this.#beginSection()
    this.#said.add(run.text)
    const type = this.#full ? 'response.reasoning_text.delta' : 'response.reasoning_summary_text.delta'
    return begun + this.#place.frames.run(type, `${this.#members}${this.#indexMember},"delta":`, '', run)
  }

  sectionBreak(): string {
    return this.#endSection()
  }

  state(value: string): void {
    this.#state = value
  }

  close(): { readonly frames: string; readonly json: string } {
    const frames = this.#endSection()
    const json = this.#json()
    return { frames: frames + itemFrame('done', this.#place, json), json }
  }

  get #full(): boolean {
    return this.#visibility === 'full'
  }

  #beginSection(): string {
    this.#open = true
    this.#said = new GatheredText()
    return this.#partFrame('added')
  }

  #endSection(): string {
    if (!this.#open) return ''
    this.#open = false
    const done = this.#frame(
      this.#full ? 'reasoning_text.done' : 'reasoning_summary_text.done',
      'text',
      this.#said.text,
    )
    const frames = done + this.#partFrame('done')
    this.#sections[this.#visibility].push(this.#sectionJson(this.#said.text))
    this.#said = new GatheredText()
    return frames
  }

  #partFrame(type: 'added' | 'done'): string {
    const event = this.#full ? 'content_part' : 'reasoning_summary_part'
    const members = `${this.#members}${this.#indexMember},"part":${this.#sectionJson(this.#said.text)}`
    return this.#place.frames.frame(`response.${event}.${type}`, members)
  }

  #frame(type: string, key: string, text: string): string {
    const members = `${this.#members}${this.#indexMember},"${key}":${JSON.stringify(text)}`
    return this.#place.frames.frame(`response.${type}`, members)
  }

  get #indexMember(): string {
    return `"${this.#full ? 'content_index' : 'summary_index'}":${this.#sections[this.#visibility].length}`
  }

  #sectionJson(text: string): string {
    return `{"type":"${this.#full ? 'reasoning_text' : 'summary_text'}","text":${JSON.stringify(text)}}`
  }

  #json(): string {
    const { summary, full } = this.#sections
    const content = full.length === 0 ? '' : `,"content":[${full.join(',')}]`
    const state = this.#state === undefined ? '' : `,"encrypted_content":${JSON.stringify(this.#state)}`
    const id = JSON.stringify(this.#place.id)
    return `{"id":${id},"type":"reasoning","summary":[${summary.join(',')}]${content}${state}${this.#extra}}`
  }
}
