/** Output items as they are streamed: each writes its own frames and, once done, its whole JSON (conversion.md A.3.3). */
import type { ToolCallPart } from '../conversation.ts'
import { unwrapInput } from '../free-text.ts'
import { GatheredText } from '../gathered-text.ts'
import type { TextRun } from '../text-run.ts'
import type { SseFrames } from './sse-frames.ts'

export type ItemStatus = 'completed' | 'incomplete'

export interface OutputItem {
  /** Frames that announce the item. */
  open(): string
  /** Frames that end it. @returns them and the item's JSON text */
  close(status: ItemStatus): { readonly frames: string; readonly json: string }
}

/** Where an item stands: the members that all its events share. */
export interface Place {
  readonly frames: SseFrames
  readonly outputIndex: number
  readonly id: string
}

/** `"item_id":…,"output_index":…,` */
export function membersOf({ id, outputIndex }: Place): string {
  return `"item_id":${JSON.stringify(id)},"output_index":${outputIndex},`
}

export function itemFrame(type: 'added' | 'done', { frames, outputIndex }: Place, json: string): string {
  return frames.frame(`response.output_item.${type}`, `"output_index":${outputIndex},"item":${json}`)
}

/** JSON members of a bag's fields, each with a comma before it. */
export type ExtraMembers = string

/** An item that is handed on whole. */
export class WholeItem implements OutputItem {
  readonly #place: Place
  readonly #json: string

  constructor(place: Place, json: string) {
    this.#place = place
    this.#json = json
  }

  open(): string {
    return itemFrame('added', this.#place, this.#json)
  }

  close(): { readonly frames: string; readonly json: string } {
    return { frames: itemFrame('done', this.#place, this.#json), json: this.#json }
  }
}

/** A call of the client's function or custom tool. */
export class CallItem implements OutputItem {
  readonly #place: Place
  readonly #call: ToolCallPart
  readonly #unwrap: boolean
  readonly #extra: ExtraMembers
  readonly #delta: string
  readonly #members: string
  readonly #text = new GatheredText()

  /** @param unwrap the arguments are a stand-in that can be taken off only once they are whole */
  constructor(place: Place, call: ToolCallPart, unwrap: boolean, extra: ExtraMembers) {
    this.#place = place
    this.#call = call
    this.#unwrap = unwrap
    this.#extra = extra
    this.#members = membersOf(place)
    this.#delta = call.kind === 'custom' ? 'response.custom_tool_call_input' : 'response.function_call_arguments'
  }

  open(): string {
    return itemFrame('added', this.#place, this.#json('in_progress', ''))
  }

  add(text: string): string {
    if (text === '') return ''
    this.#text.add(text)
    return this.#unwrap ? '' : this.#deltaFrame(text)
  }

  /** `add`, for each of the run. */
  run(run: TextRun): string {
    this.#text.add(run.text)
    if (this.#unwrap) return ''
    return this.#place.frames.run(`${this.#delta}.delta`, `${this.#members}"delta":`, '', run)
  }

  close(status: ItemStatus): { readonly frames: string; readonly json: string } {
    const said = this.#text.text
    // No arguments at all: clients parse what they get (conversion.md E44).
    const isMissing = said === '' && !this.#unwrap && this.#call.kind === 'function' && status === 'completed'
    const text = this.#unwrap ? unwrapInput(said) : isMissing ? '{}' : said
    const untold = this.#unwrap || isMissing ? text : ''
    let frames = untold === '' ? '' : this.#deltaFrame(untold)
    const key = this.#call.kind === 'custom' ? 'input' : 'arguments'
    frames += this.#place.frames.frame(`${this.#delta}.done`, `${this.#members}"${key}":${JSON.stringify(text)}`)
    const json = this.#json(status, text)
    return { frames: frames + itemFrame('done', this.#place, json), json }
  }

  #deltaFrame(text: string): string {
    return this.#place.frames.frame(`${this.#delta}.delta`, `${this.#members}"delta":${JSON.stringify(text)}`)
  }

  #json(status: string, text: string): string {
    const { callId, name, namespace, kind, caller } = this.#call
    const id = JSON.stringify(this.#place.id)
    const custom = kind === 'custom'
    const head = `{"id":${id},"type":"${custom ? 'custom_tool_call' : 'function_call'}","status":"${status}"`
    const body = `,"${custom ? 'input' : 'arguments'}":${JSON.stringify(text)},"call_id":${JSON.stringify(callId)}`
    const space = namespace === undefined ? '' : `,"namespace":${JSON.stringify(namespace)}`
    const by = caller === undefined ? '' : `,"caller":${caller}`
    return `${head}${body}${space},"name":${JSON.stringify(name)}${by}${this.#extra}}`
  }
}
