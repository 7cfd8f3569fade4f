/** A member of an object: its value, or what makes it. */
export type LazyMember =
  | { readonly key: string; readonly value: unknown }
  | { readonly key: string; readonly make: () => unknown }

/**
 * An object of which some members are made when somebody reads them first, and which is otherwise like any that
 * `JSON.parse` makes: own, enumerable, writable members in the order in which they come.
 */
export function lazyObject(members: Iterable<LazyMember>): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const member of members) {
    const { key } = member
    if ('make' in member) setLazily(object, key, member.make)
    else if (key === '__proto__') setOwn(object, key, member.value)
    else object[key] = member.value
  }
  return object
}

function setLazily(object: object, key: string, make: () => unknown): void {
  const read = (): unknown => {
    const value = make()
    setOwn(object, key, value)
    return value
  }
  const write = (value: unknown): void => setOwn(object, key, value)
  Object.defineProperty(object, key, { enumerable: true, configurable: true, get: read, set: write })
}

function setOwn(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}
