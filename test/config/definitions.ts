import type { FormatEntry, LoadedProcessor, ProviderKindEntry } from '../../src/config/config.ts'
import { didYouMean } from '../../src/config/did-you-mean.ts'
import type { ConfigSource } from '../../src/config/load-config.ts'
import { defineProcessor, type ProcessorDefinition } from '../../src/contract.ts'
import type { ObjectSchema } from '../../src/options.ts'

/** Small kinds, formats and processors for the tests of the configuration: each shows one form of option. */

const NO_OPTIONS = { type: 'object', properties: {}, additionalProperties: false } as const satisfies ObjectSchema

export const PROVIDER_KINDS: ReadonlyMap<string, ProviderKindEntry> = new Map([
  [
    'openai-chat',
    {
      summary: 'OpenAI Chat Completions.',
      options: {
        type: 'object',
        properties: {
          stream_usage: { type: 'string', enum: ['ask', 'leave'], default: 'ask', description: 'Ask for usage.' },
          retries: { type: 'integer', minimum: 0, maximum: 5, description: 'Tries again.' },
        },
        additionalProperties: false,
      },
    },
  ],
  [
    'anthropic-messages',
    { summary: 'Anthropic.', options: NO_OPTIONS, defaultBaseUrl: 'https://api.anthropic.com/v1' },
  ],
  ['echo', { summary: 'Answers by itself.', options: NO_OPTIONS, embedded: true }],
])

export const FORMATS: ReadonlyMap<string, FormatEntry> = new Map([
  ['openai-chat', { summary: 'OpenAI Chat Completions.' }],
  ['anthropic-messages', { summary: 'Anthropic Messages.' }],
  ['chat', { summary: 'Client names the provider.', namesProvider: true }],
])

export const PROCESSORS: ReadonlyMap<string, ProcessorDefinition> = new Map([
  [
    'auth',
    processor({
      keys: {
        type: 'array',
        minItems: 1,
        description: 'Who may call.',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string', minLength: 1, description: 'Name of the key.' },
            key: { type: 'string', minLength: 8, secret: true, description: 'The key.' },
            providers: {
              type: 'array',
              description: 'Providers that it may use.',
              items: { type: 'string', format: 'glob', refersTo: 'provider' },
            },
          },
          required: ['name', 'key'],
          additionalProperties: false,
        },
      },
    }),
  ],
  ['auth-jwt', processor({ or_key: { type: 'boolean', default: false, description: 'Leaves keys to auth.' } })],
  [
    'rate-limit',
    processor({
      requests_per_minute: { type: 'integer', minimum: 1, description: 'Requests.' },
      tokens_per_minute: { type: 'integer', minimum: 1, description: 'Tokens.' },
      window: { type: 'string', format: 'duration', default: '60s', description: 'Length of the window.' },
      largest: { type: 'string', format: 'size', default: '1MiB', description: 'Largest body.' },
      share: { type: 'number', exclusiveMinimum: 0, maximum: 1, description: 'Share of the whole.' },
      strict: { type: 'boolean', default: false, description: 'Counts everything.' },
    }),
  ],
  [
    'models',
    processor({
      rules: {
        type: 'array',
        maxItems: 3,
        uniqueItems: true,
        default: [],
        description: 'Rules in order.',
        items: {
          type: 'object',
          properties: {
            match: { type: 'string', format: 'glob', description: 'Pattern.' },
            provider: { type: 'string', refersTo: 'provider', description: 'Provider.' },
            model: { type: 'string', refersTo: 'model', description: 'Model.' },
          },
          required: ['match'],
          additionalProperties: false,
        },
      },
      aliases: {
        type: 'object',
        description: 'Other names.',
        additionalProperties: { type: 'string', pattern: '^[a-z0-9.-]+$', description: 'Name.' },
      },
    }),
  ],
  ['notify', processor({ url: { type: 'string', format: 'url', maxLength: 40, description: 'Address.' } })],
  [
    'convert',
    processor({ on_loss: { type: 'string', enum: ['warn', 'refuse'], default: 'warn', description: 'What then.' } }),
  ],
  ['undescribed', processor({ depth: { type: 'integer' } })],
  ['reserved', processor({ label: { type: 'string', description: 'Clashes with the label of the step.' } })],
  ['loose', processor({ colour: { type: 'string', enumm: ['red'], description: 'Misspelt keyword.' } as never })],
])

function processor(properties: ObjectSchema['properties']): ProcessorDefinition {
  return defineProcessor({
    summary: 'For tests.',
    options: { type: 'object', properties, additionalProperties: false },
    examples: [],
    setup: () => ({ handle: (call, next) => next(call) }),
  })
}

/** What `loadConfig` needs beside the path. */
export function sourceOf(path: string, environment: ConfigSource['environment'] = {}): ConfigSource {
  return { path, environment, providerKinds: PROVIDER_KINDS, formats: FORMATS, loadProcessor }
}

const loadProcessor: ConfigSource['loadProcessor'] = async (use, place) => {
  const name = use.replace(/^.*\//, '').replace(/\.ts$/, '')
  const definition = PROCESSORS.get(name)
  if (definition === undefined) return place.problem(`there is no such processor${didYouMean(name, PROCESSORS.keys())}`)
  return { definition, file: `processors/${name}.ts` } satisfies LoadedProcessor
}
