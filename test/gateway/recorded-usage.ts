/** What a recorded answer says of its tokens, read without the code under test. */
import type { RecordedCase } from '../support/traffic.ts'
import { destinationOf, type ToldUsage } from './recorded-stage.ts'

type Fields = Readonly<Record<string, unknown>>

/** Totals of input and output; none where the provider did not tell. */
export function recordedUsage(recorded: RecordedCase): ToldUsage {
  const { parser } = destinationOf(recorded)
  const read = READERS[parser]
  const found = payloads(recorded).flatMap(payload => {
    const usage = read?.(payload)
    return usage ? [usage] : []
  })
  return found.length === 0 ? {} : Object.assign({}, ...found)
}

/** Every JSON object of the answer: one, or one for each frame. */
function payloads({ responseIsStream, responseText }: RecordedCase): Fields[] {
  if (!responseIsStream) return [JSON.parse(responseText)]
  const lines = responseText.split(/\r?\n/).filter(line => /^data: ?\{/.test(line))
  return lines.map(line => JSON.parse(line.slice(line.indexOf('{'))))
}

const READERS: Readonly<Record<string, (payload: Fields) => ToldUsage | undefined>> = {
  'openai-chat': ({ usage, x_groq: groq }) => openai(usage ?? fields(groq)?.usage),
  'openai-embeddings': ({ usage }) => openai(usage),
  'openai-responses': ({ usage, response }) => {
    const { input_tokens: input, output_tokens: output } = fields(usage ?? fields(response)?.usage) ?? {}
    return told(input, output)
  },
  'anthropic-messages': ({ usage, message }) => {
    const found = fields(usage ?? fields(message)?.usage)
    if (!found) return undefined
    const all = [found, ...besideTheAnswer(found.iterations)]
    const sum = (...names: string[]): number =>
      all.flatMap(counts => names.map(name => Number(counts[name] ?? 0))).reduce((total, count) => total + count, 0)
    const { input_tokens: input, output_tokens: output } = found
    const outputs = output === undefined ? undefined : sum('output_tokens')
    if (input === undefined || input === null) return told(undefined, outputs)
    return told(sum('input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'), outputs)
  },
  gemini: ({ usageMetadata }) => {
    const usage = fields(usageMetadata)
    if (usage?.promptTokenCount === undefined) return undefined
    const sum = (...names: string[]): number => names.reduce((total, name) => total + Number(usage[name] ?? 0), 0)
    return told(sum('promptTokenCount', 'toolUsePromptTokenCount'), sum('candidatesTokenCount', 'thoughtsTokenCount'))
  },
}

/** Some servers count reasoning beside the output, which the total gives away; embeddings have a total only. */
function openai(usage: unknown): ToldUsage | undefined {
  const found = fields(usage)
  if (!found) return undefined
  const { total_tokens: total, prompt_tokens: input = total, completion_tokens: output = 0 } = found
  const reasoning = Number(fields(found.completion_tokens_details)?.reasoning_tokens ?? 0)
  const isBeside = total === Number(input) + Number(output) + reasoning
  return told(input, Number(output) + (isBeside ? reasoning : 0))
}

/** What Anthropic samples beside the answer: paid for, but not in its totals. */
function besideTheAnswer(iterations: unknown): readonly Fields[] {
  const all = Array.isArray(iterations) ? (iterations as readonly Fields[]) : []
  return all.filter(({ type }) => type === 'compaction' || type === 'advisor_message')
}

function told(input: unknown, output: unknown): ToldUsage | undefined {
  if (typeof input !== 'number' && typeof output !== 'number') return undefined
  return { ...(typeof input === 'number' && { input }), ...(typeof output === 'number' && { output }) }
}

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined
}
