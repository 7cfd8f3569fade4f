import type { ObjectSchema } from '../options.ts'

/** An entry of `[prices]`. */
export const PRICE_SCHEMA = {
  type: 'object',
  description: 'What a model costs, in US dollars for a million tokens; comes before its list price.',
  properties: {
    input: { type: 'number', minimum: 0, description: 'Input.' },
    output: { type: 'number', minimum: 0, description: 'Output, reasoning included.' },
    cache_read: {
      type: 'number',
      minimum: 0,
      description: 'Input that was read from a prompt cache. Absent: as any other input.',
    },
    cache_write: {
      type: 'number',
      minimum: 0,
      description: 'Input that was written to a prompt cache. Absent: as any other input.',
    },
  },
  required: ['input', 'output'],
  additionalProperties: false,
} as const satisfies ObjectSchema
