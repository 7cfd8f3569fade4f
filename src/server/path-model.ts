import { refusal } from '../errors.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@:+-]*(?:\/[A-Za-z0-9][A-Za-z0-9._@:+-]*)*$/

/**
 * The model's name out of a path, decoded once and checked: nothing in it can leave the path that it is put into on the
 * way up (reliability.md, T13).
 * @throws Refusal 400
 */
export function pathModel(encoded: string): string {
  let name: string
  try {
    name = decodeURIComponent(encoded)
  } catch {
    throw bad()
  }
  if (name.length > 256 || !NAME.test(name) || name.includes('..')) throw bad()
  return name
}

function bad(): Error {
  return refusal('invalid_request', 'The model in the path is not a model name.', { param: 'model' })
}
