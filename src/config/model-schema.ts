/** The tables that say what models take: an operator's, and those of the shipped catalogue. */
import { CAPABILITIES_SCHEMA } from '../models/capabilities.ts'
import type { ObjectSchema } from '../options.ts'

const FACTS = CAPABILITIES_SCHEMA.properties
const PATTERN = {
  type: 'string',
  minLength: 1,
  maxLength: 256,
  description: 'Name of a model; "*" stands for anything, and "~" at the end for the end of a version.',
} as const

/** An entry of `[[model_capabilities]]`, its `match` a list; one name or pattern is short for a list of one. */
export const MODEL_SCHEMA = {
  type: 'object',
  description:
    'What is believed of some models, where the shipped catalogue is wrong or knows nothing. An entry changes what it names; the first one that names a thing counts.',
  properties: {
    match: {
      type: 'array',
      minItems: 1,
      items: PATTERN,
      description: 'The models as they are sent upstream: one name or pattern, or a list of them.',
    },
    provider: {
      type: 'string',
      format: 'glob',
      refersTo: 'provider',
      description: 'Only where this provider, or one that the pattern matches, serves the model.',
    },
    like: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      description: 'Name of the model whose record is changed. Absent: that of the model itself.',
    },
    ...FACTS,
  },
  required: ['match'],
  additionalProperties: false,
} as const satisfies ObjectSchema

/** The same with one name or pattern. */
export const SINGLE_MODEL_SCHEMA = {
  ...MODEL_SCHEMA,
  properties: { ...MODEL_SCHEMA.properties, match: PATTERN },
} as const satisfies ObjectSchema

const FORMATS = {
  type: 'array',
  minItems: 1,
  items: { type: 'string', minLength: 1 },
  description: 'Where it holds: formats, or one kind of server of a format after a colon.',
} as const
const FAMILY_NAME = { type: 'string', minLength: 1, description: 'The family whose facts these change.' } as const

/** A `[families.<name>]` of the shipped catalogue. */
export const FAMILY_SCHEMA = {
  type: 'object',
  description: 'What several models have in common.',
  properties: { like: FAMILY_NAME, formats: FORMATS, ...FACTS },
  additionalProperties: false,
} as const satisfies ObjectSchema

/** A `[[models]]` of the shipped catalogue. */
export const RULE_SCHEMA = {
  type: 'object',
  description: 'What some models take.',
  properties: {
    match: { type: 'array', minItems: 1, items: PATTERN, description: 'The models.' },
    guess: { type: 'boolean', default: false, description: 'Stands for models that nothing is known of.' },
    like: FAMILY_NAME,
    formats: FORMATS,
    ...FACTS,
  },
  required: ['match', 'like'],
  additionalProperties: false,
} as const satisfies ObjectSchema
