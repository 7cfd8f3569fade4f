/** The fixed tables of `config.toml`: every key that is not an option of some processor or kind of provider. */
import type { ObjectSchema } from '../options.ts'
import { LABEL_PATTERN, PATH_PATTERN, PREFIX_PATTERN } from './patterns.ts'

const POSITIVE = { minimum: 1 } as const

export const SERVER_SCHEMA = {
  type: 'object',
  description: 'The HTTP server that clients talk to.',
  properties: {
    host: { type: 'string', minLength: 1, default: '127.0.0.1', description: 'Address to listen on.' },
    port: {
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 7070,
      description: 'Port to listen on; 0 takes a free one.',
    },
    workers: {
      type: 'integer',
      minimum: 0,
      default: 1,
      maximum: 256,
      description:
        'Processes that share the work; 0 = one a core. Each has `max_connections` and `max_body_memory` of its own.',
    },
    body_limit: {
      type: 'string',
      format: 'size',
      default: '32MiB',
      description: 'Largest request body; a larger one gets 413.',
    },
    max_body_memory: {
      type: 'string',
      format: 'size',
      default: '256MiB',
      description: 'Memory for all request bodies in flight together; a body beyond it gets 503.',
    },
    drain_timeout: {
      type: 'string',
      format: 'duration',
      default: '120s',
      description: 'How long calls in flight may take to end when the gateway stops.',
    },
    headers_timeout: {
      type: 'string',
      format: 'duration',
      default: '10s',
      description: 'How long a client may take to send the headers of a request.',
    },
    request_timeout: {
      type: 'string',
      format: 'duration',
      default: '120s',
      description: 'How long a client may take to send a whole request; a slower one gets 408.',
    },
    keep_alive: {
      type: 'string',
      format: 'duration',
      default: '65s',
      description: 'How long an idle connection of a client stays open.',
    },
    max_connections: {
      type: 'integer',
      ...POSITIVE,
      description: 'Most connections of clients at a time; no limit when absent.',
    },
    open: {
      type: 'boolean',
      default: false,
      description: 'Allows a host that other machines can reach although some pipeline has no auth processor.',
    },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema

export const METRICS_SCHEMA = {
  type: 'object',
  description: 'The page that Prometheus reads.',
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Whether there is such a page.' },
    path: { type: 'string', pattern: PATH_PATTERN, default: '/metrics', description: 'Path of the page.' },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema

export const LOG_SCHEMA = {
  type: 'object',
  description: 'The log, which goes to standard output.',
  properties: {
    level: {
      type: 'string',
      enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      default: 'info',
      description: 'The least level that is written.',
    },
    format: {
      type: 'string',
      enum: ['auto', 'json', 'pretty'],
      default: 'auto',
      description: 'One JSON object a line, or text for people; auto is pretty on a terminal.',
    },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema

export const STORE_SCHEMA = {
  type: 'object',
  description: 'Where limits, budgets, breakers and caches keep their state.',
  properties: {
    driver: {
      type: 'string',
      enum: ['memory', 'redis'],
      default: 'memory',
      description:
        'Redis, or Valkey, is for several instances that share their limits, and for limits that outlive a restart.',
    },
    url: {
      type: 'string',
      secret: true,
      description: 'Address of the store, for redis: "redis://user:password@host:6379/0", or "rediss://" for TLS.',
    },
    instances: {
      type: 'integer',
      ...POSITIVE,
      default: 1,
      description:
        'How many instances share the store. While it is out of reach, each of them keeps so much of every limit.',
    },
  },
  additionalProperties: false,
} as const satisfies ObjectSchema

/** What every provider may have; the options of its client kind stand in the same table. */
export const PROVIDER_SCHEMA = {
  type: 'object',
  description: 'An upstream.',
  properties: {
    client: { type: 'string', minLength: 1, description: 'The kind of provider client.' },
    base_url: {
      type: 'string',
      description: 'The versioned root as the provider documents it, such as https://api.openai.com/v1.',
    },
    api_key: {
      type: 'string',
      secret: true,
      description: 'The key for the provider. "client" passes the caller\'s own credential on.',
    },
    timeouts: {
      type: 'object',
      default: {},
      description: 'How long to wait for the provider.',
      properties: {
        connect: { type: 'string', format: 'duration', default: '5s', description: 'For a connection.' },
        first_token: {
          type: 'string',
          format: 'duration',
          default: '60s',
          description: 'For the first piece of the answer.',
        },
        idle: { type: 'string', format: 'duration', default: '60s', description: 'Between two pieces of the answer.' },
        total: { type: 'string', format: 'duration', default: '15m', description: 'For the whole answer.' },
      },
      additionalProperties: false,
    },
    headers: {
      type: 'object',
      default: {},
      description: 'Further headers of every request to the provider.',
      additionalProperties: { type: 'string', secret: true, description: 'Value of the header.' },
    },
    dialect: {
      type: 'string',
      minLength: 1,
      description:
        'How the server differs from the one that the format comes from: groq, mistral, vllm and others. Absent: told by the client kind and the address.',
    },
    max_connections: {
      type: 'integer',
      ...POSITIVE,
      description: 'Most connections to the provider at a time; no limit when absent.',
    },
  },
  required: ['client'],
  additionalProperties: false,
} as const satisfies ObjectSchema

/** A pipeline without its `parsers` and `processors`, which are lists of tables of several kinds. */
export const PIPELINE_SCHEMA = {
  type: 'object',
  description: 'A parser, a chain of processors and a provider.',
  properties: {
    prefix: {
      type: 'string',
      pattern: PREFIX_PATTERN,
      default: '',
      description: 'Mounted before the routes of the parsers, such as "/team-a".',
    },
    provider: {
      type: 'string',
      refersTo: 'provider',
      description: 'Where calls go unless a processor says otherwise.',
    },
    deadline: {
      type: 'string',
      format: 'duration',
      description: 'How long a whole call may take; no limit when absent.',
    },
    stream: {
      type: 'object',
      default: {},
      description: 'The channel between the provider and the client.',
      properties: {
        buffer_events: {
          type: 'integer',
          ...POSITIVE,
          default: 64,
          description: 'Most pieces that wait for the client; what came from the provider at once is one piece.',
        },
        buffer_bytes: {
          type: 'string',
          format: 'size',
          default: '256KiB',
          description: 'Most bytes that wait for the client.',
        },
        heartbeat: {
          type: 'string',
          format: 'duration',
          default: '15s',
          description: 'Silence after which the client is sent a sign of life; 0s = never.',
        },
        stall_timeout: {
          type: 'string',
          format: 'duration',
          default: '60s',
          description: 'How long a client may not read before its call is ended.',
        },
      },
      additionalProperties: false,
    },
  },
  required: ['provider'],
  additionalProperties: false,
} as const satisfies ObjectSchema

/** An entry of `parsers` that is a table. A string there is short for `{ use = "…" }`. */
export const PARSER_SCHEMA = {
  type: 'object',
  description: 'A wire format that clients may speak.',
  properties: {
    use: { type: 'string', description: 'Name of the format.' },
    prefix: {
      type: 'string',
      pattern: PREFIX_PATTERN,
      description: 'Mounted before the routes of this parser, after the prefix of the pipeline.',
    },
    path: { type: 'string', pattern: PATH_PATTERN, description: 'Replaces the path of the route that generates.' },
  },
  required: ['use'],
  additionalProperties: false,
} as const satisfies ObjectSchema

/** What every step may have; the options of its processor stand in the same table. */
export const STEP_SCHEMA = {
  type: 'object',
  description: 'One step of a pipeline.',
  properties: {
    use: {
      type: 'string',
      minLength: 1,
      description: 'Name of a processor, or the path of its file, from the folder of this file.',
    },
    label: {
      type: 'string',
      pattern: LABEL_PATTERN,
      description: 'Name of the step in logs and metrics; the name of the processor when absent.',
    },
    deadline: {
      type: 'string',
      format: 'duration',
      description:
        'How long the step itself may take, without the steps behind it. Absent: what the processor asks for, else 60s.',
    },
  },
  required: ['use'],
  additionalProperties: false,
} as const satisfies ObjectSchema

/** Keys of a table that its own schema above lists, or that are read beside it. */
export const PROVIDER_KEYS: readonly string[] = Object.keys(PROVIDER_SCHEMA.properties)
export const STEP_KEYS: readonly string[] = Object.keys(STEP_SCHEMA.properties)
export const PIPELINE_LISTS: readonly string[] = ['parsers', 'processors']
