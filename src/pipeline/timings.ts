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
    let text = ''
    for (const { name, ms } of this.#spans) text += `${name};dur=${hundredths(ms)}, `
    if (this.#upstreamMs > 0) text += `upstream;dur=${hundredths(this.#upstreamMs)}, `
    return `${text}total;dur=${hundredths(this.elapsedMs)}`
  }
}

/** Two decimals are enough; `toFixed` takes three times as long. */
function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100
}
