import { type Writable, writeJson } from '../../json/raw.ts'
import type { ModelCapabilities } from '../../models/capabilities.ts'
import { Refusal } from '../../refusal.ts'
import { inTurn } from '../amendment.ts'
import { threadUnsupported } from '../anthropic-messages/threads.ts'
import { withFunctionsForDesigns } from '../client-tools.ts'
import type { Conversation, ServiceTier, Tool, Turn } from '../conversation.ts'
import { withSearchAsFunction } from '../openai-responses/client-search.ts'
import { withSettingsAtEnd } from '../settings-at-end.ts'
import { planStop, STOPS_HERE } from '../stop-scan.ts'
import { withAcceptedNames } from '../tool-names.ts'
import { HALF_CHARACTER, withWholeCharacters } from '../whole-characters.ts'
import type { EncodedRequest, EncodeTarget } from '../wire-format.ts'
import { withinCapabilities, withinSampling } from '../within-capabilities.ts'
import { withAnswerForm } from './answer-form.ts'
import { encodeConfig } from './config-encode.ts'
import { type Content, ContentsEncoder } from './contents-encode.ts'
import { encodeEmbedding } from './embedding.ts'
import { extensionMembers, extensionMembersExcept, FORMAT } from './fields.ts'
import { Losses } from './losses.ts'
import { encodeRequestPart, unsupported } from './parts-encode.ts'
import { CACHED_CONTENT } from './request-decode.ts'
import { encodeToolConfig, encodeTools, TOOL_NAMES } from './tools-encode.ts'

type Members = Readonly<Record<string, Writable>>

/** @throws Refusal 400 naming what Gemini cannot be told */
export function encodeRequest(conversation: Conversation, target: EncodeTarget): EncodedRequest {
  if (target.operation === 'embed') return encodeEmbedding(conversation, target)
  const losses = new Losses()
  losses.foreign(conversation.extensions, '')
  refuseServerState(conversation)
  // On this wire 0 is the same as nothing: the answer would be as long as it likes.
  if (conversation.maxOutputTokens === 0 && target.operation === 'generate')
    throw unsupported('maxOutputTokens', 'is 0: Gemini cannot be asked for no output at all.')
  noteTopLevelLosses(conversation, losses)
  const { capabilities } = target
  const said = withWholeCharacters(conversation, path => losses.approximated(path, HALF_CHARACTER))
  const callable = withFunctionsForDesigns(withSearchAsFunction(said, losses, TOOL_NAMES), losses)
  const { conversation: named, amendment: naming } = withAcceptedNames(callable, TOOL_NAMES, target)
  const settled = withToolsOfTurns(withSettingsOfTurns(named, losses), losses)
  const sampling = withinSampling(settled, capabilities, losses)
  const { conversation: formed, amendment: unwrapping } = withAnswerForm(settled, capabilities, losses)
  const whole = { ...withinCapabilities(formed, capabilities, losses), sampling }
  const { cached, head, rest } = splitHead(whole.turns, capabilities)
  const { sent: stop, amendment: stopping } = planStop(whole, capabilities.stop ? MOST_STOPS : 0, target.stream)
  if (stopping) losses.approximated('stop', STOPS_HERE)
  const amendment = inTurn(naming, unwrapping, stopping)
  const body: Members = {
    cachedContent: cached,
    ...encodeTurns(head, rest, target, losses),
    tools: encodeTools(whole.tools, whole.toolChoice, losses),
    toolConfig: encodeToolConfig(whole, capabilities),
    generationConfig: encodeConfig({ ...whole, stop }, capabilities, losses),
    serviceTier: encodeTier(conversation.serviceTier, losses),
    ...extensionMembersExcept(conversation.extensions, 'toolConfig', 'generationConfig'),
  }
  if (target.operation === 'count-tokens') return { body: writeJson(counted(body, target)), losses: losses.all }
  return { body: writeJson(body), losses: losses.all, ...(amendment && { amendment }) }
}

/** How many stop sequences the API takes. */
const MOST_STOPS = 5

/** `:countTokens` takes bare contents, or a whole request inside another message. */
function counted(body: Members, target: EncodeTarget): Members {
  const names = Object.keys(body).filter(name => body[name] !== undefined)
  // Vertex has all of them at the top.
  if (target.dialect === 'vertex' || names.every(name => name === 'contents')) return body
  const model = target.model.includes('/') ? target.model : `models/${target.model}`
  return { generateContentRequest: { model, ...body } }
}

interface Place {
  readonly turn: Turn
  readonly path: string
}

