/** The part of a call's lifetime that the way to a provider depends on. */
export interface Abortable {
  /** Why the call was given up, once it was. */
  readonly reason: Error | undefined
  /** @returns takes the listener off again */
  onAbort(listener: (reason: Error) => void): () => void
}
