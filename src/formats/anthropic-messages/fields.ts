/** Reading members of JSON values whose shape nobody has promised. */

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The member if it is an object, else an empty one. */
export function objectAt(owner: JsonObject, key: string): JsonObject {
  const value = owner[key]
  return isObject(value) ? value : NO_MEMBERS
}

const NO_MEMBERS: JsonObject = Object.freeze({})

/** The objects of an array member; anything else in it is left out. */
export function objectsAt(owner: JsonObject, key: string): readonly JsonObject[] {
  const value = owner[key]
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function stringAt(owner: JsonObject, key: string): string | undefined {
  const value = owner[key]
  return typeof value === 'string' ? value : undefined
}

export function numberAt(owner: JsonObject, key: string): number | undefined {
  const value = owner[key]
  return typeof value === 'number' ? value : undefined
}

export function booleanAt(owner: JsonObject, key: string): boolean | undefined {
  const value = owner[key]
  return typeof value === 'boolean' ? value : undefined
}

/** A copy without the members that are `undefined`, so that absent stays absent in the canonical view. */
export function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept: Record<string, unknown> = {}
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key]
  return kept as { [K in keyof T]: Exclude<T[K], undefined> }
}
