/** Conversation → a request of the Responses API. */
import { RawJson, type Writable, writeJson } from '../../json/raw.ts'
import { inTurn } from '../amendment.ts'
import { withFunctionsForDesigns } from '../client-tools.ts'
import type { Conversation, Turn } from '../conversation.ts'
import { planStop, STOPS_HERE } from '../stop-scan.ts'
import { withAcceptedNames } from '../tool-names.ts'
import { HALF_CHARACTER, withWholeCharacters } from '../whole-characters.ts'
import type { EncodedRequest, EncodeTarget } from '../wire-format.ts'
import { withinCapabilities } from '../within-capabilities.ts'
import type { ContentTarget } from './content-encode.ts'
import { bagOf, valueIn } from './fields.ts'
import { ItemEncoder } from './items-encode.ts'
import { LossList } from './loss-list.ts'
import { FORMAT } from './name.ts'
import { encodeSettings } from './settings-encode.ts'
import { decodeToolChoice, encodeToolChoice, sameChoice } from './tool-choice.ts'
import { encodeTools, TOOL_NAMES } from './tools-encode.ts'

/** @throws Refusal 400 when the format cannot say it */
export function encodeRequest(asked: Conversation, target: EncodeTarget): EncodedRequest {
  const losses = new LossList()
  losses.foreign(asked.extensions, '')
  const native = bagOf(asked) !== undefined
  const whole = withWholeCharacters(asked, path => losses.approximated(path, HALF_CHARACTER))
  const { conversation: named, amendment: naming } = withAcceptedNames(whole, TOOL_NAMES, { native })
  const conversation = native
    ? named
    : withinCapabilities(withFunctionsForDesigns(named, losses), target.capabilities, losses)
  const content: ContentTarget = {
    losses,
    model: target.model,
    cacheBreakpoints: native || target.capabilities.cache_marks,
  }
  const head = headInstructions(conversation.turns, native)
  const items = new ItemEncoder(conversation, target, content)
  const input = conversation.turns.flatMap((turn, index) => (index === head ? [] : items.turn(turn, `turns[${index}]`)))
  const tools = encodeTools(conversation.tools, 'tools', losses)
  const settings = encodeSettings(conversation, target, losses)
  if (!native) noteContinuation(conversation.turns, losses)
  const body: Record<string, Writable> = {
    model: target.model,
    instructions: head === undefined ? undefined : textOfTurn(conversation.turns[head]),
    tools: tools.length === 0 ? undefined : tools,
    tool_choice: toolChoice(conversation, native || tools.length > 0),
    prompt: storedPrompt(conversation.turns),
    input: input.length === 0 && native && refersElsewhere(conversation) ? undefined : input,
    ...settings,
  }
  if (target.operation === 'count-tokens') return { body: writeJson(countable(body)), losses: losses.all }
  // The Responses API has no stop sequences.
  const { amendment: stopping } = planStop(conversation, 0, target.stream)
  if (stopping) losses.approximated('stop', STOPS_HERE)
  const amendment = inTurn(naming, stopping)
  return { body: writeJson(body), losses: losses.all, ...(amendment && { amendment }) }
}

/**
 * The turn that becomes `instructions`: what this format's decoder marked as such, else a system prompt of one plain
 * text at the head. Anything else keeps its place in the input.
 */
function headInstructions(turns: readonly Turn[], native: boolean): number | undefined {
  const marked = turns.findIndex(turn => bagOf(turn)?.['#instructions'] !== undefined)
  // Instructions come before all input: what a processor has put before them takes their place.
  if (marked >= 0) return textOfTurn(turns[0]) === undefined ? undefined : 0
  const [first] = turns
  if (native || first?.role !== 'system' || turns[1]?.role === 'system' || bagOf(first) !== undefined) return undefined
  return textOfTurn(first) === undefined ? undefined : 0
}

function textOfTurn(turn: Turn | undefined): string | undefined {
  const [part] = turn?.parts ?? []
  return turn?.parts.length === 1 && part?.type === 'text' && part.cache === undefined ? part.text : undefined
}

/** The client's own words for a choice, as long as they still mean what the conversation says. */
function toolChoice(conversation: Conversation, hasTools: boolean): Writable {
  const choice = conversation.toolChoice
  if (choice === undefined || !hasTools) return undefined
  const bag = bagOf(conversation)
  if (bag?.tool_choice !== undefined && sameChoice(decodeToolChoice(valueIn(bag, 'tool_choice')), choice))
    return new RawJson(bag.tool_choice)
  return encodeToolChoice(choice, conversation.tools)
}

function storedPrompt(turns: readonly Turn[]): Writable {
  for (const turn of turns) {
    for (const part of turn.parts) {
      if (part.type === 'opaque' && part.format === FORMAT && part.label === 'prompt') return new RawJson(part.json)
    }
  }
  return undefined
}

/** Whether there is something to answer beside the input: state that the provider keeps, or a stored prompt. */
function refersElsewhere(conversation: Conversation): boolean {
  const { state } = conversation
  return (
    state?.previousId !== undefined ||
    state?.conversation !== undefined ||
    storedPrompt(conversation.turns) !== undefined
  )
}

/** Elsewhere a last turn of the assistant's is a beginning that the model goes on from. */
function noteContinuation(turns: readonly Turn[], losses: LossList): void {
  const last = turns.at(-1)
  if (last?.role === 'assistant' && last.parts.at(-1)?.type === 'text')
    losses.approximated(`turns[${turns.length - 1}]`, 'the Responses API answers after it instead of continuing it')
}

/** Fields of `POST /v1/responses/input_tokens`; what else a request has does not count. */
const COUNTED = [
  'model',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'prompt',
  'input',
  'reasoning',
  'text',
  'truncation',
  'previous_response_id',
  'conversation',
  'personality',
]

function countable(body: Readonly<Record<string, Writable>>): Writable {
  return Object.fromEntries(COUNTED.filter(key => Object.hasOwn(body, key)).map(key => [key, body[key]]))
}
