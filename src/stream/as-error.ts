/** Whatever was thrown, as an `Error`; also an object that throws when it is looked at. */
export function asError(thrown: unknown): Error {
  try {
    return thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`, { cause: thrown })
  } catch {
    return new Error('thrown: an object that throws when it is looked at')
  }
}
