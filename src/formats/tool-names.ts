/**
 * Tools whose names another format does not take, as the long ones with dots that MCP servers give them: in the request
 * they have names that it takes, in the reply their own again (conversion.md E40). The same name always becomes the same
 * one, so that a longer conversation begins alike.
 */
import { createHash } from 'node:crypto'
import { Refusal } from '../refusal.ts'
import type { Amendment } from './amendment.ts'
import type { Conversation, Part, Tool, ToolChoice } from './conversation.ts'
import type { EncodeTarget } from './wire-format.ts'

/** What a format takes for the name of a tool. */
export interface NameRule {
  readonly accepted: RegExp
  /** Each character that may not stand in a name; global. */
  readonly others: RegExp
  /** In characters. */
  readonly longest: number
}

/**
 * @param characters of a name, as in a class of a regular expression: `a-z_`
 * @param longest length, in characters
 * @param first those of `characters` that a name may begin with
 */
export function nameRule(characters: string, longest: number, first = characters): NameRule {
  return {
    accepted: new RegExp(`^[${first}][${characters}]{0,${longest - 1}}$`),
    others: new RegExp(`[^${characters}]`, 'g'),
    longest,
  }
}

export interface AcceptedNames {
  readonly conversation: Conversation
  /** Set where a tool has another name than its client knows. */
  readonly amendment?: Amendment
}

/** A tool, or a call of one. */
type Named = { readonly name: string; readonly namespace?: string }

/** A tool of a namespace has both names in one, where a format has no namespaces (conversion.md E51). */
export function flatName({ namespace, name }: Named): string {
  return namespace === undefined ? name : `${namespace}__${name}`
}

const HASH_LENGTH = 10

/**
 * The name itself if the format takes it, else its acceptable characters, both of its ends when it is too long, and a
 * hash of the whole. A model can still tell what it stands for, and two names never become one.
 */
export function acceptedName(name: string, { accepted, others, longest }: NameRule): string {
  if (accepted.test(name)) return name
  // As UTF-16, where each half of a character counts: in UTF-8 all of them would be the same.
  const hash = createHash('sha256').update(name, 'utf16le').digest('hex').slice(0, HASH_LENGTH)
  const readable = bothEnds(name, longest - HASH_LENGTH - 2).replace(others, '_')
  return `${/^[a-zA-Z_]/.test(readable) ? '' : '_'}${readable}_${hash}`
}

/** MCP servers share the beginning of their tools' names; what a tool does is told by the end. */
function bothEnds(name: string, room: number): string {
  if (name.length <= room) return name
  const head = Math.floor(room / 3)
  return `${name.slice(0, head)}_${name.slice(head + 1 - room)}`
}

/**
 * The conversation with names that the format takes, in declarations, choice, history and results; the same one when
 * all names are such. What a client of the format itself has named is its provider's to judge.
 *
 * @throws Refusal 400 when two tools would have one name
 */
export function withAcceptedNames(
  conversation: Conversation,
  rule: NameRule,
  { native }: Pick<EncodeTarget, 'native'>,
): AcceptedNames {
  const renamed = native ? NONE : renamedIn(conversation, rule)
  if (renamed.size === 0) return { conversation }
  const declared = declaredIn(conversation)
  refuseCollisions(declared, renamed)
  const { tools, turns, toolChoice } = conversation
  return {
    conversation: {
      ...conversation,
      tools: tools.map(tool => renamedTool(tool, renamed)),
      turns: turns.map(turn => ({ ...turn, parts: turn.parts.map(part => renamedPart(part, renamed)) })),
      ...(toolChoice && { toolChoice: renamedChoice(toolChoice, declared, renamed) }),
    },
    amendment: givingBack(renamed, declared),
  }
}

/** Flat names that the format does not take → those that it is given instead. */
type Renamed = ReadonlyMap<string, string>

const NONE: Renamed = new Map()

