const EMPTY = Buffer.alloc(0)

/** Bytes that pile up until somebody takes them; copies each byte a constant number of times, however small its pieces. */
export class GrowingBuffer {
  #bytes = EMPTY
  #length = 0

  get length(): number {
    return this.#length
  }

  append(piece: Buffer): void {
    const needed = this.#length + piece.length
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    piece.copy(this.#bytes, this.#length)
    this.#length = needed
  }

  /** All of it; the buffer is empty afterwards and keeps no hold on what it returned. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = EMPTY
    this.#length = 0
    return taken
  }
}
