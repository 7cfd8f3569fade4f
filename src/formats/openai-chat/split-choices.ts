import { arrayOf, type Fields, objectOf, wordOf } from './fields.ts'

/**
 * The choices of a completion, one for each answer. Alternatives are told apart by their index; choices without one are
 * pieces of the same answer: GitHub Copilot gives what Claude says and what it calls in a choice each.
 */
export function wholeChoices(choices: readonly Fields[]): readonly Fields[] {
  const isSplit = choices.length > 1 && choices.every(choice => choice.index === undefined)
  return isSplit ? [{ ...merged(choices), message: mergedMessage(choices) }] : choices
}

function mergedMessage(choices: readonly Fields[]): Fields {
  const messages = choices.map(choice => objectOf(choice.message) ?? {})
  const said = messages.map(message => wordOf(message.content) ?? '').join('')
  const calls = messages.flatMap(message => arrayOf(message.tool_calls) ?? [])
  return { ...merged(messages), content: said, ...(calls.length > 0 && { tool_calls: calls }) }
}

/** What the last of them says holds. Unlike assignment, this keeps a key called `__proto__` an ordinary key. */
function merged(objects: readonly Fields[]): Fields {
  return Object.fromEntries(objects.flatMap(object => Object.entries(object)))
}
