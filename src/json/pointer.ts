/** JSON Pointers (RFC 6901) into the bytes of a request: the value they name is changed, every other byte stays. */
import { removeTopLevel, setTopLevel } from './splice.ts'
import { scanTopLevel } from './top-level.ts'

/** What is to become of the value: `default` leaves one that is there alone, `null` not being one. */
export type PointerChange = { readonly mode: 'default' | 'force'; readonly json: string } | { readonly mode: 'remove' }

/** On the way to the value stands something that is no object. */
export class PointerError extends Error {
  override readonly name = 'PointerError'
  /** The keys as far as that. */
  readonly path: readonly string[]
  constructor(path: readonly string[]) {
    super(`"${path.join('.')}" is not an object`)
    this.path = path
  }
}

/**
 * @returns the keys that a pointer names
 * @throws Error when it is no pointer, or names the whole
 */
export function parsePointer(pointer: string): readonly string[] {
  if (!pointer.startsWith('/')) throw new Error(`the pointer "${pointer}" does not begin with "/"`)
  if (/~(?![01])/.test(pointer)) throw new Error(`the pointer "${pointer}" has a "~" that is neither "~0" nor "~1"`)
  return pointer
    .slice(1)
    .split('/')
    .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/**
 * Changes the value that the keys lead to. Objects that are missing on the way, or `null`, are made; arrays are not
 * entered.
 *
 * @param bytes of a JSON object
 * @throws PointerError when something else than an object stands in the way of a value that is to be set
 */
export function editAt(bytes: Buffer, keys: readonly string[], change: PointerChange, depth = 0): Buffer {
  const [key, ...rest] = keys.slice(depth)
  if (key === undefined) throw new Error('a pointer must name a member')
  const top = scanTopLevel(bytes)
  const member = top.byKey.get(key)
  const value = member && bytes.subarray(member.valueStart, member.end)
  const isAbsent = value === undefined || (value.length === 4 && value.toString() === 'null')
  if (rest.length === 0) {
    if (change.mode === 'remove') return removeTopLevel(bytes, top, key)
    return change.mode === 'default' && !isAbsent ? bytes : setTopLevel(bytes, top, key, change.json)
  }
  if (change.mode === 'remove') {
    if (value?.[0] !== OPEN_BRACE) return bytes
  } else if (!isAbsent && value[0] !== OPEN_BRACE) throw new PointerError(keys.slice(0, depth + 1))
  const inner = isAbsent ? EMPTY : value
  const edited = editAt(inner, keys, change, depth + 1)
  return edited === inner ? bytes : setTopLevel(bytes, top, key, edited.toString('utf8'))
}

const OPEN_BRACE = 0x7b
const EMPTY = Buffer.from('{}')