function renamedIn({ tools, turns }: Conversation, rule: NameRule): Renamed {
  const renamed = new Map<string, string>()
  const see = (named: Named): void => {
    const name = flatName(named)
    if (!rule.accepted.test(name) && !renamed.has(name)) renamed.set(name, acceptedName(name, rule))
  }
  for (const tool of tools) if (tool.kind !== 'hosted') see(tool)
  for (const { parts } of turns) for (const part of parts) for (const named of namedIn(part)) see(named)
  return renamed
}

function namedIn(part: Part): readonly Named[] {
  switch (part.type) {
    case 'tool-call':
      return [part]
    case 'tool-result':
      return part.name === undefined ? [] : [{ name: part.name }]
    case 'tools-delta':
      return part.add.filter(tool => tool.kind !== 'hosted')
    default:
      return []
  }
}

function declaredIn({ tools, turns }: Conversation): readonly Exclude<Tool, { kind: 'hosted' }>[] {
  const added = turns.flatMap(({ parts }) => parts.flatMap(part => (part.type === 'tools-delta' ? part.add : [])))
  return [...tools, ...added].filter(tool => tool.kind !== 'hosted')
}

/** Of two tools of one name nobody could tell which is called (conversion.md E41). */
function refuseCollisions(declared: readonly Named[], renamed: Renamed): void {
  const taken = new Map<string, string>()
  for (const [index, tool] of declared.entries()) {
    const name = flatName(tool)
    const given = renamed.get(name) ?? name
    const other = taken.get(given)
    taken.set(given, name)
    if (other === undefined || (renamed.get(other) ?? renamed.get(name)) === undefined) continue
    const both = other === name ? `Two tools are called "${name}"` : `"${other}" and "${name}" would both be "${given}"`
    throw new Refusal(400, 'unsupported_by_target', `${both}. Rename one of them.`, { param: `tools[${index}].name` })
  }
}

function renamedTool(tool: Tool, renamed: Renamed): Tool {
  return tool.kind === 'hosted' ? tool : withName(tool, renamed)
}

function withName<N extends Named>(named: N, renamed: Renamed): N {
  const name = renamed.get(flatName(named))
  if (name === undefined) return named
  const { namespace: _, ...rest } = named
  return { ...rest, name } as N
}

function renamedPart(part: Part, renamed: Renamed): Part {
  switch (part.type) {
    case 'tool-call':
      return withName(part, renamed)
    case 'tool-result':
      return part.name === undefined ? part : { ...part, name: renamed.get(part.name) ?? part.name }
    case 'tools-delta':
      return { ...part, add: part.add.map(tool => renamedTool(tool, renamed)) }
    default:
      return part
  }
}

/** A choice names tools without their namespaces. */
function renamedChoice(choice: ToolChoice, declared: readonly Named[], renamed: Renamed): ToolChoice {
  const namesFor = (name: string): readonly string[] => {
    const meant = declared.filter(tool => tool.name === name)
    return meant.length === 0 ? [renamed.get(name) ?? name] : meant.map(tool => withName(tool, renamed).name)
  }
  if (choice.mode === 'named') return { ...choice, name: namesFor(choice.name)[0] ?? choice.name }
  return choice.allowed === undefined ? choice : { ...choice, allowed: [...new Set(choice.allowed.flatMap(namesFor))] }
}

/** A tool that really has the name which stands for one of the past is called by its own. */
function givingBack(renamed: Renamed, declared: readonly Named[]): Amendment {
  const own = new Map([...renamed].map(([name, given]) => [given, name]))
  for (const tool of declared) if (!renamed.has(flatName(tool))) own.delete(flatName(tool))
  return () => event => {
    if (event.type !== 'part-start' || event.part.type !== 'tool-call') return [event]
    const name = own.get(event.part.name)
    return [name === undefined ? event : { ...event, part: { ...event.part, name } }]
  }
}
