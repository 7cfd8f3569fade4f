import type { Part } from '../conversation.ts'
import type { TextRun } from '../text-run.ts'
import type { Around, PartDelta, PartWriter } from './part-writer.ts'
import type { WirePart } from './parts-encode.ts'

interface Place {
  readonly writer: PartWriter
  /** What the part has to say while one before it is still open. */
  waiting: WirePart[]
  ended: boolean
}

/**
 * The parts of one candidate, one after another: on this wire a piece of text belongs to whatever came last, so of
 * parts that interleave the first is written live and the others wait for its end.
 */
export class Lane {
  #places: Place[] = []
  readonly #parts: Part[] = []

  /** All parts so far that are complete. */
  get parts(): readonly Part[] {
    return this.#parts
  }

  start(writer: PartWriter): readonly WirePart[] {
    const place: Place = { writer, waiting: [], ended: false }
    this.#places.push(place)
    return this.#written(place, writer.start())
  }

  delta(writer: PartWriter, event: PartDelta): readonly WirePart[] {
    const place = this.#places.find(each => each.writer === writer)
    return place && !place.ended ? this.#written(place, writer.delta(event)) : []
  }

  /** See `PartWriter.run`. */
  run(writer: PartWriter, run: TextRun): Around | '' | undefined {
    const [first] = this.#places
    return first?.writer === writer && !first.ended ? writer.run(run) : undefined
  }

  end(writer: PartWriter): readonly WirePart[] {
    const place = this.#places.find(each => each.writer === writer)
    if (!place || place.ended) return []
    const last = this.#written(place, writer.end())
    place.ended = true
    this.#parts.push(writer.complete())
    return [...last, ...this.#advance()]
  }

  /** Ends whatever is still open. */
  endAll(): readonly WirePart[] {
    return [...this.#places].flatMap(place => this.end(place.writer))
  }

  #written(place: Place, parts: readonly WirePart[]): readonly WirePart[] {
    if (place === this.#places[0]) return parts
    place.waiting.push(...parts)
    return []
  }

  /** Lets the next part speak when the one before it has ended. */
  #advance(): readonly WirePart[] {
    const spoken: WirePart[] = []
    while (this.#places[0]?.ended) {
      this.#places.shift()
      const next = this.#places[0]
      if (!next) break
      spoken.push(...next.waiting)
      next.waiting = []
    }
    return spoken
  }
}
