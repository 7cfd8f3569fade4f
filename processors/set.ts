import { type Call, defineProcessor, type FieldChange, matchGlob } from 'sluice'

export default defineProcessor({
  summary: 'Gives fields of a request a default, forces a value on them, or takes them out.',
  description: `
Works on the request as it is on the wire, in the format that it is in at this place of the chain: before \`convert\` in
the client's, behind it in the provider's. Only the named field is written; every other byte stays as the client sent it,
so that prompt caches go on working.

A field is named by a JSON Pointer (RFC 6901): \`/temperature\`, \`/metadata/user_id\`. Pointers lead through objects only,
not into arrays; objects that are missing on the way are made. \`model\` and \`stream\` are not for this processor: use
\`models\`.

| \`mode\` | |
|---|---|
| \`default\` | the value is written where the client sent none, or \`null\` |
| \`force\` | the value is written whatever the client sent |
| \`remove\` | the field is taken out |

The value is one of \`json\` (JSON text, written as it is), \`text\` (a string) and \`from\` (something of the call). Where
\`from\` has nothing, because no \`auth\` stands before or the key has no team, nothing is written.

The fields are changed in their order; each applies if all its conditions do. Models, keys and formats are compared as
they are when the call gets here.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['fields'],
    properties: {
      fields: {
        type: 'array',
        minItems: 1,
        description: 'The changes, in their order.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['pointer'],
          properties: {
            pointer: {
              type: 'string',
              pattern: '^(/([^~/]|~[01])+)+$',
              description: 'The field: `/temperature`, `/metadata/user_id`.',
            },
            mode: {
              type: 'string',
              enum: ['default', 'force', 'remove'],
              default: 'default',
              description: 'What is done with it.',
            },
            json: { type: 'string', minLength: 1, description: 'The value as JSON text: `0.2`, `["a"]`.' },
            text: { type: 'string', description: 'The value, a string.' },
            from: {
              type: 'string',
              enum: ['key', 'team', 'call', 'pipeline'],
              description:
                "The value: the name or the team of the caller's key, the call's id, or the pipeline's name.",
            },
            models: {
              type: 'array',
              items: { type: 'string', format: 'glob' },
              minItems: 1,
              description: 'Patterns of the models that it applies to; `*` is any text. Absent: all.',
            },
            keys: {
              type: 'array',
              items: { type: 'string', format: 'glob' },
              minItems: 1,
              description: 'Patterns of the names of keys that it applies to. Absent: all, and calls without a key.',
            },
            formats: {
              type: 'array',
              items: { type: 'string', format: 'glob' },
              minItems: 1,
              description: 'Patterns of the formats that it applies to: `openai-*`. Absent: all.',
            },
          },
        },
      },
    },
  },
  examples: [
    {
      title: 'A default, and the end user for abuse detection',
      toml: `[[fields]]
pointer = "/temperature"
json = "0.2"

[[fields]]
pointer = "/metadata/user_id"
mode = "force"
from = "key"
formats = ["anthropic-messages"]`,
    },
    {
      title: 'No stored replies, and no tier that costs more',
      toml: `[[fields]]
pointer = "/store"
mode = "force"
json = "false"
formats = ["openai-*"]

[[fields]]
pointer = "/service_tier"
mode = "remove"
keys = ["ci", "test-*"]`,
    },
  ],
  refusals: {
    invalid_request: {
      status: 400,
      kind: 'bad-request',
      when: 'The client sent something else than an object where a field is to be set.',
    },
  },
  setup({ options }) {
    const rules = options.fields.map(readRule)
    return {
      async handle(call, next) {
        if (call.operation === 'list-models') return next(call)
        const fields = rules.flatMap(rule => (applies(rule, call) ? (rule.change(call) ?? []) : []))
        return next(fields.length === 0 ? call : call.with({ fields }))
      },
    }
  },
})

interface FieldOptions {
  readonly pointer: string
  readonly mode: 'default' | 'force' | 'remove'
  readonly json?: string
  readonly text?: string
  readonly from?: 'key' | 'team' | 'call' | 'pipeline'
  readonly models?: readonly string[]
  readonly keys?: readonly string[]
  readonly formats?: readonly string[]
}

interface Rule extends Pick<FieldOptions, 'models' | 'keys' | 'formats'> {
  /** `undefined` when the call has no value for it. */
  change(call: Call): FieldChange | undefined
}

/** What would mean two things at once if it were changed here. */
const ENGINE_FIELDS: readonly string[] = ['/model', '/stream']

/** @throws Error when the value does not go with the mode, or is no JSON */
function readRule(field: FieldOptions): Rule {
  const { pointer, mode, models, keys, formats } = field
  if (ENGINE_FIELDS.includes(pointer)) throw new Error(`${pointer} cannot be set here; see the processor "models"`)
  const values = [field.json, field.text, field.from].filter(value => value !== undefined)
  if (values.length !== (mode === 'remove' ? 0 : 1)) {
    const wanted = mode === 'remove' ? 'no value, because it is removed' : 'exactly one of json, from and text'
    throw new Error(`${pointer} needs ${wanted}`)
  }
  const conditions = { ...(models && { models }), ...(keys && { keys }), ...(formats && { formats }) }
  if (mode === 'remove') return { ...conditions, change: () => ({ pointer, mode }) }
  const value = readValue(field)
  return {
    ...conditions,
    change(call) {
      const json = value(call)
      return json === undefined ? undefined : { pointer, mode, json }
    },
  }
}

function readValue({ pointer, json, text, from }: FieldOptions): (call: Call) => string | undefined {
  if (from !== undefined) {
    return call => {
      const value = OF_THE_CALL[from](call)
      return value === undefined ? undefined : JSON.stringify(value)
    }
  }
  const written = json ?? JSON.stringify(text ?? '')
  try {
    JSON.parse(written)
  } catch (cause) {
    throw new Error(`the json of ${pointer} is not JSON; a string needs quotes of its own, or text = …`, { cause })
  }
  return () => written
}

const OF_THE_CALL: Readonly<Record<'key' | 'team' | 'call' | 'pipeline', (call: Call) => string | undefined>> = {
  key: ({ client }) => client.identity?.name,
  team: ({ client }) => client.identity?.team,
  call: ({ id }) => id,
  pipeline: ({ pipeline }) => pipeline,
}

function applies({ models, keys, formats }: Rule, { model, format, client }: Call): boolean {
  return fits(models, model) && fits(formats, format) && fits(keys, client.identity?.name)
}

function fits(patterns: readonly string[] | undefined, name: string | undefined): boolean {
  return patterns === undefined || (name !== undefined && patterns.some(pattern => matchGlob(pattern, name)))
}
