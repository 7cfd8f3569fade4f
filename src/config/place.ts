import { dirname } from 'node:path'
import { type Filling, hide } from './hide.ts'
import { type KeyPath, pathId, pathText } from './key-path.ts'
import type { Positions } from './positions.ts'
import type { Problem } from './problems.ts'

/** Why a value is not the one that the file's text has. */
export type Origin =
  /** `${…}` in the string was replaced. */
  | { readonly kind: 'interpolated'; readonly fillings: readonly Filling[] }
  /** `${…}` could not be replaced, and that is reported; the value at hand stands for nothing. */
  | { readonly kind: 'unknown' }
  /** An environment variable of this name came over it. */
  | { readonly kind: 'override'; readonly variable: string }

/** By `pathId`. */
export type Origins = ReadonlyMap<string, Origin>

/** A file that was read: what is needed to speak of its parts. */
export interface PlacedFile {
  readonly file: string
  readonly positions: Positions
  readonly origins: Origins
}

/** Where a value of the configuration stands. Turns messages into problems, and knows what may be shown. */
export class Place {
  readonly path: KeyPath
  readonly #placed: PlacedFile

  constructor(placed: PlacedFile, path: KeyPath = []) {
    this.#placed = placed
    this.path = path
  }

  at(...keys: KeyPath): Place {
    return new Place(this.#placed, [...this.path, ...keys])
  }

  /** The folder of the file. */
  get folder(): string {
    return dirname(this.#placed.file)
  }

  /** The origin of the value, or of the nearest table or array around it that has one. */
  get origin(): Origin | undefined {
    for (let length = this.path.length; length > 0; length--) {
      const origin = this.#placed.origins.get(pathId(this.path.slice(0, length)))
      if (origin !== undefined) return origin
    }
    return undefined
  }

  /**
   * Nothing of the message is shown that came from a variable or a file.
   * @param aim whether the line and column are those of the value or of its key
   */
  problem(text: string, aim: 'value' | 'key' = 'value'): Problem {
    const message = hide(text, this.#fillings())
    const key = pathText(this.path)
    const origin = this.origin
    if (origin?.kind === 'override') return { file: origin.variable, key, message }
    const { file, positions } = this.#placed
    const position = aim === 'value' ? positions.valueAt(this.path) : positions.keyAt(this.path)
    return { file, ...position, key, message }
  }

  #fillings(): readonly Filling[] {
    const origins = [...this.#placed.origins.values()]
    return origins.flatMap(origin => (origin.kind === 'interpolated' ? origin.fillings : []))
  }

  /** The value as text, if it certainly is no secret: for use in a problem's message. */
  show(value: unknown): string | undefined {
    if (this.origin !== undefined || this.path.some(isSecretName)) return undefined
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    if (typeof value !== 'string' || looksSecret(value)) return undefined
    return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value)
  }
}

const MAX_SHOWN = 60
const SECRET_NAME = /key|secret|token|passw|authorization|credential|cookie|headers|url/i

function isSecretName(key: string | number): boolean {
  return typeof key === 'string' && SECRET_NAME.test(key)
}

/** A long run without a break that mixes letters and digits, or one of the usual beginnings of keys. */
function looksSecret(text: string): boolean {
  const start = text.slice(0, 2 * MAX_SHOWN)
  return (
    /^(?:sk|pk|rk|gh[a-z]|xox[a-z]|AIza|AKIA|eyJ|Bearer)[-_ A-Za-z0-9]{6}/.test(start) ||
    start.split(/\s+/).some(word => word.length >= 24 && /[0-9]/.test(word))
  )
}
