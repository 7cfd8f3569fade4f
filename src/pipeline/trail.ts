/** Where a call went, for metrics and the log. Written as it goes; nothing decides by it. */
export class Trail {
  #provider = ''
  #model = ''
  #key: string | undefined
  #attempts = 0

  /** An attempt at a provider begins. */
  attempt(provider: string, model: string): void {
    this.#provider = provider
    this.#model = model
    this.#attempts++
  }

  /** An attempt has been answered; of several at once it need not be the last. */
  answered(provider: string, model: string): void {
    this.#provider = provider
    this.#model = model
  }

  /** The call has been identified. @param key the key's configured name */
  identified(key: string): void {
    this.#key = key
  }

  /** The provider that answered last, or was asked last; empty before the first attempt. */
  get provider(): string {
    return this.#provider
  }
  /** The model that it was asked for. */
  get model(): string {
    return this.#model
  }
  get key(): string | undefined {
    return this.#key
  }
  get attempts(): number {
    return this.#attempts
  }
}
