/** Turns → input items (OpenAI Responses API, `input`). */
import { RawJson, type Writable } from '../../json/raw.ts'
import { isBillingHeader } from '../billing-header.ts'
import { callerType } from '../caller.ts'
import type {
  CompactionPart,
  Conversation,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '../conversation.ts'
import { isIssuedBy } from '../issuer.ts'
import { isNeeded, neededReason } from '../needed-parts.ts'
import { type Flaw, flawedResults, ORPHAN, resultAsText, SUPERSEDED } from '../tool-answers.ts'
import type { EncodeTarget } from '../wire-format.ts'
import { CallIds } from './call-ids.ts'
import { type ContentPart, type ContentTarget, encodeInput, encodeOutput, isContent } from './content-encode.ts'
import { bagOf, written } from './fields.ts'
import { encodeImageCall, isImageCall } from './image-call.ts'
import { type LossList, unsupported } from './loss-list.ts'
import { FORMAT } from './name.ts'
import { encodeReasoning } from './reasoning-encode.ts'
import { encodeSettingsDelta } from './settings-delta.ts'
import { encodeTools } from './tools-encode.ts'

const NO_ERROR_MARK = 'the Responses API has no such mark: said in the text'

interface Neighbours {
  readonly before: Part | undefined
  readonly after: Part | undefined
}

/** Encodes the turns of one conversation, in order. */
export class ItemEncoder {
  readonly #content: ContentTarget
  readonly #target: EncodeTarget
  readonly #kinds: ReadonlyMap<string, ToolCallPart['kind']>
  readonly #ids: CallIds
  /** Of a client of this format none: its calls may be in the provider's own store. */
  readonly #flaws: ReadonlyMap<Part, Flaw>

  constructor(conversation: Conversation, target: EncodeTarget, content: ContentTarget) {
    this.#content = content
    this.#target = target
    this.#kinds = kindsOfCalls(conversation.turns)
    const isNative = bagOf(conversation) !== undefined
    this.#ids = new CallIds(isNative)
    this.#flaws = isNative ? new Map() : flawedResults(conversation.turns)
  }

  turn(turn: Turn, path: string): readonly Writable[] {
    // A result's name is that of its tool.
    if (turn.name !== undefined && turn.role !== 'tool')
      this.#content.losses.dropped(`${path}.name`, 'the Responses API has no names of speakers')
    this.#content.losses.foreign(turn.extensions, path)
    const items: Writable[] = []
    let message: { part: ContentPart; path: string }[] = []
    const endMessage = () => {
      if (message.length > 0) items.push(...this.#message(turn, message))
      message = []
    }
    turn.parts.forEach((part, index) => {
      const partPath = `${path}.parts[${index}]`
      this.#content.losses.foreign(part.extensions, partPath)
      if (part.type !== 'reasoning' && part.type !== 'compaction' && part.state !== undefined)
        this.#content.losses.dropped(
          `${partPath}.state`,
          'the Responses API has reasoning state in reasoning items only',
        )
      if (isContent(part) && !isImageCall(part)) {
        if (turn.role === 'assistant' && message.length > 0 && message[0]?.part.id !== part.id) endMessage()
        message.push({ part, path: partPath })
        return
      }
      endMessage()
      const neighbours = { before: turn.parts[index - 1], after: turn.parts[index + 1] }
      const item = this.#item(part, neighbours, partPath)
      if (item !== undefined) items.push(item)
    })
    endMessage()
    if (turn.parts.length === 0 && bagOf(turn) !== undefined) items.push(...this.#message(turn, []))
    return items
  }

  #message(turn: Turn, parts: readonly { readonly part: ContentPart; readonly path: string }[]): readonly Writable[] {
    if (turn.role === 'assistant') {
      const content = parts.flatMap(({ part, path }) => encodeOutput(part, path, this.#content))
      return content.length === 0 ? [] : [assistantMessage(parts[0]?.part, content)]
    }
    const role = turn.role === 'tool' ? 'user' : turn.role
    const [only] = parts
    const content =
      parts.length === 1 && only !== undefined && isPlainText(only.part)
        ? only.part.text
        : parts.flatMap(({ part, path }) => encodeInput(part, path, this.#content))
    return [{ type: 'message', role, content, ...written(bagOf(turn)) }]
  }

  #item(part: Part, neighbours: Neighbours, path: string): Writable | undefined {
    const { losses } = this.#content
    switch (part.type) {
      case 'reasoning':
        return this.#reasoning(part, neighbours, path)
      case 'tool-call':
        return encodeCall(part, path, losses, this.#ids.call(part.callId))
      case 'tool-result':
        return this.#flaws.has(part) ? this.#flawed(part, path) : this.#result(part, path)
      case 'hosted-tool':
      case 'opaque':
        if (part.format === FORMAT)
          return part.type === 'opaque' && part.label === 'prompt' ? undefined : new RawJson(part.json)
        if (part.type === 'opaque' && isNeeded(part)) return unsupported(path, neededReason(part))
        return isBillingHeader(part) ? undefined : losses.dropped(path, `only ${part.format} understands it`)
      case 'tools-delta':
        if (part.remove.length > 0)
          losses.dropped(`${path}.remove`, 'the Responses API cannot take tools away within a conversation')
        return {
          type: 'additional_tools',
          role: 'developer',
          tools: encodeTools(part.add, `${path}.add`, losses),
          ...written(bagOf(part)),
        }
      case 'settings-delta':
        return encodeSettingsDelta(part)
      case 'compaction':
        return this.#compaction(part, path)
      case 'media':
        return { id: part.id, ...encodeImageCall(part) }
      case 'item-reference':
        return { type: 'item_reference', id: part.id, ...written(bagOf(part)) }
      default:
        return undefined
    }
  }

  #reasoning(part: ReasoningPart, { before, after }: Neighbours, path: string): Writable | undefined {
    // The first half of a joined pair is written with the second.
    if (after !== undefined && bagOf(after)?.['#joined'] !== undefined) return undefined
    const joined = before?.type === 'reasoning' && bagOf(part)?.['#joined'] !== undefined ? before : undefined
    return encodeReasoning(part, joined, this.#target.provider, path, this.#content.losses)
  }

  #compaction(part: CompactionPart, path: string): Writable {
    const state = part.state?.find(
      each => each.scheme === 'openai.encrypted' && isIssuedBy(each, this.#target.provider),
    )
    if (state !== undefined)
      return { type: 'compaction', id: part.id, encrypted_content: state.value, ...written(bagOf(part)) }
    if (part.summary === undefined) return unsupported(path, 'only the provider that made a compaction can read it')
    this.#content.losses.approximated(path, 'the summary of a compaction becomes a message')
    return assistantMessage(undefined, [{ type: 'output_text', text: part.summary, annotations: [] }])
  }

  #flawed(part: ToolResultPart, path: string): Writable | undefined {
    const { losses } = this.#content
    if (this.#flaws.get(part) === 'superseded') return losses.dropped(path, SUPERSEDED)
    losses.approximated(path, ORPHAN)
    const content = resultAsText(part).flatMap(inner =>
      isContent(inner) ? encodeInput(inner, path, this.#content) : [],
    )
    return { type: 'message', role: 'user', content }
  }

  #result(part: ToolResultPart, path: string): Writable {
    const kind = part.kind ?? this.#kinds.get(part.callId) ?? 'function'
    return {
      type: kind === 'custom' ? 'custom_tool_call_output' : 'function_call_output',
      id: bagOf(part) === undefined ? undefined : part.id,
      call_id: this.#ids.result(part.callId),
      name: bagOf(part) === undefined ? undefined : part.name,
      output: this.#output(part, path),
      ...written(bagOf(part)),
    }
  }

  #output(part: ToolResultPart, path: string): Writable {
    const { content } = part
    const [only] = content
    for (const [index, inner] of content.entries())
      this.#content.losses.foreign(inner.extensions, `${path}.content[${index}]`)
    if (content.length === 0) return part.structured === undefined ? '' : structuredText(part.structured)
    if (content.length === 1 && only !== undefined && isPlainText(only)) {
      if (part.isError !== true) return only.text
      this.#content.losses.approximated(`${path}.isError`, NO_ERROR_MARK)
      return JSON.stringify({ error: only.text })
    }
    const parts = content.flatMap((inner, index) => {
      const innerPath = `${path}.content[${index}]`
      if (isContent(inner)) return encodeInput(inner, innerPath, this.#content)
      this.#content.losses.dropped(innerPath, `the Responses API takes no ${nameOf(inner)} as a tool's result`)
      return []
    })
    if (part.isError !== true) return parts
    this.#content.losses.approximated(`${path}.isError`, NO_ERROR_MARK)
    return [{ type: 'input_text', text: 'Error:' }, ...parts]
  }
}

function nameOf(part: Part): string {
  return part.type === 'opaque' ? part.label : part.type
}

function kindsOfCalls(turns: readonly Turn[]): ReadonlyMap<string, ToolCallPart['kind']> {
  const kinds = new Map<string, ToolCallPart['kind']>()
  for (const turn of turns) {
    for (const part of turn.parts) if (part.type === 'tool-call') kinds.set(part.callId, part.kind)
  }
  return kinds
}

/** Text and nothing beside it: fit for the short form of content, a string. */
function isPlainText(part: Part): part is Extract<Part, { type: 'text' }> {
  return part.type === 'text' && part.cache === undefined && Object.keys(written(bagOf(part))).length === 0
}

function assistantMessage(first: ContentPart | undefined, content: readonly Writable[]): Writable {
  const bag = first === undefined ? undefined : bagOf(first)
  const fields: unknown = JSON.parse(bag?.['#message'] ?? '{}')
  return {
    type: 'message',
    // An id is the provider's: one that was made up elsewhere would be refused (conversion.md E35).
    id: bag === undefined ? undefined : first?.id,
    role: 'assistant',
    phase: first?.type === 'text' ? first.phase : undefined,
    content,
    ...(fields as Record<string, Writable>),
  }
}

function encodeCall(part: ToolCallPart, path: string, losses: LossList, callId: string): Writable {
  const bag = bagOf(part)
  const custom = part.kind === 'custom'
  return {
    type: custom ? 'custom_tool_call' : 'function_call',
    id: bag === undefined ? undefined : part.id,
    call_id: callId,
    namespace: part.namespace,
    name: part.name,
    ...(custom ? { input: part.arguments } : { arguments: part.arguments === '' ? '{}' : part.arguments }),
    caller: encodeCaller(part, path, losses),
    ...written(bag),
  }
}

function encodeCaller({ caller }: ToolCallPart, path: string, losses: LossList): Writable {
  if (caller === undefined) return undefined
  if (CALLERS.has(callerType(caller))) return new RawJson(caller)
  return losses.dropped(`${path}.caller`, 'the Responses API knows no callers but programs that it runs itself')
}

const CALLERS: ReadonlySet<string> = new Set(['program', 'direct'])

/** Gemini's wrapping of a plain text is taken off again; any other object goes as its JSON. */
function structuredText(json: string): string {
  const value: unknown = JSON.parse(json)
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return json
  return 'output' in value && typeof value.output === 'string' ? value.output : json
}
