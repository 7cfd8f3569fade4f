import {
  type Call,
  createScanner,
  DETECTORS,
  defineProcessor,
  type FindingKind,
  mapTexts,
  Refusal,
  type ReplyEvent,
  type StreamScan,
  withoutLogprobs,
} from 'sluice'

export default defineProcessor({
  summary: 'Refuses or masks what must not get to a provider or to a client: words, patterns, credentials, addresses.',
  description: `
Looks at every text of a call, its system messages, tools and tool results included, and at every text of a reply, its
thinking and the arguments of its tool calls included. What is found is masked, or the call is refused; a stream that has
begun ends with an error. What cannot be decoded is refused, not let through.

| \`detect\` | finds |
|---|---|
| \`credential\` | API keys with a known beginning (\`sk-\`, \`AIza\`, \`ghp_\`, \`AKIA\` and others), JSON Web Tokens, blocks of private keys |
| \`email\` | e-mail addresses |
| \`card\` | numbers of payment cards, 13 to 19 digits that pass Luhn's check |

\`words\` are found in any letter case, where no letter or digit stands beside them. In \`patterns\`, \`*\` is any run of
characters that are no white space. There are no regular expressions: a search takes time by the length of its text alone.

Of a stream no more is held back than what may still turn out to be a finding, usually less than a word; a credential in
several pieces does not get through. Log probabilities are left out of replies, because they spell the text. Each part of
a reply is looked at for itself, and its text as it is written: not what is in images and files, in base64 or behind the
escapes of JSON. A reply that is looked at is encoded anew, a call only if something was masked. What takes understanding,
\`judge\` leaves to a service of yours.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      on: {
        type: 'array',
        items: { type: 'string', enum: ['input', 'output'] },
        minItems: 1,
        uniqueItems: true,
        default: ['input', 'output'],
        description: 'Which way is looked at.',
      },
      action: {
        type: 'string',
        enum: ['deny', 'mask'],
        default: 'deny',
        description: 'What happens when something is found.',
      },
      detect: {
        type: 'array',
        items: { type: 'string', enum: DETECTORS },
        uniqueItems: true,
        default: [],
        description: 'Built-in detectors.',
      },
      words: {
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: 128 },
        default: [],
        description: 'Words, or several in a row, in any letter case.',
      },
      patterns: {
        type: 'array',
        items: { type: 'string', minLength: 2, maxLength: 128 },
        default: [],
        description: 'Words with `*` in them: `EMP-*`.',
      },
      replacement: {
        type: 'string',
        maxLength: 64,
        pattern: '^[^"\\\\\\x00-\\x1f]*$',
        default: '[removed]',
        description: 'What stands in the place of what is masked. Must be able to stand in a string of JSON.',
      },
    },
  },
  examples: [
    { title: 'No credentials, in or out', toml: 'detect = ["credential"]' },
    {
      title: 'Nothing that tells of a person gets to the provider',
      toml: 'on = ["input"]\naction = "mask"\ndetect = ["email", "card"]\npatterns = ["EMP-*"]\nreplacement = "[personal]"',
    },
  ],
  refusals: {
    content_denied: {
      status: 403,
      kind: 'content-policy',
      when: 'Something that must not pass is in a call or a reply.',
    },
  },
  setup({ options, metrics }) {
    const { detect, words, patterns, replacement, action, on } = options
    if (detect.length + words.length + patterns.length === 0) {
      throw new Error('nothing to look for; give at least one of detect, words and patterns')
    }
    const scanner = createScanner({ detect, words, patterns })
    const counter = metrics.counter('guard_findings_total', 'What was found in calls and replies.', {
      side: ['call', 'reply'],
      kind: [...DETECTORS, 'word', 'pattern'],
    })

    /** @throws Refusal 403 where findings are not masked */
    function finding(call: Call, side: 'call' | 'reply'): (kind: FindingKind) => void {
      return kind => {
        counter.add(1, { side, kind })
        if (action === 'mask') return
        call.log.warn(`the ${side} was denied`, { kind })
        throw new Refusal(403, 'content_denied', `The ${side} holds ${WORDS[kind]}, which must not pass here.`, {
          kind: 'content-policy',
        })
      }
    }

    function checked(call: Call): Call {
      const { conversation } = call
      const found = finding(call, 'call')
      const clean = mapTexts(conversation, text => scanner.mask(text, replacement, found))
      return clean === conversation ? call : call.with({ conversation: clean })
    }

    return {
      async handle(call, next) {
        if (call.operation === 'list-models') return next(call)
        const reply = await next(on.includes('input') ? checked(call) : call)
        if (!on.includes('output') || call.operation !== 'generate') return reply
        const found = finding(call, 'reply')
        const mask = (text: string): string => scanner.mask(text, replacement, found)
        return reply.map(replyScan(mask, () => scanner.stream(replacement, found)))
      },
    }
  },
})

const WORDS: Readonly<Record<FindingKind, string>> = {
  credential: 'what looks like a credential',
  email: 'an e-mail address',
  card: 'the number of a payment card',
  word: 'a word',
  pattern: 'a word',
}

type Delta = Extract<ReplyEvent, { type: 'text-delta' | 'arguments-delta' }>

/** Looks at the events of one reply. Deltas are looked at as one text for each part; everything else for itself. */
function replyScan(
  mask: (text: string) => string,
  open: () => StreamScan,
): (event: ReplyEvent) => readonly ReplyEvent[] {
  const parts = new Map<number, { readonly scan: StreamScan; readonly type: Delta['type'] }>()

  function pushed({ type, index, text }: Delta): readonly ReplyEvent[] {
    const part = parts.get(index) ?? { scan: open(), type }
    parts.set(index, part)
    const clean = part.scan.push(text)
    return clean === '' ? [] : [{ type, index, text: clean }]
  }

  function rest(index: number): readonly ReplyEvent[] {
    const part = parts.get(index)
    parts.delete(index)
    const text = part?.scan.end() ?? ''
    return part === undefined || text === '' ? [] : [{ type: part.type, index, text }]
  }

  return event => {
    if (event.type === 'text-delta' || event.type === 'arguments-delta') return pushed(event)
    // A whole reply may be shown again, from its start.
    if (event.type === 'start') parts.clear()
    const before = event.type === 'part-end' || event.type === 'section-break' ? rest(event.index) : []
    return [...before, ...withoutLogprobs(event).map(each => mapTexts(each, mask))]
  }
}
