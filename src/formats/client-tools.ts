/**
 * Tools that Anthropic designed and the client runs itself: shell, text editor, memory. Claude knows their arguments by
 * heart; any other model can call them as functions that say what they take (Anthropic Messages API, "Bash tool", "Text
 * editor tool", "Memory tool"; conversion.md E57). Where a screen is to be seen and clicked, no function will do.
 */
import type { Conversation, FunctionTool, HostedTool, JsonText } from './conversation.ts'

interface Design {
  /** The tool's type, which ends with the date of its version. */
  readonly type: string
  readonly description: string
  readonly schema: JsonText
}

const PATH = { type: 'string', description: 'Path of the file or directory.' }
const LINES = { type: 'array', items: { type: 'integer' }, description: 'First and last line to view; -1 is the end.' }

function schema(properties: Readonly<Record<string, object>>, ...required: readonly string[]): JsonText {
  return JSON.stringify({ type: 'object', properties, required })
}

function edits(commands: readonly string[], more: Readonly<Record<string, object>> = {}): JsonText {
  return schema(
    {
      command: { type: 'string', enum: commands, description: 'What to do.' },
      path: PATH,
      view_range: LINES,
      file_text: { type: 'string', description: 'For "create": the whole text of the file.' },
      old_str: { type: 'string', description: 'For "str_replace": the text to replace, which must occur once.' },
      new_str: { type: 'string', description: 'For "str_replace": the text to put in its place.' },
      insert_line: { type: 'integer', description: 'For "insert": the line to insert behind, 0 for the beginning.' },
      insert_text: { type: 'string', description: 'For "insert": the text.' },
      ...more,
    },
    'command',
  )
}

const DESIGNS: readonly Design[] = [
  {
    type: 'bash_20250124',
    description: 'Runs a command in a shell session that stays open between calls.',
    schema: schema({
      command: { type: 'string', description: 'The command to run.' },
      restart: { type: 'boolean', description: 'true: begins a new session instead.' },
    }),
  },
  {
    // Before this version, `insert` took its text as `new_str`.
    type: 'text_editor_20250728',
    description: 'Views, creates and edits text files.',
    schema: edits(['view', 'create', 'str_replace', 'insert']),
  },
  {
    type: 'memory_20250818',
    description: 'Reads and writes files below /memories, which last from one conversation to the next.',
    schema: edits(['view', 'create', 'str_replace', 'insert', 'delete', 'rename'], {
      old_path: { type: 'string', description: 'For "rename": from where.' },
      new_path: { type: 'string', description: 'For "rename": to where.' },
    }),
  },
]

interface LossNotes {
  approximated(path: string, reason: string): void
}

/** The conversation with a function in the place of each tool that Anthropic designed, where one can stand for it. */
export function withFunctionsForDesigns(conversation: Conversation, losses: LossNotes): Conversation {
  const { tools, toolChoice } = conversation
  const stands = tools.map(tool => (tool.kind === 'hosted' ? functionFor(tool) : undefined))
  if (stands.every(stand => stand === undefined)) return conversation
  for (const [index, stand] of stands.entries()) {
    if (stand === undefined) continue
    losses.approximated(`tools[${index}]`, "a tool of Anthropic's design: offered as a function of the same arguments")
  }
  const isChosen = toolChoice?.mode === 'named' && stands.some(stand => stand?.name === toolChoice.name)
  return {
    ...conversation,
    tools: tools.map((tool, index) => stands[index] ?? tool),
    ...(isChosen && { toolChoice: { ...toolChoice, kind: 'function' } }),
  }
}

function functionFor({ format, name: type, json, cache }: HostedTool): FunctionTool | undefined {
  if (format !== 'anthropic-messages') return undefined
  const design = DESIGNS.find(each => each.type === type)
  const name: unknown = Object(JSON.parse(json)).name
  if (design === undefined || typeof name !== 'string') return undefined
  const { description, schema: parameters } = design
  return { kind: 'function', name, description, schema: parameters, ...(cache === undefined ? {} : { cache }) }
}
