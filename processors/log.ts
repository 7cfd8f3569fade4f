import { appendFile } from 'node:fs'
import { promisify } from 'node:util'
import type { Part, Reply, Scanner } from 'sluice'
import { type Call, createScanner, DETECTORS, defineProcessor, matchGlob, Refusal } from 'sluice'

export default defineProcessor({
  summary: 'Writes a line of JSON for a share of the calls, with their prompts and replies if it is told to.',
  description: `
Beside the gateway's own log, which never holds a prompt. Does nothing until \`share\` is given. A line has the call's
id, its time, key, team, models, provider, format, tokens, duration and end; with \`record = ["prompt", "reply"]\` also
what was said. What \`mask\` and \`words\` find in that is replaced first.

Of a prompt the last messages are kept, of a reply its beginning, up to \`max_text\` each. Reading a reply for the log does
not change its bytes. The line is written when the reply has ended, and nobody waits for it: where the file is slower than
the calls, up to \`max_waiting\` bytes wait and further lines are dropped, which a metric counts.

A file is made for its owner only and opened for each write, so that it can be moved away at any time.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      share: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'How many of the calls are written: `0.01` is one in a hundred, `1` all.',
      },
      record: {
        type: 'array',
        items: { type: 'string', enum: ['prompt', 'reply'] },
        uniqueItems: true,
        default: [],
        description: 'What is written of what was said.',
      },
      mask: {
        type: 'array',
        items: { type: 'string', enum: DETECTORS },
        uniqueItems: true,
        default: DETECTORS,
        description: 'What is replaced by `[removed]`; see the processor `guard`.',
      },
      words: {
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: 128 },
        default: [],
        description: 'Words that are replaced too, in any letter case.',
      },
      max_text: { type: 'string', format: 'size', default: '16KiB', description: 'The longest prompt, and reply.' },
      file: { type: 'string', format: 'path', description: 'The file, beside `config.toml`. Absent: standard output.' },
      max_waiting: { type: 'string', format: 'size', default: '4MiB', description: 'How much may wait to be written.' },
      models: {
        type: 'array',
        items: { type: 'string', format: 'glob' },
        minItems: 1,
        description: 'Patterns of the models whose calls are written; `*` is any text. Absent: all.',
      },
    },
  },
  examples: [
    { title: 'Nothing yet', toml: 'share = 0' },
    {
      title: 'One call in ten with all that was said',
      toml: 'share = 0.1\nrecord = ["prompt", "reply"]\nwords = ["Project Heron"]\nfile = "calls.jsonl"',
    },
  ],
  setup({ options, clock, log, metrics }) {
    const { share, record, models, max_text } = options
    const scanner = createScanner({ detect: options.mask, words: options.words })
    const results = metrics.counter('call_lines_total', 'Lines for calls.', { result: ['written', 'dropped'] })
    let isBroken = false
    const lines = lineWriter(options.file, options.max_waiting, (count, error) => {
      if (error !== undefined && !isBroken) log.error('lines cannot be written', { reason: String(error) })
      isBroken = error !== undefined
      results.add(count, { result: isBroken ? 'dropped' : 'written' })
    })

    function isChosen({ operation, model }: Call): boolean {
      const fits = models === undefined || models.some(pattern => matchGlob(pattern, model))
      return fits && operation !== 'list-models' && Math.random() < share
    }

    /** @returns writes the line, given what is known at the end */
    function begin(call: Call): (end: object) => void {
      const [time, startedAt] = [new Date(clock.date()).toISOString(), clock.now()]
      return end => {
        const ms = Math.round(clock.now() - startedAt)
        const said = record.includes('prompt') ? promptOf(call, scanner, max_text) : {}
        const hasRoom = lines.write(JSON.stringify({ time, ...factsOf(call), ms, ...end, ...said }))
        if (!hasRoom) results.add(1, { result: 'dropped' })
      }
    }

    return {
      async handle(call, next) {
        if (!isChosen(call)) return next(call)
        const write = begin(call)
        try {
          const reply = await next(call)
          const isHeard = record.includes('reply') && call.operation === 'generate'
          const heard = isHeard ? listen(reply, scanner, max_text) : undefined
          void Promise.all([reply.ended, reply.usage]).then(([outcome, usage]) => {
            const tokens = usage && { input_tokens: usage.input, output_tokens: usage.output }
            write({ provider: reply.provider, status: reply.status, outcome, ...tokens, ...heard?.said() })
          })
          return heard?.reply ?? reply
        } catch (error) {
          const refusal = error instanceof Refusal ? error : undefined
          write({ outcome: 'failed', status: refusal?.status, code: refusal?.code })
          throw error
        }
      },
      close: () => lines.close(),
    }
  },
})

const REPLACEMENT = '[removed]'
const STANDARD_OUTPUT = 1

function factsOf({ id, pipeline, operation, format, requestedModel, model, provider, stream, client }: Call): object {
  const { name: key, team } = client.identity ?? {}
  return { call: id, pipeline, key, team, operation, format, requested_model: requestedModel, model, provider, stream }
}

/** Longer than what a detector finds, but for private keys, which are found by their beginning. */
const MARGIN = 4096

/** The texts of the last messages, as many as there is room for. */
function promptOf(call: Call, scanner: Scanner, room: number): object {
  const prompt: { readonly role: string; readonly text: string }[] = []
  try {
    for (const { role, parts } of call.conversation.turns.toReversed()) {
      if (room <= 0) break
      const whole = parts.map(textOf).join('\n')
      const text = scanner.mask(whole.slice(0, room + MARGIN), REPLACEMENT).slice(0, room)
      room -= text.length
      prompt.unshift({ role, text })
    }
    return { prompt }
  } catch {
    // No reason for a call to fail: the provider may understand it.
    return { prompt: 'not readable' }
  }
}

function textOf(part: Part): string {
  if (part.type === 'tool-call') return `[${part.name}] ${part.arguments}`
  return 'text' in part ? part.text : `[${part.type}] `
}

/** Gathers what a reply says, masked as it comes, so that nothing is cut off in the middle of what is to be masked. */
function listen(reply: Reply, scanner: Scanner, room: number): { readonly reply: Reply; said(): object } {
  let text = ''
  let scan = scanner.stream(REPLACEMENT)
  const add = (more: string): void => {
    text = (text + more).slice(0, room)
  }
  const observed = reply.observe(event => {
    // A whole reply may be shown again, from its start.
    if (event.type === 'start') [text, scan] = ['', scanner.stream(REPLACEMENT)]
    if (text.length >= room) return
    if (event.type === 'text-delta' || event.type === 'arguments-delta') add(scan.push(event.text))
    if (event.type === 'part-start') add(scan.push(textOf(event.part)))
    if (event.type === 'part-end') add(scan.push('\n'))
  })
  return { reply: observed, said: () => ({ reply: (text + scan.end()).slice(0, room).trimEnd() }) }
}

const append = promisify(appendFile)

/** Appends lines to a file, or to standard output, all that wait in one go. Nobody waits for it. */
function lineWriter(file: string | undefined, maxWaiting: number, onEnd: (lines: number, error?: unknown) => void) {
  let waiting: string[] = []
  let length = 0
  let draining: Promise<void> | undefined

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const [lines, text] = [waiting.length, waiting.join('')]
      waiting = []
      onEnd(lines, await append(file ?? STANDARD_OUTPUT, text, { mode: 0o600 }).catch((error: unknown) => error))
      length -= text.length
    }
    draining = undefined
  }

  return {
    /** @returns whether there was room for it */
    write(line: string): boolean {
      if (length + line.length > maxWaiting) return false
      waiting.push(`${line}\n`)
      length += line.length + 1
      draining ??= drain()
      return true
    },
    close: async (): Promise<void> => draining,
  }
}
