import { unsupported } from './encoding.ts'
import { acceptableCallId } from './ids.ts'

const ACCEPTED = /^[a-zA-Z0-9_-]{1,128}$/

interface Named {
  readonly name: string
  readonly namespace?: string
}

/** A namespace becomes a prefix; whoever asked with namespaces finds the tool again by it (conversion.md E51). */
export function flatName({ namespace, name }: Named): string {
  return namespace === undefined ? name : `${namespace}__${name}`
}

/**
 * The name of a tool that is declared.
 * @throws Refusal 400 for a name that Anthropic does not take: the model's calls could not be told apart from it
 */
export function declaredName(tool: Named, path: string): string {
  const name = flatName(tool)
  if (ACCEPTED.test(name)) return name
  throw unsupported(
    `${path}.name`,
    `Anthropic takes tool names of 1 to 128 letters, digits, "_" and "-", not "${name.slice(0, 140)}". Rename the tool.`,
  )
}

/** The name in a past call, which nobody calls again: made acceptable if it is not. */
export function pastName(tool: Named): string {
  const name = flatName(tool)
  return ACCEPTED.test(name) ? name : acceptableCallId(name).slice(0, 128)
}
