import { type Conversation, defineProcessor, type Part, type Turn, UpstreamError } from 'sluice'

export default defineProcessor({
  summary: 'Sends a call again without the reasoning state that its provider refused.',
  description: `
Providers sign or encrypt what their models think, and want it back as it was. What one account, region or platform has
issued another may refuse, so a call that goes somewhere else than the one before it (\`fallback\`, \`balance\`, a new key)
can fail with 400 for nothing but its history. Such a call is sent once more without any reasoning in its earlier turns;
the texts, calls and results in them stay. The model loses its train of thought, the client keeps its answer.

Stands behind \`convert\`, which would put kept state back, and behind \`retry\`, which knows nothing of this. Only a
provider's 400 that names the state counts; everything else goes on as it is. A reply that was got in this way carries
\`x-sluice-reasoning-state: stripped\`, and the log has a line.
`,
  options: { type: 'object', additionalProperties: false, properties: {} },
  examples: [{ title: 'As it comes', toml: '' }],
  setup({ metrics, providers }) {
    const stripped = metrics.counter('state_stripped_total', 'Calls sent again without their reasoning state.', {
      provider: [...providers.keys()],
    })

    return {
      async handle(call, next) {
        try {
          return await next(call)
        } catch (error) {
          if (!refusesState(error)) throw error
          const conversation = withoutState(call.conversation)
          if (conversation === undefined) throw error
          stripped.add(1, { provider: call.provider })
          call.log.warn('the provider refused the reasoning state: sent again without', { provider: call.provider })
          const reply = await next(call.with({ conversation }))
          return reply.with({ headers: { 'x-sluice-reasoning-state': 'stripped' } })
        }
      },
    }
  },
})

/** How the providers say it; compatible servers keep the words and lose the codes. */
const REFUSED = [
  /invalid [`'"]?(?:signature|data)[`'"]? in [`'"]?(?:redacted_)?thinking/i,
  /encrypted[ _]content\b.*(?:could not be|cannot be|failed to be|verif|decrypt)/is,
  /(?:invalid|corrupt(?:ed)?|malformed) thought[ _]?signature/i,
  /thought[ _]?signature.* (?:is )?(?:not valid|invalid)/is,
]

function refusesState(error: unknown): boolean {
  if (!(error instanceof UpstreamError) || error.failure !== 'status_400') return false
  return error.code === 'invalid_encrypted_content' || REFUSED.some(words => words.test(error.message))
}

/** @returns `undefined` when there is none in it: then the same call would be refused again */
function withoutState(conversation: Conversation): Conversation | undefined {
  const turns = conversation.turns.flatMap(turn => (turn.parts.some(hasState) ? bare(turn) : [turn]))
  const isChanged =
    turns.length < conversation.turns.length || turns.some((turn, at) => turn !== conversation.turns[at])
  return isChanged ? { ...conversation, turns } : undefined
}

/** All thinking of a turn goes: what is left of it without its state would be refused as unsigned. */
function bare(turn: Turn): readonly Turn[] {
  const parts = turn.parts.flatMap(part => {
    if (part.type === 'reasoning') return []
    const { state: _, ...rest } = part
    return [rest as Part]
  })
  return parts.length === 0 ? [] : [{ ...turn, parts }]
}

function hasState({ state }: Part): boolean {
  return state !== undefined && state.length > 0
}
