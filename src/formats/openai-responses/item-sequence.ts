/** The items of a reply in their order: which one a part belongs to, and when an item is over. */
import type { ItemIds } from './item-ids.ts'
import type { ItemStatus, OutputItem, Place } from './output-items.ts'
import type { SseFrames } from './sse-frames.ts'

export interface OpenOutput {
  readonly item: OutputItem
  readonly outputIndex: number
  /** Whether the provider spoke this format. */
  readonly native: boolean
  /** The provider's id of the item, when it spoke this format. */
  readonly nativeId: string | undefined
  /** Canonical parts of it that have not ended. */
  openParts: number
  closed: boolean
}

/** An item that was found or begun, and the frames that it took. */
export interface Opened {
  readonly open: OpenOutput
  readonly frames: string
}

/**
 * An item stays open after its last part has ended until another item begins or the reply ends: more of the same
 * message may follow, and only the end tells whether the last item is whole.
 */
export class ItemSequence {
  readonly #frames: SseFrames
  readonly #ids: ItemIds
  readonly #items: OpenOutput[] = []
  readonly #json: string[] = []
  readonly #byPart = new Map<number, OpenOutput>()

  constructor(frames: SseFrames, ids: ItemIds) {
    this.#frames = frames
    this.#ids = ids
  }

  /** JSON text of the items that are done, in order. */
  get done(): readonly string[] {
    return this.#json.filter(json => json !== undefined)
  }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** The item that a part belongs to. */
  of(part: number): OutputItem | undefined {
    return this.#byPart.get(part)?.item
  }

  /** The last item, as long as more can be added to it. */
  get last(): OpenOutput | undefined {
    const last = this.#items.at(-1)
    return last?.closed === false && last.openParts === 0 ? last : undefined
  }

  /**
   * Begins an item. Those before it whose parts have all ended are over.
   * @param prefix of the item's id, should it need a new one
   * @param nativeId the provider's own id; `undefined` where it gave none
   */
  begin(prefix: string, native: boolean, nativeId: string | undefined, make: (place: Place) => OutputItem): Opened {
    const ended = this.#items.map(open => (open.openParts === 0 ? this.#close(open, 'completed') : '')).join('')
    const outputIndex = this.#items.length
    const own = native ? nativeId : undefined
    const item = make({ frames: this.#frames, outputIndex, id: this.#ids.itemId(prefix, own) })
    const open: OpenOutput = { item, outputIndex, native, nativeId: own, openParts: 0, closed: false }
    this.#items.push(open)
    return { open, frames: ended + item.open() }
  }

  attach(part: number, open: OpenOutput): void {
    open.openParts++
    this.#byPart.set(part, open)
  }

  detach(part: number): string {
    const open = this.#byPart.get(part)
    if (open === undefined) return ''
    this.#byPart.delete(part)
    open.openParts--
    return open.openParts === 0 && open !== this.#items.at(-1) ? this.#close(open, 'completed') : ''
  }

  /** Ends every item that is still open; the last one with `status`. */
  close(status: ItemStatus): string {
    return this.#items.map(open => this.#close(open, open === this.#items.at(-1) ? status : 'completed')).join('')
  }

  #close(open: OpenOutput, status: ItemStatus): string {
    if (open.closed) return ''
    open.closed = true
    const { frames, json } = open.item.close(status)
    this.#json[open.outputIndex] = json
    return frames
  }
}
