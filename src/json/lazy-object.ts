/**
 * An object of which each member is made when somebody reads it first, and which is otherwise like any that `JSON.parse`
 * makes: own, enumerable, writable members in the order in which they come.
 */
export function lazyObject(members: Iterable<readonly [key: string, make: () => unknown]>): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [key, make] of members) {
    const settle = (value: unknown): void => {
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
    }
    const read = (): unknown => {
      const value = make()
      settle(value)
      return value
    }
    Object.defineProperty(object, key, { enumerable: true, configurable: true, get: read, set: settle })
  }
  return object
}
