/**
 * Asks for an answer of a certain form where a model has no structured outputs, or none for this form: through one tool
 * whose arguments are the answer. In the reply they are a text again (conversion.md E144, E145).
 */
import { parseDocument } from '../json/document.ts'
import type { Amendment } from './amendment.ts'
import { unwrappedAnswer } from './answer-unwrapping.ts'
import type { Conversation, OutputFormat, ToolChoice } from './conversation.ts'

export interface ForcedAnswer {
  /** The conversation with the tool in the place of the form. */
  readonly conversation: Conversation
  readonly amendment: Amendment
}

/** What to tell of it: the form is asked for, but nobody holds the model to it. */
export const ASKED_BY_TOOL = 'asked for as the arguments of a tool, which are the answer'

/**
 * @returns `undefined` where the answer cannot be a tool's arguments: when it is not an object, and when the client
 *   insists on a call of one of its own tools
 */
export function forcedAnswer(conversation: Conversation): ForcedAnswer | undefined {
  const { outputFormat, tools } = conversation
  if (outputFormat?.type !== 'schema' || !isObjectSchema(outputFormat.schema)) return undefined
  const name = freeName(new Set(tools.map(tool => tool.name)))
  const choice = choiceOf(conversation, name)
  if (choice === undefined) return undefined
  const { outputFormat: _, ...rest } = conversation
  return {
    conversation: {
      ...rest,
      tools: [
        ...tools,
        { kind: 'function', name, description: descriptionOf(outputFormat), schema: outputFormat.schema },
      ],
      toolChoice: choice,
      parallelToolCalls: false,
    },
    amendment: unwrappedAnswer(name),
  }
}

/** Beside tools of the client's own, the model calls one of them or answers. */
function choiceOf({ tools, toolChoice }: Conversation, name: string): ToolChoice | undefined {
  const answer = { mode: 'named', name, kind: 'function' } as const
  if (tools.length === 0 || toolChoice?.mode === 'none') return answer
  if (toolChoice !== undefined && toolChoice.mode !== 'auto') return undefined
  const allowed = toolChoice?.allowed
  return { mode: 'required', ...(allowed && { allowed: [...allowed, name] }) }
}

function descriptionOf({ description }: OutputFormat & { type: 'schema' }): string {
  const what = 'Gives the final answer to the user. Call it once, with the whole answer as its arguments.'
  return description === undefined ? what : `${what}\n\n${description}`
}

function freeName(taken: ReadonlySet<string>): string {
  let name = 'final_answer'
  while (taken.has(name)) name += '_'
  return name
}

function isObjectSchema(schema: string): boolean {
  const { value } = parseDocument(schema)
  if (typeof value !== 'object' || value === null) return false
  const { type, properties } = value as { readonly type?: unknown; readonly properties?: unknown }
  return type === 'object' || (type === undefined && typeof properties === 'object')
}