/** What is cached, the instructions at the head, and all that follows. Gemma takes no instructions apart. */
function splitHead(
  turns: readonly Turn[],
  { system_prompt }: ModelCapabilities,
): { readonly cached: string | undefined; readonly head: readonly Place[]; readonly rest: readonly Place[] } {
  let cached: string | undefined
  const places: Place[] = []
  turns.forEach((turn, at) => {
    const part = turn.parts[0]
    if (part?.type === 'opaque' && part.format === FORMAT && part.label === CACHED_CONTENT) cached = stringOf(part.json)
    else places.push({ turn, path: `turns[${at}]` })
  })
  const first = system_prompt ? places.findIndex(({ turn }) => turn.role !== 'system' && turn.role !== 'developer') : 0
  const end = first < 0 ? places.length : first
  // With nothing but instructions, the last of them is what is asked.
  const from = end === places.length && end > 0 ? end - 1 : end
  return { cached, head: places.slice(0, from), rest: places.slice(from) }
}

function stringOf(json: string): string | undefined {
  const value: unknown = JSON.parse(json)
  return typeof value === 'string' ? value : undefined
}

function encodeTurns(head: readonly Place[], rest: readonly Place[], target: EncodeTarget, losses: Losses): Members {
  const contents = new ContentsEncoder(target, losses)
  const [only] = rest
  const instructs = only?.turn.role === 'system' || only?.turn.role === 'developer'
  if (only && rest.length === 1 && instructs && target.capabilities.system_prompt) {
    losses.approximated(only.path, 'Gemini needs a turn of the user, so the last instruction is one')
    contents.turn({ ...only.turn, role: 'user' }, only.path)
  } else {
    for (const { turn, path } of rest) contents.turn(turn, path)
  }
  const written = contents.end()
  if (written.length === 0)
    throw new Refusal(400, 'invalid_request', 'There is nothing to answer: all turns are empty.', { param: 'contents' })
  return { systemInstruction: encodeHead(head, target, losses), contents: written.map(writableContent) }
}

function writableContent({ role, parts, rest }: Content): Writable {
  return { role, parts, ...rest }
}

function encodeHead(head: readonly Place[], target: EncodeTarget, losses: Losses): Writable {
  const parts = head.flatMap(({ turn, path }) => {
    losses.foreign(turn.extensions, path)
    return turn.parts.flatMap((part, at) => encodeRequestPart(part, `${path}.parts[${at}]`, target, losses))
  })
  if (parts.length === 0) return undefined
  return { parts, ...extensionMembers(head[0]?.turn.extensions) }
}

const TIERS: ReadonlySet<ServiceTier> = new Set<ServiceTier>(['flex', 'standard', 'priority'])

function encodeTier(tier: ServiceTier | undefined, losses: Losses): Writable {
  if (tier === undefined || tier === 'auto') return undefined
  if (TIERS.has(tier)) return tier
  losses.dropped('serviceTier', `Gemini has no tier "${tier}"`)
  return undefined
}

/** State that another provider would have to keep cannot be left out without changing the answer. */
function refuseServerState({ state }: Conversation): void {
  if (state?.previousId !== undefined)
    throw unsupported('previous_response_id', 'cannot be continued by Gemini. Send the whole conversation.')
  if (state?.conversation !== undefined)
    throw unsupported('conversation', 'cannot be continued by Gemini. Send the whole conversation.')
  if (state?.thread !== undefined) throw threadUnsupported()
}

function noteTopLevelLosses(conversation: Conversation, losses: Losses): void {
  const { state, metadata, parallelToolCalls, cacheKey } = conversation
  if (cacheKey !== undefined) losses.dropped('cacheKey', 'Gemini caches without being given a key')
  if (state?.store === true) losses.dropped('state.store', 'Gemini keeps no replies for later')
  if (metadata !== undefined) losses.dropped('metadata', 'Gemini takes none')
  if (parallelToolCalls === false)
    losses.dropped('parallelToolCalls', 'Gemini cannot be kept from calling several tools')
}

function withSettingsOfTurns(conversation: Conversation, losses: Losses): Conversation {
  return withSettingsAtEnd(conversation, path =>
    losses.approximated(path, 'Gemini has the same settings for the whole conversation'),
  )
}

/** Tools that come in the middle of a conversation are there from its beginning. */
function withToolsOfTurns(conversation: Conversation, losses: Losses): Conversation {
  const added: Tool[] = []
  const turns = conversation.turns.map((turn, at) => {
    if (!turn.parts.some(part => part.type === 'tools-delta' || part.type === 'settings-delta')) return turn
    const parts = turn.parts.filter((part, nth) => {
      if (part.type !== 'tools-delta') return part.type !== 'settings-delta'
      losses.approximated(`turns[${at}].parts[${nth}]`, 'Gemini has the same tools for the whole conversation')
      added.push(...part.add)
      return false
    })
    return { ...turn, parts }
  })
  return { ...conversation, turns, tools: [...conversation.tools, ...added] }
}
