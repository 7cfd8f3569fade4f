/** JSON source text inside a value that is to be written: it goes out as it is. */
export class RawJson {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What `writeJson` takes: plain JSON data in which any value may be raw text. `undefined` members are left out. */
export type Writable =
  | string
  | number
  | boolean
  | null
  | undefined
  | RawJson
  | readonly Writable[]
  | { readonly [key: string]: Writable }

/**
 * Writes JSON text, like `JSON.stringify`, with `RawJson` values going out verbatim.
 *
 * Why not `JSON.rawJSON`: it takes primitives only, and tool arguments and schemas are objects.
 */
export function writeJson(value: Writable): string {
  if (value === undefined || value === null) return 'null'
  if (typeof value !== 'object') return JSON.stringify(value)
  if (value instanceof RawJson) return value.text
  if (isArray(value)) return `[${value.map(writeJson).join(',')}]`
  let text = ''
  for (const key of Object.keys(value)) {
    const member = value[key]
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${writeJson(member)}`
  }
  return `{${text}}`
}

// Array.isArray does not narrow readonly arrays.
function isArray(value: object): value is readonly Writable[] {
  return Array.isArray(value)
}
