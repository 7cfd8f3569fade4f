import type { TokenCap } from './wire-format.ts'

/**
 * The cap of a format that keeps it as a top-level member of the body.
 * @param names the members that may hold it, the preferred one first; a new cap goes where the old one stood
 */
export function topLevelCap(...names: readonly [string, ...string[]]): TokenCap {
  const holder = (body: unknown): string | undefined =>
    typeof body === 'object' && body !== null
      ? names.find(name => Object.hasOwn(body, name) && (body as Readonly<Record<string, unknown>>)[name] !== null)
      : undefined
  return {
    read(body) {
      const name = holder(body)
      const value = name === undefined ? undefined : (body as Readonly<Record<string, unknown>>)[name]
      return typeof value === 'number' ? value : undefined
    },
    write: (body, tokens) => ({ key: holder(body) ?? names[0], json: String(tokens) }),
  }
}
