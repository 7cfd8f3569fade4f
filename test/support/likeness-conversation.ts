/** Two conversations, compared as far as any format could say them. */
import type { Conversation, HostedTool, Reasoning, Tool, Turn } from '../../src/formats/conversation.ts'
import { compareFacts, type Difference, type Facts, sameJson } from './likeness.ts'
import { type Atom, atomsOf, CallNumbers, compareAtoms, extensionFacts, factsAt } from './likeness-parts.ts'

export function compareConversations(from: Conversation, to: Conversation): readonly Difference[] {
  return [
    ...compareFacts(settingsOf(from), settingsOf(to)).filter(isOfSource),
    ...compareTools(from.tools, to.tools),
    ...compareAtoms(atomsOfTurns(from.turns), atomsOfTurns(to.turns)),
  ]
}

/** What only the target's own format reads was put there by its encoder. */
function isOfSource({ kind, to }: Difference): boolean {
  return kind !== 'added' || !to?.startsWith('extension ')
}

function settingsOf(conversation: Conversation): Facts {
  const {
    turns: _turns,
    tools: _tools,
    sampling,
    reasoning,
    outputFormat,
    metadata,
    state,
    extensions,
    ...rest
  } = conversation
  return new Map([
    ...factsAt('', rest),
    ...factsAt('sampling', { ...sampling }),
    ...factsAt('reasoning', thinkingOf(reasoning)),
    ...factsAt('outputFormat', { ...outputFormat }),
    ...factsAt('metadata', { ...metadata }),
    ...factsAt('state', { ...state }),
    ...extensionFacts({ ...(extensions && { extensions }) }, ''),
  ])
}

/** There are several ways to say that a model shall not think, and that it may does not have to be said. */
function thinkingOf(reasoning: Reasoning | undefined): Readonly<Record<string, unknown>> {
  if (reasoning === undefined) return {}
  const { effort, budget, mode, show } = reasoning
  if (mode === 'disabled' || effort === 'none' || budget === 0) return { effort: 'none' }
  const said = mode === 'enabled' || mode === 'adaptive' ? undefined : mode
  return { effort, budget: budget === 'dynamic' ? undefined : budget, mode: said, show }
}

/** A place of its own for each tool: where it stood, and what can be said of it. */
function compareTools(from: readonly Tool[], to: readonly Tool[]): readonly Difference[] {
  const targets = new Map(to.map(tool => [keyOf(tool), tool]))
  const sources = new Set(from.map(keyOf))
  return [
    ...from.flatMap((tool, at): readonly Difference[] => {
      const other = targets.get(keyOf(tool))
      if (other === undefined) return [{ path: `tools[${at}]`, kind: 'gone', from: keyOf(tool) }]
      return compareFacts(factsOf(tool, `tools[${at}]`), factsOf(other, `tools[${at}]`)).filter(isOfSource)
    }),
    ...to
      .filter(tool => !sources.has(keyOf(tool)))
      .map((tool): Difference => ({ path: 'tools', kind: 'added', to: keyOf(tool) })),
  ]
}

function keyOf(tool: Tool): string {
  if (tool.kind === 'hosted') return `hosted ${familyOf(tool)}`
  return tool.namespace === undefined ? tool.name : `${tool.namespace}__${tool.name}`
}

/** Every provider has its own name for a tool that does the same. */
function familyOf({ name }: HostedTool): string {
  const word = name.toLowerCase().replaceAll('_', '')
  const families = ['websearch', 'webfetch', 'code', 'filesearch', 'mcp', 'computer', 'image']
  const known: Readonly<Record<string, string>> = { googlesearch: 'websearch', urlcontext: 'webfetch' }
  return known[word] ?? families.find(family => word.startsWith(family)) ?? name
}

function factsOf(tool: Tool, path: string): Facts {
  if (tool.kind === 'hosted') return new Map(factsAt(path, { cache: tool.cache }))
  const { kind, namespace, description, cache } = tool
  const grammar = tool.kind === 'custom' ? tool.grammar : undefined
  const { schema, strict, deferred } = tool.kind === 'function' ? tool : {}
  return new Map([
    ...factsAt(path, {
      kind,
      namespace,
      description,
      cache,
      grammar,
      strict,
      deferred,
      schema: schema && sameJson(schema),
    }),
    ...extensionFacts(tool, path),
  ])
}

function atomsOfTurns(turns: readonly Turn[]): readonly Atom[] {
  const calls = new CallNumbers()
  const speaker = ({ role }: Turn): string => (role === 'developer' ? 'system' : role === 'tool' ? 'user' : role)
  return turns.flatMap((turn, at) => {
    const atoms = turn.parts.flatMap((part, nth) => atomsOf(part, `turns[${at}].parts[${nth}]`, speaker(turn), calls))
    const own = [...factsAt(`turns[${at}]`, { name: turn.name }), ...extensionFacts(turn, `turns[${at}]`)]
    const [first, ...others] = atoms
    if (own.length === 0 || first === undefined) return atoms
    return [{ ...first, facts: new Map([...first.facts, ...own]) }, ...others]
  })
}
