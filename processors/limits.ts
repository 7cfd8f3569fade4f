import { type Call, type Conversation, defineProcessor, Refusal, type Reply } from 'sluice'

export default defineProcessor({
  summary: 'Refuses calls that are too large, and caps how much a model may write.',
  description: `
Keeps one call from costing too much. Each option is a limit of its own; what is not set is not limited.

\`max_input_bytes\` and \`max_output_tokens\` are checked without decoding the call. \`max_messages\`, \`max_tools\` and
\`max_candidates\` look inside it, which costs a few milliseconds per megabyte.

A call whose cap was lowered to \`max_output_tokens\`, or given \`default_output_tokens\`, says so in the response header
\`x-sluice-max-output-tokens\`. A model that thinks counts its thinking as output: a cap below the call's own thinking
budget is refused by the provider.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      max_input_bytes: { type: 'string', format: 'size', description: 'Size of the request body.' },
      max_output_tokens: { type: 'integer', minimum: 1, description: 'Tokens that a call may let the model write.' },
      default_output_tokens: {
        type: 'integer',
        minimum: 1,
        description: 'The cap for calls that name none. Absent: none, unless `max_output_tokens` is set; then that.',
      },
      on_exceed: {
        type: 'string',
        enum: ['clamp', 'refuse'],
        default: 'clamp',
        description: 'What happens to a call that asks for more than `max_output_tokens`.',
      },
      max_messages: {
        type: 'integer',
        minimum: 1,
        description: 'Messages of the conversation, system messages not counted, tool results counted.',
      },
      max_tools: { type: 'integer', minimum: 0, description: 'Tools that a call may offer the model.' },
      max_candidates: { type: 'integer', minimum: 1, description: 'Alternative answers that a call may ask for.' },
    },
  },
  examples: [
    { title: 'Cap the output', toml: 'max_output_tokens = 8_192' },
    {
      title: 'Small calls only, and a word about it',
      toml: 'max_input_bytes = "256KiB"\nmax_output_tokens = 1_024\non_exceed = "refuse"\nmax_messages = 50\nmax_tools = 16',
    },
  ],
  refusals: {
    input_too_large: { status: 413, kind: 'too-large', when: 'The body is over `max_input_bytes`.' },
    too_many_output_tokens: { status: 400, kind: 'bad-request', when: 'More than `max_output_tokens` are asked for.' },
    too_many_messages: { status: 400, kind: 'bad-request', when: 'There are more than `max_messages`.' },
    too_many_tools: { status: 400, kind: 'bad-request', when: 'There are more than `max_tools`.' },
    too_many_candidates: { status: 400, kind: 'bad-request', when: 'More than `max_candidates` are asked for.' },
  },
  setup({ options }) {
    const { max_input_bytes, max_output_tokens, default_output_tokens = max_output_tokens } = options
    if (max_output_tokens !== undefined && (default_output_tokens ?? 0) > max_output_tokens) {
      throw new Error('default_output_tokens is over max_output_tokens; lower it')
    }

    function checkSize(call: Call): void {
      if (max_input_bytes === undefined || call.size <= max_input_bytes) return
      const message = `The request body has ${call.size} bytes; at most ${max_input_bytes} are allowed.`
      throw new Refusal(413, 'input_too_large', message)
    }

    /** The cap that the call is to get; `undefined` when its own may stay. @throws Refusal 400 */
    function newCap(asked: number | undefined): number | undefined {
      if (asked === undefined) return default_output_tokens
      if (max_output_tokens === undefined || asked <= max_output_tokens) return undefined
      if (options.on_exceed === 'clamp') return max_output_tokens
      const message = `The call asks for up to ${asked} output tokens; at most ${max_output_tokens} are allowed.`
      throw new Refusal(400, 'too_many_output_tokens', message)
    }

    const checks = COUNTED.flatMap(counted => {
      const limit = options[counted.option]
      return limit === undefined ? [] : [{ ...counted, limit }]
    })

    return {
      async handle(call, next): Promise<Reply> {
        if (call.operation === 'list-models') return next(call)
        checkSize(call)
        for (const { limit, count, code, what } of checks) {
          const found = count(call.conversation)
          if (found > limit) {
            throw new Refusal(400, code, `The call has ${found} ${what}; at most ${limit} are allowed.`)
          }
        }
        const cap = call.operation === 'generate' ? newCap(call.maxOutputTokens) : undefined
        if (cap === undefined) return next(call)
        const reply = await next(call.with({ maxOutputTokens: cap }))
        return reply.with({ headers: { 'x-sluice-max-output-tokens': String(cap) } })
      },
    }
  },
})

const COUNTED = [
  { option: 'max_messages', code: 'too_many_messages', what: 'messages', count: messagesIn },
  { option: 'max_tools', code: 'too_many_tools', what: 'tools', count: ({ tools }: Conversation) => tools.length },
  {
    option: 'max_candidates',
    code: 'too_many_candidates',
    what: 'candidates',
    count: ({ candidates = 1 }: Conversation) => candidates,
  },
] as const

function messagesIn({ turns }: Conversation): number {
  return turns.filter(({ role }) => role !== 'system' && role !== 'developer').length
}
