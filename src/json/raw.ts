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
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'object':
      if (value === null) return 'null'
      if (value instanceof RawJson) return value.text
      return isArray(value) ? writeArray(value) : writeObject(value)
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null'
    case 'boolean':
      return value ? 'true' : 'false'
    default:
      return 'null'
  }
}

function writeArray(values: readonly Writable[]): string {
  let text = ''
  for (const value of values) text += text === '' ? writeJson(value) : `,${writeJson(value)}`
  return `[${text}]`
}

function writeObject(members: { readonly [key: string]: Writable }): string {
  let text = ''
  for (const key of Object.keys(members)) {
    const member = members[key]
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${keyText(key)}${writeJson(member)}`
  }
  return `{${text}}`
}

/** Most keys are the same few, and quoting one anew costs more than writing a short value. */
function keyText(key: string): string {
  const known = keyTexts.get(key)
  if (known !== undefined) return known
  const text = `${JSON.stringify(key)}:`
  if (keyTexts.size < 1000 && key.length < 64) keyTexts.set(key, text)
  return text
}

const keyTexts = new Map<string, string>()

// Array.isArray does not narrow readonly arrays.
function isArray(value: object): value is readonly Writable[] {
  return Array.isArray(value)
}
