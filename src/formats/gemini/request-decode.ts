import { Refusal } from '../../refusal.ts'
import { withCarriedState } from '../carried-state.ts'
import type { Conversation, Part, ServiceTier, Turn } from '../conversation.ts'
import type { DecodeInput } from '../wire-format.ts'
import { answeredCalls, partsOfModel } from './answered-calls.ts'
import { CallIds } from './call-ids.ts'
import { decodeConfig, defined } from './config-decode.ts'
import { decodeEmbedding } from './embedding.ts'
import { Fields, FORMAT, listOf, NOTE } from './fields.ts'
import { decodePart, type PartSource } from './parts-decode.ts'
import { decodeToolConfig, decodeTools } from './tools-decode.ts'

/** The label of the opaque part that stands for a prefix which Google keeps (`cachedContent`). */
export const CACHED_CONTENT = 'cachedContent'

/** @throws Refusal 400 naming the field that cannot be understood */
export function decodeRequest(input: DecodeInput): Conversation {
  return withCarriedState(decoded(input), input.stateKey)
}

function decoded(input: DecodeInput): Conversation {
  const body = new Fields(input.document.value, input.document)
  if (input.operation === 'embed') return decodeEmbedding(body, input.document)
  if (input.operation !== 'count-tokens' || !body.has('generateContentRequest')) return decodeGenerate(body, input)
  return decodeGenerate(new Fields(body.take('generateContentRequest'), input.document), input)
}

function decodeGenerate(body: Fields, { document }: DecodeInput): Conversation {
  // The path names the model; some clients repeat it here.
  body.take('model')
  const contents = body.takeList('contents') ?? []
  const answered = answeredCalls(partsOfModel(contents))
  const source: PartSource = { document, ids: new CallIds(), fromModel: false, answered }
  const turns = [
    ...cachedTurn(body),
    ...systemTurn(body, source),
    ...contents.flatMap((content, at) => decodeContent(content, `contents[${at}]`, source)),
  ]
  const tools = decodeTools(body.takeList('tools') ?? [], document)
  const { toolChoice, rest: toolConfig } = decodeToolConfig(body.take('toolConfig'), document)
  const { config, rest: generationConfig, notes } = decodeConfig(body.take('generationConfig'), document)
  const serviceTier = decodeTier(body)
  body.leave('toolConfig', toolConfig)
  body.leave('generationConfig', generationConfig)
  for (const [name, text] of Object.entries(notes)) body.leave(NOTE + name, text)
  return {
    turns,
    tools,
    ...config,
    ...defined('toolChoice', toolChoice),
    ...defined('serviceTier', serviceTier),
    ...body.extensions(),
  }
}

/** What is cached comes before everything else, and nobody but Google has it. */
function cachedTurn(body: Fields): readonly Turn[] {
  const name = body.takeString('cachedContent')
  if (name === undefined) return []
  const part: Part = { type: 'opaque', format: FORMAT, label: CACHED_CONTENT, json: JSON.stringify(name) }
  return [{ role: 'system', parts: [part] }]
}

function systemTurn(body: Fields, source: PartSource): readonly Turn[] {
  const node = body.take('systemInstruction')
  if (node === undefined) return []
  const fields = new Fields(node, source.document)
  // Instructions have no speaker, whatever role they are given.
  fields.take('role')
  const parts = listOf(fields.take('parts')).map(part => decodePart(part, source))
  return [{ role: 'system', parts, ...fields.extensions() }]
}

/** One content → one turn, or several where results of functions stand among other parts. */
function decodeContent(node: unknown, path: string, source: PartSource): readonly Turn[] {
  const fields = new Fields(node, source.document)
  const role = roleOf(fields.take('role'), path)
  const fromModel = role === 'assistant'
  const parts = listOf(fields.take('parts')).map(part => decodePart(part, { ...source, fromModel }))
  if (fromModel) return [{ role, parts, ...fields.extensions() }]
  const turns: { role: Turn['role']; parts: Part[] }[] = []
  for (const part of parts) {
    const partRole = part.type === 'tool-result' ? 'tool' : 'user'
    const last = turns.at(-1)
    if (last?.role === partRole) last.parts.push(part)
    else turns.push({ role: partRole, parts: [part] })
  }
  if (turns.length === 0) return [{ role: 'user', parts, ...fields.extensions() }]
  return turns.map((turn, at) => ({ ...turn, ...(at === 0 ? fields.extensions() : SAME_CONTENT) }))
}

/** Stands on a turn that goes on with the content of the turn before it. */
export const GOES_ON = 'goes-on'

const SAME_CONTENT = { extensions: { [FORMAT]: { [NOTE + GOES_ON]: 'true' } } }

function roleOf(role: unknown, path: string): 'user' | 'assistant' {
  if (role === 'model') return 'assistant'
  if (role === undefined || role === '' || role === 'user' || role === 'function') return 'user'
  throw new Refusal(400, 'invalid_request', `"${path}.role" must be "user" or "model".`, { param: `${path}.role` })
}

const TIERS: readonly ServiceTier[] = ['flex', 'standard', 'priority']

function decodeTier(body: Fields): ServiceTier | undefined {
  const given = body.takeString('serviceTier')
  const tier = TIERS.find(known => known === given?.toLowerCase())
  if (!tier && given !== undefined) body.leave('serviceTier', JSON.stringify(given))
  return tier
}
