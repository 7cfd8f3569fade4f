import { type Call, defineProcessor, type Loss, type Next, Refusal, type Reply } from 'sluice'

export default defineProcessor({
  summary: "Translates calls into the format that their provider speaks, and replies back into the client's.",
  description: `
Stands behind whatever chooses the provider (\`models\`), and before \`retry\`, so that a call is translated once. Where
client and provider speak the same format it does nothing, and the bytes pass as they are.

Formats differ in what they can say. What the provider's format cannot say is a *loss*: it is named in the response
header \`x-sluice-losses\` (\`path;what happened;why\`, several with commas), in one line of the log and in a metric.
With \`on_loss = "refuse"\` a call that would lose something is refused instead. Losses of a reply are never a reason to
refuse, because the work is done by then; those of a streamed reply are known only at its end, too late for a header, and
go to the log and the metric.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      on_loss: {
        type: 'string',
        enum: ['warn', 'refuse'],
        default: 'warn',
        description:
          'What happens to a call that cannot be translated whole: it goes on with a warning, or is refused.',
      },
    },
  },
  examples: [
    { title: 'Translate, and say what was lost', toml: 'on_loss = "warn"' },
    { title: 'Translate whole or not at all', toml: 'on_loss = "refuse"' },
  ],
  refusals: {
    conversion_loss: { status: 400, kind: 'bad-request', when: '`on_loss = "refuse"`, and something would be lost.' },
  },
  setup({ options, metrics }) {
    const counter = metrics.counter('conversion_losses_total', 'Things that a conversion could not carry over.', {
      side: ['call', 'reply'],
      action: ['dropped', 'approximated'],
    })

    function report(call: Call, side: 'call' | 'reply', losses: readonly Loss[]): void {
      if (losses.length === 0) return
      for (const { action } of losses) counter.add(1, { side, action })
      const { format, target } = call
      call.log.warn(`lost in converting the ${side}`, { format, target, count: losses.length, losses: inWords(losses) })
    }

    async function convert(call: Call, next: Next): Promise<Reply> {
      const before = call.losses.length
      const converted = call.as(call.target)
      const losses = converted.losses.slice(before)
      if (losses.length > 0 && options.on_loss === 'refuse') throw refusal(call, losses)
      report(call, 'call', losses)
      const reply = (await next(converted)).as(call.format)
      // First, because it fails for a whole reply that cannot be translated, and here that is handled.
      const known = reply.losses
      void reply.ended.then(() => report(call, 'reply', reply.losses))
      return withLosses(reply, reply.stream ? losses : [...losses, ...known])
    }

    return {
      handle(call, next) {
        return call.format === call.target ? next(call) : convert(call, next)
      },
    }
  },
})

function refusal(call: Call, losses: readonly Loss[]): Refusal {
  const message = `This call cannot be translated whole from ${call.format} to ${call.target}: ${inWords(losses)}.`
  const path = losses[0]?.path
  return new Refusal(400, 'conversion_loss', message, path === undefined ? {} : { param: path })
}

/** Enough to act on; the header has more. */
function inWords(losses: readonly Loss[]): string {
  const shown = losses.slice(0, 3).map(({ path, action, reason }) => `${path} ${action} (${reason})`)
  return losses.length > shown.length
    ? `${shown.join(', ')} and ${losses.length - shown.length} more`
    : shown.join(', ')
}

const MAX_HEADER_BYTES = 4096

function withLosses(reply: Reply, losses: readonly Loss[]): Reply {
  return losses.length === 0 ? reply : reply.with({ headers: { 'x-sluice-losses': headerOf(losses) } })
}

/** `path;action;reason,…` in ASCII; what does not fit is counted at the end: `+12`. */
function headerOf(losses: readonly Loss[]): string {
  const entries = [...new Set(losses.map(({ path, action, reason }) => [path, action, reason].map(plain).join(';')))]
  const room = MAX_HEADER_BYTES - `,+${entries.length}`.length
  let length = -1
  const fitting = entries.findIndex(entry => {
    length += entry.length + 1
    return length > room
  })
  return fitting < 0 ? entries.join(',') : [...entries.slice(0, fitting), `+${entries.length - fitting}`].join(',')
}

/** A path may hold a client's own words: nothing in it may end the entry, the header or the line. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x2b\x2d-\x3a\x3c-\x7e]/g, '_').slice(0, 256)
}
