/** Where the time of one call went, for `server-timing` and the overhead metric. Milliseconds throughout. */
export class Timings {
  readonly startedAt: number
  readonly #spans: { readonly name: string; readonly ms: number }[] = []
  #upstreamMs = 0
  #firstTokenAt: number | undefined

  constructor(startedAt = performance.now()) {
    this.startedAt = startedAt
  }

  add(name: string, ms: number): void {
    this.#spans.push({ name, ms })
  }

  /** Time spent waiting for a provider, which is not the gateway's own. */
  addUpstream(ms: number): void {
    this.#upstreamMs += ms
  }

  get upstreamMs(): number {
    return this.#upstreamMs
  }

  markFirstToken(): void {
    this.#firstTokenAt ??= performance.now()
  }

  /** Since the start of the call. */
  get firstTokenMs(): number | undefined {
    return this.#firstTokenAt === undefined ? undefined : this.#firstTokenAt - this.startedAt
  }

  get elapsedMs(): number {
    return performance.now() - this.startedAt
  }

  /** The value of a `server-timing` header (W3C Server Timing), in the order in which things happened. */
  header(): string {
    const spans = this.#spans.map(({ name, ms }) => `${name};dur=${ms.toFixed(2)}`)
    if (this.#upstreamMs > 0) spans.push(`upstream;dur=${this.#upstreamMs.toFixed(2)}`)
    spans.push(`total;dur=${this.elapsedMs.toFixed(2)}`)
    return spans.join(', ')
  }
}
