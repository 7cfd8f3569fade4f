/** Where the time of one call went, for `server-timing` and the overhead metric. Milliseconds throughout. */
export class Timings {
  readonly startedAt: number
  #spans = ''
  #upstreamMs = 0
  #firstTokenAt: number | undefined

  constructor(startedAt = performance.now()) {
    this.startedAt = startedAt
  }

  add(name: string, ms: number): void {
    this.#spans += `${name};dur=${hundredths(ms)}, `
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
    const upstream = this.#upstreamMs > 0 ? `upstream;dur=${hundredths(this.#upstreamMs)}, ` : ''
    return `${this.#spans}${upstream}total;dur=${hundredths(this.elapsedMs)}`
  }
}

/** Two decimals are enough; put together of whole numbers they take a fraction of the time that a real number takes. */
function hundredths(ms: number): string {
  const all = Math.max(0, Math.round(ms * 100))
  return `${Math.trunc(all / 100)}.${DECIMALS[all % 100]}`
}

const DECIMALS = Array.from({ length: 100 }, (_, hundredth) => String(hundredth).padStart(2, '0'))
