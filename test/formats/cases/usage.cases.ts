/** What is counted, in whose way of counting. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carryReply, carryStream, type Fields, type FormatName, sse, streamEvents } from './convert.ts'
import { chat, claude, google } from './provider-frames.ts'
import { ask } from './through-gateway.ts'

/** The same call, as each format counts it: 100 tokens in, of which 60 came from a cache and 10 went into it. */
const COUNTED: Readonly<Record<Exclude<FormatName, 'openai-embeddings'>, Fields>> = {
  'anthropic-messages': {
    input_tokens: 30,
    cache_read_input_tokens: 60,
    cache_creation_input_tokens: 10,
    output_tokens: 20,
  },
  'openai-chat': {
    prompt_tokens: 100,
    completion_tokens: 20,
    total_tokens: 120,
    prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
  },
  'openai-responses': {
    input_tokens: 100,
    output_tokens: 20,
    total_tokens: 120,
    input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
  },
  gemini: { promptTokenCount: 100, cachedContentTokenCount: 60, candidatesTokenCount: 20, totalTokenCount: 120 },
}

const section: CaseSection = {
  title: 'Usage',
  order: 160,
  cases: [
    {
      id: 'E248',
      title: 'Anthropic counts cached tokens beside the input, the others within it',
      decision: 'carried',
      outcome:
        'Each client gets the counts of its own format, and sums that add up; Gemini has no word for what was written to a cache.',
      prove: () => {
        const told = (to: keyof typeof COUNTED, from: 'anthropic-messages' | 'openai-chat'): unknown => {
          const body =
            from === 'openai-chat'
              ? completion(COUNTED['openai-chat'])
              : { ...message(), usage: COUNTED['anthropic-messages'] }
          const answered = carryReply(from, to, body).body
          return to === 'gemini' ? answered.usageMetadata : answered.usage
        }
        for (const to of ['openai-chat', 'openai-responses', 'gemini'] as const)
          expect(told(to, 'anthropic-messages')).toMatchObject(COUNTED[to])
        expect(told('anthropic-messages', 'openai-chat')).toMatchObject(COUNTED['anthropic-messages'])
      },
    },
    {
      id: 'E249',
      title: 'A provider says that more came from the cache than there was',
      decision: 'carried',
      outcome: 'No count is ever below 0.',
      prove: () => {
        const usage = { prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 9 } }
        expect(carryReply('openai-chat', 'anthropic-messages', completion(usage)).body.usage).toMatchObject({
          input_tokens: 0,
          cache_read_input_tokens: 5,
        })
      },
    },
    {
      id: 'E250',
      title: 'Anthropic compacts the context, or asks an advisor, on the way to an answer',
      decision: 'carried',
      outcome:
        'What that took is counted for limits and metrics, although the totals leave it out; Anthropic clients get the object as it came.',
      prove: () => {
        const compaction = { type: 'compaction', input_tokens: 100, cache_read_input_tokens: 55_096, output_tokens: 83 }
        const message = { type: 'message', input_tokens: 181, output_tokens: 8 }
        const totals = { input_tokens: 181, output_tokens: 8, iterations: [compaction, message] }
        const stream = sse(claude.start(), ...claude.text(0, 'Hello!'), ...claude.end('end_turn', {}, totals))
        const usage = streamEvents('anthropic-messages', stream).findLast(({ type }) => type === 'usage')
        expect(usage).toMatchObject({ usage: { input: 181 + 100 + 55_096, output: 8 + 83, cacheRead: 55_096 } })
        const last = carryStream('anthropic-messages', 'anthropic-messages', stream).frames.at(-2)
        expect(last?.usage).toEqual(totals)
      },
    },
    {
      id: 'E251',
      title: 'A stream that breaks off, and one that tells no usage',
      decision: 'carried',
      outcome: 'What was told until then is counted; where nothing was told, the client gets an estimate, not 0.',
      prove: () => {
        const usage = { prompt_tokens: 30, completion_tokens: 4 }
        const cut = streamEvents('openai-chat', sse({ ...chat.chunk({ content: 'He' }), usage }))
        expect(cut.slice(-2)).toMatchObject([{ type: 'usage', usage: { input: 30, output: 4 } }, { type: 'error' }])
        const untold = carryStream(
          'openai-chat',
          'anthropic-messages',
          sse(chat.chunk({ content: 'Hello there' }, 'stop')),
        )
        const counts = untold.frames.at(-2)?.usage as { readonly input_tokens: number; readonly output_tokens: number }
        expect([counts.input_tokens > 0, counts.output_tokens > 0]).toEqual([true, true])
      },
    },
    {
      id: 'E252',
      title: 'A Chat client that streams and does not ask for usage',
      decision: 'carried',
      outcome:
        'The provider is asked all the same, at the end of the body, and the chunk with the answer is hidden from the client.',
      prove: async () => {
        const body = '{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true}'
        const usage = chat.usage({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 })
        const chunks = [sse(chat.chunk({ content: 'Hi' }, 'stop'), usage, chat.done)]
        const { text, sent } = await ask('openai-chat', { path: '/v1/chat/completions', body }, { chunks })
        expect(sent[0]?.body.toString()).toBe(`${body.slice(0, -1)},"stream_options":{"include_usage":true}}`)
        expect([text.includes('prompt_tokens'), text.endsWith('data: [DONE]\n\n')]).toEqual([false, true])
      },
    },
    {
      id: 'E253',
      title: 'Further figures of a provider in its usage: costs, units, times',
      decision: 'passed on',
      outcome: 'Clients of the same format get them as they came; others get tokens only.',
      prove: () => {
        const usage = { ...COUNTED['openai-chat'], cost: 0.0012, queue_time: 0.1 }
        expect(carryReply('openai-chat', 'openai-chat', completion(usage)).body.usage).toEqual(usage)
        expect(carryReply('openai-chat', 'gemini', completion(usage)).text).not.toMatch(/cost|queue_time/)
        const stream = sse(google.text('Hi', { finishReason: 'STOP' }))
        expect(carryStream('gemini', 'openai-chat', stream).lost).toEqual([])
      },
    },
  ],
}

export default section

function completion(usage: Fields): Fields {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
  return { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage }
}

function message(): Fields {
  return { ...(claude.start().message as Fields), content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' }
}
