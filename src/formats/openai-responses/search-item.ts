/** A call of the function that stands for a search by the client → `tool_search_call` (see `client-search.ts`). */
import { GatheredText } from '../gathered-text.ts'
import { type ItemStatus, itemFrame, type OutputItem, type Place } from './output-items.ts'

/** Its arguments are an object and have no events of their own: the item is told when they are whole. */
export class SearchItem implements OutputItem {
  readonly #place: Place
  readonly #callId: string
  readonly #text = new GatheredText()

  constructor(place: Place, callId: string) {
    this.#place = place
    this.#callId = callId
  }

  open(): string {
    return itemFrame('added', this.#place, this.#json('in_progress', '{}'))
  }

  add(text: string): string {
    this.#text.add(text)
    return ''
  }

  close(status: ItemStatus): { readonly frames: string; readonly json: string } {
    const { text } = this.#text
    const json = this.#json(status, text.trim() === '' ? '{}' : jsonOf(text))
    return { frames: itemFrame('done', this.#place, json), json }
  }

  #json(status: string, text: string): string {
    const [id, callId] = [JSON.stringify(this.#place.id), JSON.stringify(this.#callId)]
    const head = `{"id":${id},"type":"tool_search_call","status":"${status}","execution":"client"`
    return `${head},"call_id":${callId},"arguments":${text}}`
  }
}

/** The text itself if it is JSON, as it was written; what was cut off goes as a string, for the client to refuse. */
function jsonOf(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify(text)
  }
}
