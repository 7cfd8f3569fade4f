import { SecretString } from './secret.ts'

/** Every secret in a checked configuration, so that the log can be kept clean of them. */
export function secretsIn(value: unknown, found: Set<string> = new Set()): ReadonlySet<string> {
  if (value instanceof SecretString) found.add(value.reveal())
  else if (value instanceof Map) for (const each of value.values()) secretsIn(each, found)
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) secretsIn(each, found)
  return found
}
