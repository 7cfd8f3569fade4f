/** A member of an object: its value, or what makes it. */
export type LazyMember =
  | { readonly key: string; readonly value: unknown }
  | { readonly key: string; readonly make: () => unknown }

/** Stands in the object for what nobody has read: seen only by what looks behind a proxy, as `console.log` does. */
const UNREAD = '…'

/**
 * An object of which some members are made when somebody reads them first, and which is otherwise like any that
 * `JSON.parse` makes: own, enumerable, writable members in the order in which they come.
 *
 * A proxy, because V8 keeps getters, and all that they hold, until the next full collection: with a getter for each large
 * member, everything of a call outlived it by seconds (docs/decisions/018-what-outlives-a-call.md).
 */
export function lazyObject(members: Iterable<LazyMember>): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  const unread = new Map<string, () => unknown>()
  for (const member of members) {
    const { key } = member
    if ('make' in member) unread.set(key, member.make)
    const value = 'make' in member ? UNREAD : member.value
    if (key === '__proto__') setOwn(object, key, value)
    else object[key] = value
  }
  return unread.size === 0 ? object : new Proxy(object, new Reading(unread))
}

class Reading implements ProxyHandler<Record<string, unknown>> {
  readonly #unread: Map<string | symbol, () => unknown>

  constructor(unread: Map<string, () => unknown>) {
    this.#unread = unread
  }

  get(object: Record<string, unknown>, key: string | symbol): unknown {
    this.#read(object, key)
    return Reflect.get(object, key)
  }

  getOwnPropertyDescriptor(object: Record<string, unknown>, key: string | symbol): PropertyDescriptor | undefined {
    this.#read(object, key)
    return Reflect.getOwnPropertyDescriptor(object, key)
  }

  defineProperty(object: Record<string, unknown>, key: string | symbol, description: PropertyDescriptor): boolean {
    // A description may leave the value as it is.
    this.#read(object, key)
    return Reflect.defineProperty(object, key, description)
  }

  deleteProperty(object: Record<string, unknown>, key: string | symbol): boolean {
    this.#unread.delete(key)
    return Reflect.deleteProperty(object, key)
  }

  #read(object: Record<string, unknown>, key: string | symbol): void {
    const make = this.#unread.get(key)
    if (make === undefined) return
    const value = make()
    this.#unread.delete(key)
    setOwn(object, key, value)
  }
}

function setOwn(object: object, key: string | symbol, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}
