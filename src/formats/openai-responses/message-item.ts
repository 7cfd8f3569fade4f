import { writeJson } from '../../json/raw.ts'
import type { Citation, TextPart, TokenLogprob } from '../conversation.ts'
import { GatheredText } from '../gathered-text.ts'
import type { TextRun } from '../text-run.ts'
import { encodeCitation } from './annotations.ts'
import { encodeLogprobs } from './logprobs.ts'
import {
  type ExtraMembers,
  type ItemStatus,
  itemFrame,
  membersOf,
  type OutputItem,
  type Place,
} from './output-items.ts'

interface Content {
  readonly type: 'output_text' | 'refusal'
  readonly extra: ExtraMembers
  readonly text: GatheredText
  readonly annotations: string[]
  readonly logprobs: string[]
  /** Where the canonical part that is being written began in the text. */
  offset: number
}

/** A message of the assistant, streamed: its contents one after another, numbered from 0 within the item. */
export class MessageItem implements OutputItem {
  readonly #place: Place
  readonly #phase: string
  readonly #members: string
  readonly #done: string[] = []
  #extra: ExtraMembers = ''
  #content: Content | undefined

  constructor(place: Place, phase: TextPart['phase']) {
    this.#place = place
    this.#phase = phase === undefined ? '' : `,"phase":"${phase}"`
    this.#members = membersOf(place)
  }

  /** Whether anything has been said in it. */
  get hasText(): boolean {
    return this.#content !== undefined || this.#done.length > 0
  }

  open(): string {
    return itemFrame('added', this.#place, this.#json('in_progress'))
  }

  /** JSON members that belong to the item itself. */
  setExtra(extra: ExtraMembers): void {
    this.#extra = extra
  }

  /** Begins a content part. */
  begin(type: Content['type'], extra: ExtraMembers): string {
    const ended = this.#endContent()
    this.#content = { type, extra, text: new GatheredText(), annotations: [], logprobs: [], offset: 0 }
    return ended + this.#frame('response.content_part.added', `"part":${contentJson(this.#content)}`)
  }

  /** Goes on in the same content part where that is text, so that a client finds all of it in one place. */
  continueText(): string {
    if (this.#content?.type !== 'output_text') return this.begin('output_text', '')
    this.#content.offset = this.#content.text.length
    return ''
  }

  text(text: string): string {
    const content = this.#content
    if (content === undefined || text === '') return ''
    content.text.add(text)
    const delta = `"delta":${JSON.stringify(text)}`
    return content.type === 'refusal'
      ? this.#frame('response.refusal.delta', delta)
      : this.#frame('response.output_text.delta', `${delta},"logprobs":[]`)
  }

  /** `text`, for each of the run. */
  run(run: TextRun): string {
    const content = this.#content
    if (content === undefined) return ''
    content.text.add(run.text)
    const isRefusal = content.type === 'refusal'
    const type = isRefusal ? 'response.refusal.delta' : 'response.output_text.delta'
    return this.#place.frames.run(type, `${this.#contentMembers}"delta":`, isRefusal ? '' : ',"logprobs":[]', run)
  }

  /** Told in a delta of their own: by now their text has been sent. */
  logprobs(logprobs: readonly TokenLogprob[]): string {
    const content = this.#content
    if (content?.type !== 'output_text' || logprobs.length === 0) return ''
    const texts = encodeLogprobs(logprobs).map(writeJson)
    content.logprobs.push(...texts)
    return this.#frame('response.output_text.delta', `"delta":"","logprobs":[${texts.join(',')}]`)
  }

  /** @returns `undefined` when the API has no form for the citation */
  citation(citation: Citation): string | undefined {
    const content = this.#content
    if (content?.type !== 'output_text') return ''
    const annotation = encodeCitation(citation, content.offset, content.text.length - content.offset)
    if (annotation === undefined) return undefined
    const text = writeJson(annotation)
    content.annotations.push(text)
    return this.#frame(
      'response.output_text.annotation.added',
      `"annotation_index":${content.annotations.length - 1},"annotation":${text}`,
    )
  }

  close(status: ItemStatus): { readonly frames: string; readonly json: string } {
    const frames = this.#endContent()
    const json = this.#json(status)
    return { frames: frames + itemFrame('done', this.#place, json), json }
  }

  #endContent(): string {
    const content = this.#content
    if (content === undefined) return ''
    const text = JSON.stringify(content.text.text)
    const json = contentJson(content)
    const frames =
      (content.type === 'refusal'
        ? this.#frame('response.refusal.done', `"refusal":${text}`)
        : this.#frame('response.output_text.done', `"text":${text},"logprobs":[${content.logprobs.join(',')}]`)) +
      this.#frame('response.content_part.done', `"part":${json}`)
    this.#done.push(json)
    this.#content = undefined
    return frames
  }

  #frame(type: string, members: string): string {
    return this.#place.frames.frame(type, this.#contentMembers + members)
  }

  get #contentMembers(): string {
    return `${this.#members}"content_index":${this.#done.length},`
  }

  #json(status: string): string {
    const id = JSON.stringify(this.#place.id)
    const head = `{"id":${id},"type":"message","status":"${status}"${this.#phase},"role":"assistant"`
    return `${head},"content":[${this.#done.join(',')}]${this.#extra}}`
  }
}

function contentJson(content: Content): string {
  const text = JSON.stringify(content.text.text)
  if (content.type === 'refusal') return `{"type":"refusal","refusal":${text}${content.extra}}`
  const lists = `"annotations":[${content.annotations.join(',')}],"logprobs":[${content.logprobs.join(',')}]`
  return `{"type":"output_text",${lists},"text":${text}${content.extra}}`
}
