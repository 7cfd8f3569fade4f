/**
 * Cuts one HTTP/1.1 message after another out of a connection. The load client and the simulated provider have to cost
 * less than what they measure; this is the little that they need of HTTP (RFC 9112, section 6).
 */
export interface MessageEvents {
  /** The first line and the header fields, without the empty line at their end. */
  onHead(head: string): void
  onBody(piece: string): void
  onEnd(): void
}

/** What a message without a length has for a body: requests none, answers all that comes until the connection ends. */
export type WithoutLength = 'empty' | 'until-close'

type State = 'head' | 'body' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close'

export class MessageReader {
  readonly #events: MessageEvents
  readonly #withoutLength: WithoutLength
  #state: State = 'head'
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0
  /** The beginning of a head or of a line that has not come whole. */
  #pending = ''

  constructor(events: MessageEvents, withoutLength: WithoutLength) {
    this.#events = events
    this.#withoutLength = withoutLength
  }

  /** @param text bytes as Latin-1 */
  push(text: string): void {
    const input = this.#pending === '' ? text : this.#pending + text
    let at = 0
    while (at < input.length) {
      const next = this.#step(input, at)
      if (next === at) break
      at = next
    }
    this.#pending = at < input.length ? input.slice(at) : ''
  }

  /** The connection has ended. @returns whether that was the proper end of an answer */
  close(): boolean {
    if (this.#state !== 'until-close') return false
    this.#end()
    return true
  }

  /** @returns where to go on; the same place if more has to come first */
  #step(input: string, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#line(input, at, '\r\n\r\n', head => this.#begin(head))
      case 'size':
        return this.#line(input, at, '\r\n', size => this.#chunk(Number.parseInt(size, 16)))
      case 'trailer':
        return this.#line(input, at, '\r\n', line => line === '' && this.#end())
      case 'until-close':
        this.#events.onBody(input.slice(at))
        return input.length
      default:
        return this.#bytes(input, at)
    }
  }

  #line(input: string, at: number, mark: string, take: (line: string) => void): number {
    const end = input.indexOf(mark, at)
    if (end < 0) return at
    take(input.slice(at, end))
    return end + mark.length
  }

  #begin(head: string): void {
    if (head.startsWith('HTTP/1.1 1')) return
    this.#events.onHead(head)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length !== undefined) {
      this.#left = Number(length)
      if (this.#left === 0) this.#end()
      else this.#state = 'body'
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#state = 'size'
    else if (this.#withoutLength === 'empty') this.#end()
    else this.#state = 'until-close'
  }

  #chunk(size: number): void {
    this.#left = size
    this.#state = size === 0 ? 'trailer' : 'chunk'
  }

  #bytes(input: string, at: number): number {
    const end = Math.min(input.length, at + this.#left)
    this.#left -= end - at
    if (this.#state !== 'chunk-end') this.#events.onBody(input.slice(at, end))
    if (this.#left > 0) return end
    if (this.#state === 'body') this.#end()
    else if (this.#state === 'chunk') {
      this.#state = 'chunk-end'
      this.#left = 2
    } else this.#state = 'size'
    return end
  }

  #end(): void {
    this.#state = 'head'
    this.#events.onEnd()
  }
}
