/** A stage broke in the middle of an item. What it had made of it by then still goes on, before the failure. */
export class Midway<T> {
  readonly made: readonly T[]
  readonly cause: unknown

  constructor(made: readonly T[], cause: unknown) {
    this.made = made
    this.cause = cause
  }
}

/**
 * Runs through a batch.
 * @throws Midway when `each` throws
 */
export function throughBatch<X, Y>(batch: readonly X[], each: (item: X, made: Y[]) => void): readonly (readonly Y[])[] {
  const made: Y[] = []
  try {
    for (const item of batch) each(item, made)
  } catch (thrown) {
    throw new Midway(made.length === 0 ? [] : [made], thrown)
  }
  return made.length === 0 ? [] : [made]
}
