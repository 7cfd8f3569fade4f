/** Ids of tool calls in a request, as the dialect wants them. Equal ids stay equal, different ones different. */
import { createHash } from 'node:crypto'
import type { Dialect } from './dialects.ts'

/** OpenAI refuses longer ones. */
const LONGEST = 64

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export class WireCallIds {
  readonly #shape: (id: string, salt: number) => string
  readonly #known = new Map<string, string>()
  readonly #taken = new Set<string>()

  constructor({ callIds }: Dialect) {
    this.#shape = callIds === 'short' ? short : fitting
  }

  of(id: string): string {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    let wire = this.#shape(id, 0)
    for (let salt = 1; this.#taken.has(wire); salt++) wire = this.#shape(id, salt)
    this.#known.set(id, wire)
    this.#taken.add(wire)
    return wire
  }
}

function fitting(id: string, salt: number): string {
  if (id !== '' && id.length <= LONGEST && salt === 0) return id
  return `${id.slice(0, LONGEST - 17)}_${digest(id, salt).toString('hex').slice(0, 16)}`
}

/** Mistral's nine letters and digits. */
function short(id: string, salt: number): string {
  if (salt === 0 && /^[a-zA-Z0-9]{9}$/.test(id)) return id
  return [...digest(id, salt).subarray(0, 9)].map(byte => DIGITS[byte % DIGITS.length]).join('')
}

function digest(id: string, salt: number): Buffer {
  return createHash('sha256')
    .update(salt === 0 ? id : `${salt} ${id}`)
    .digest()
}
