/** The wanted form of the answer, canonical → `output_config.format` or what can stand for it (conversion.md D.7). */
import { RawJson } from '../../json/raw.ts'
import type { Amendment } from '../amendment.ts'
import type { Conversation, OutputFormat, Reasoning } from '../conversation.ts'
import { ASKED_BY_TOOL, forcedAnswer } from '../forced-answer.ts'
import type { Encoding } from './encoding.ts'
import type { WritableObject } from './leftovers.ts'
import { obstacleTo } from './schema-reach.ts'
import { schemaSubset } from './schema-subset.ts'

export interface EncodedOutputFormat {
  /** What is left to encode: with a tool for the answer, where that is how it is asked for. */
  readonly conversation: Conversation
  readonly format?: WritableObject
  /** What the system prompt says instead. */
  readonly instruction?: string
  readonly amendment?: Amendment
}

const JSON_ONLY = 'Answer with one valid JSON value and nothing else: no explanation and no code fence.'

export function encodeOutputFormat(conversation: Conversation, encoding: Encoding): EncodedOutputFormat {
  const { outputFormat } = conversation
  if (outputFormat === undefined || outputFormat.type === 'text') return { conversation }
  if (outputFormat.type === 'json') {
    encoding.log.approximated('outputFormat', 'Anthropic has no JSON mode: asked for in the system prompt')
    return { conversation, instruction: JSON_ONLY }
  }
  const obstacle = obstacleTo(outputFormat.schema, encoding.capabilities)
  if (obstacle === undefined) return { conversation, format: nativeFormat(outputFormat, encoding) }
  const forced = mayForce(conversation.reasoning, encoding) ? forcedAnswer(conversation) : undefined
  const way = forced ? ASKED_BY_TOOL : 'asked for in the system prompt'
  encoding.log.approximated('outputFormat.schema', `${obstacle}: ${way}`)
  return forced ?? { conversation, instruction: `${JSON_ONLY} It must match this JSON Schema:\n${outputFormat.schema}` }
}

/** A tool cannot be forced on a model that thinks with a budget; others think as they please. */
function mayForce(reasoning: Reasoning | undefined, { capabilities }: Encoding): boolean {
  const rests = reasoning?.mode === 'disabled' || reasoning?.effort === 'none' || reasoning?.budget === 0
  const thinksByBudget = capabilities.thinking.includes('budget') && reasoning !== undefined && !rests
  return capabilities.forced_tools && !thinksByBudget
}

/** A schema's `name` is a label that no model of Anthropic's sees; leaving it out changes nothing. */
function nativeFormat({ schema, description }: OutputFormat & { type: 'schema' }, { log }: Encoding): WritableObject {
  if (description !== undefined) log.dropped('outputFormat.description', 'Anthropic takes only the schema')
  const { text, moved } = schemaSubset(schema)
  if (moved.length > 0) {
    log.approximated('outputFormat.schema', `structured outputs take no ${moved.join(', ')}: moved to descriptions`)
  }
  return { type: 'json_schema', schema: new RawJson(text) }
}
