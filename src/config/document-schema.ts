import type { ObjectSchema, OptionSchema } from '../options.ts'
import type { ProviderKindEntry } from './config.ts'
import { MODEL_SCHEMA, SINGLE_MODEL_SCHEMA } from './model-schema.ts'
import { PRICE_SCHEMA } from './price-schema.ts'
import {
  LOG_SCHEMA,
  METRICS_SCHEMA,
  PARSER_SCHEMA,
  PIPELINE_SCHEMA,
  PROVIDER_SCHEMA,
  SERVER_SCHEMA,
  STEP_SCHEMA,
  STORE_SCHEMA,
} from './schema.ts'
import { DURATION_PATTERN, SIZE_PATTERN } from './units.ts'

/** What the schema says of a processor. */
export interface DocumentedProcessor {
  readonly summary: string
  readonly options: ObjectSchema
}

type Json = Readonly<Record<string, unknown>>

/**
 * The JSON Schema of `config.toml`, for editors: completion, descriptions, red lines. It keeps to draft 4, which is what
 * Taplo and its relatives know: `enum` for a constant, `oneOf` for the kinds of a table, no conditions.
 *
 * It is laxer than the gateway in two things: any text may hold a `${…}`, and a processor of the user's own takes any
 * option.
 */
export function configJsonSchema(
  processors: ReadonlyMap<string, DocumentedProcessor>,
  providerKinds: ReadonlyMap<string, ProviderKindEntry>,
): Json {
  return {
    $schema: 'http://json-schema.org/draft-04/schema#',
    title: 'Sluice configuration',
    type: 'object',
    properties: {
      server: draft4(SERVER_SCHEMA),
      metrics: draft4(METRICS_SCHEMA),
      log: draft4(LOG_SCHEMA),
      store: draft4(STORE_SCHEMA),
      prices: mapOf('Prices by model, or by a pattern such as "llama-*".', draft4(PRICE_SCHEMA)),
      model_capabilities: {
        type: 'array',
        description: 'What is believed of models otherwise than the shipped catalogue says.',
        items: modelSchema(),
      },
      providers: mapOf('Upstreams by name.', { oneOf: [...providerKinds].map(providerSchema) }),
      pipelines: mapOf('Pipelines by name.', pipelineSchema(processors)),
    },
    required: ['providers', 'pipelines'],
    additionalProperties: false,
  }
}

/** One name or pattern is short for a list of one. */
function modelSchema(): Json {
  const { match, ...properties } = MODEL_SCHEMA.properties
  const one = draft4(SINGLE_MODEL_SCHEMA.properties.match)
  return {
    ...draft4(MODEL_SCHEMA),
    properties: {
      match: { description: match.description, oneOf: [one, draft4(match)] },
      ...draft4Properties(properties),
    },
  }
}

function mapOf(description: string, entry: Json): Json {
  return { type: 'object', description, additionalProperties: entry }
}

function providerSchema([name, kind]: [string, ProviderKindEntry]): Json {
  const { base_url, api_key, ...common } = PROVIDER_SCHEMA.properties
  const addressed = kind.embedded === true ? {} : { base_url, api_key }
  const needsAddress = kind.embedded !== true && kind.defaultBaseUrl === undefined
  return {
    title: name,
    description: kind.summary,
    type: 'object',
    properties: {
      ...draft4Properties({ ...common, ...addressed, ...kind.options.properties }),
      client: { type: 'string', enum: [name], description: kind.summary },
    },
    required: ['client', ...(needsAddress ? ['base_url'] : []), ...(kind.options.required ?? [])],
    additionalProperties: false,
  }
}

function pipelineSchema(processors: ReadonlyMap<string, DocumentedProcessor>): Json {
  const parser = draft4(PARSER_SCHEMA)
  return {
    ...draft4(PIPELINE_SCHEMA),
    properties: {
      ...draft4Properties(PIPELINE_SCHEMA.properties),
      parsers: {
        type: 'array',
        minItems: 1,
        description: 'Wire formats that clients may speak.',
        items: { oneOf: [{ type: 'string', description: 'Name of the format.' }, parser] },
      },
      processors: {
        type: 'array',
        description: 'Steps in the order of a call.',
        items: { oneOf: [...[...processors].map(stepSchema), ownStepSchema([...processors.keys()])] },
      },
    },
    required: ['provider', 'parsers'],
  }
}

function stepSchema([name, processor]: [string, DocumentedProcessor]): Json {
  return {
    title: name,
    description: processor.summary,
    type: 'object',
    properties: {
      ...draft4Properties({ ...STEP_SCHEMA.properties, ...processor.options.properties }),
      use: { type: 'string', enum: [name], description: processor.summary },
    },
    required: ['use', ...(processor.options.required ?? [])],
    additionalProperties: false,
  }
}

/** A step of a processor that is not built in: any name but theirs, any options. */
function ownStepSchema(builtIn: readonly string[]): Json {
  return {
    title: 'A processor of your own',
    type: 'object',
    properties: {
      ...draft4Properties(STEP_SCHEMA.properties),
      use: { type: 'string', not: { enum: builtIn }, description: STEP_SCHEMA.properties.use.description },
    },
    required: ['use'],
  }
}

function draft4Properties(properties: Readonly<Record<string, OptionSchema>>): Json {
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, draft4(property)]))
}

/** One of our schemas in the words of draft 4, without the words that only the gateway knows. */
function draft4(schema: OptionSchema): Json {
  switch (schema.type) {
    case 'string': {
      const { refersTo: _reference, secret: _secret, format, pattern, ...rest } = schema
      const form = pattern ?? (format === 'duration' ? DURATION_PATTERN : format === 'size' ? SIZE_PATTERN : undefined)
      return { ...rest, ...(form !== undefined && { pattern: `${form}|\\$\\{` }) }
    }
    case 'integer':
    case 'number': {
      const { exclusiveMinimum, ...rest } = schema
      return exclusiveMinimum === undefined ? rest : { ...rest, minimum: exclusiveMinimum, exclusiveMinimum: true }
    }
    case 'array':
      return { ...schema, items: draft4(schema.items) }
    case 'object':
      if (!('properties' in schema)) {
        const { keysReferTo: _reference, ...rest } = schema
        return { ...rest, additionalProperties: draft4(schema.additionalProperties) }
      }
      return { ...draft4Required(schema), properties: draft4Properties(schema.properties) }
    default:
      return { ...schema }
  }
}

/** Draft 4 forbids an empty `required`. */
function draft4Required({ required = [], ...schema }: ObjectSchema): Json {
  return required.length === 0 ? schema : { ...schema, required }
}
