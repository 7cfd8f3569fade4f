/** The two ways to write a vector: a list of numbers, or base64 of little-endian 32-bit floats. */
import type { EmbeddingEvent } from './reply-events.ts'

const FLOAT_BYTES = 4

/** @returns `undefined` when base64 does not hold a whole number of floats: it is of another type then */
export function vectorNumbers(values: EmbeddingEvent['values']): readonly number[] | undefined {
  if (!('base64' in values)) return values
  const bytes = Buffer.from(values.base64, 'base64')
  if (bytes.length % FLOAT_BYTES !== 0) return undefined
  return Array.from({ length: bytes.length / FLOAT_BYTES }, (_, index) => bytes.readFloatLE(index * FLOAT_BYTES))
}

export function vectorBase64(values: EmbeddingEvent['values']): string {
  if ('base64' in values) return values.base64
  const bytes = Buffer.allocUnsafe(values.length * FLOAT_BYTES)
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * FLOAT_BYTES)
  return bytes.toString('base64')
}
