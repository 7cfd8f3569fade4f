import { inspect } from 'node:util'
import type { Secret } from '../options.ts'

const MASK = '[secret]'

/**
 * A string that no template, JSON text, inspector or log can print: all of them show `[secret]`.
 * The value lives in a private field, so copies by spread or by structured clone do not carry it either.
 */
export class SecretString implements Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [Symbol.toPrimitive](): string {
    return MASK
  }

  [inspect.custom](): string {
    return MASK
  }
}
