/** The wanted form of the answer, canonical → `output_config.format` (conversion.md E143, E146). */
import { RawJson } from '../../json/raw.ts'
import type { OutputFormat } from '../conversation.ts'
import type { Encoding } from './encoding.ts'
import type { WritableObject } from './leftovers.ts'
import { schemaSubset } from './schema-subset.ts'

export interface EncodedOutputFormat {
  readonly format?: WritableObject
  /** For models without structured outputs: what the system prompt says instead. */
  readonly instruction?: string
}

const JSON_ONLY = 'Answer with one valid JSON value and nothing else: no explanation and no code fence.'

/** A schema's `name` is a label that no model of Anthropic's sees; leaving it out changes nothing. */
export function encodeOutputFormat(format: OutputFormat | undefined, encoding: Encoding): EncodedOutputFormat {
  const { capabilities, log } = encoding
  if (format === undefined || format.type === 'text') return {}
  if (format.type === 'json') {
    log.approximated('outputFormat', 'Anthropic has no JSON mode: asked for in the system prompt')
    return { instruction: JSON_ONLY }
  }
  if (capabilities.structured_output === 'none') {
    log.approximated('outputFormat.schema', 'this model has no structured outputs: asked for in the system prompt')
    return { instruction: `${JSON_ONLY} It must match this JSON Schema:\n${format.schema}` }
  }
  if (format.description !== undefined) log.dropped('outputFormat.description', 'Anthropic takes only the schema')
  const { text, moved } = schemaSubset(format.schema)
  if (moved.length > 0) {
    log.approximated('outputFormat.schema', `structured outputs take no ${moved.join(', ')}: moved to descriptions`)
  }
  return { format: { type: 'json_schema', schema: new RawJson(text) } }
}
