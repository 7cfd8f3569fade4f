/**
 * JSON Schemas of request bodies: the types that the engine relies on, nothing more. What an item must hold is told by
 * its decoder, which knows its type; fields that are not named here pass.
 */
import type { Operation } from '../../contract.ts'

const OPTIONAL_STRING = { type: ['string', 'null'] }
const OPTIONAL_NUMBER = { type: ['number', 'null'] }
const OPTIONAL_BOOLEAN = { type: ['boolean', 'null'] }
const OPTIONAL_OBJECT = { type: ['object', 'null'] }

const COUNTED = {
  model: { type: 'string', minLength: 1 },
  input: { type: ['string', 'array', 'null'], items: { type: 'object' } },
  instructions: OPTIONAL_STRING,
  tools: {
    type: ['array', 'null'],
    items: { type: 'object', required: ['type'], properties: { type: { type: 'string' } } },
  },
  tool_choice: { type: ['string', 'object', 'null'] },
  parallel_tool_calls: OPTIONAL_BOOLEAN,
  previous_response_id: OPTIONAL_STRING,
  conversation: { type: ['string', 'object', 'null'] },
  reasoning: OPTIONAL_OBJECT,
  text: OPTIONAL_OBJECT,
}

const GENERATED = {
  ...COUNTED,
  prompt: OPTIONAL_OBJECT,
  include: { type: ['array', 'null'], items: { type: 'string' } },
  max_output_tokens: { type: ['integer', 'null'], minimum: 1 },
  temperature: OPTIONAL_NUMBER,
  top_p: OPTIONAL_NUMBER,
  top_logprobs: { type: ['integer', 'null'], minimum: 0 },
  metadata: OPTIONAL_OBJECT,
  service_tier: OPTIONAL_STRING,
  prompt_cache_key: OPTIONAL_STRING,
  safety_identifier: OPTIONAL_STRING,
  user: OPTIONAL_STRING,
  store: OPTIONAL_BOOLEAN,
  background: OPTIONAL_BOOLEAN,
  stream: OPTIONAL_BOOLEAN,
  stream_options: OPTIONAL_OBJECT,
}

export const SCHEMAS: Readonly<Partial<Record<Operation, object>>> = {
  generate: { type: 'object', required: ['model'], properties: GENERATED },
  'count-tokens': { type: 'object', required: ['model'], properties: COUNTED },
}
