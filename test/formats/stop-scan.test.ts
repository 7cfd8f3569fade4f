import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CompletionBuilder } from '../../src/formats/completion.ts'
import type { Conversation } from '../../src/formats/conversation.ts'
import type { Completion, ReplyEvent } from '../../src/formats/reply-events.ts'
import { planStop } from '../../src/formats/stop-scan.ts'
import { grammarViolations } from '../support/canonical-grammar.ts'

function asking(stop: readonly string[], candidates = 1): Conversation {
  return { turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }], tools: [], sampling: {}, stop, candidates }
}

/** Events as the client has them, up to the end; they keep the canonical grammar. */
function scanned(conversation: Conversation, events: readonly ReplyEvent[], stream = true): readonly ReplyEvent[] {
  const amend = planStop(conversation, 0, stream).amendment?.() ?? (event => [event])
  const seen: ReplyEvent[] = []
  for (const event of events) {
    seen.push(...amend(event))
    if (seen.at(-1)?.type === 'end') break
  }
  expect(grammarViolations(seen)).toEqual([])
  return seen
}

function completion(events: readonly ReplyEvent[]): Completion {
  const builder = new CompletionBuilder()
  for (const event of events) builder.add(event)
  return builder.completion()
}

/** A reply of one text in pieces, then a tool call. */
function reply(...pieces: readonly string[]): readonly ReplyEvent[] {
  return [
    { type: 'start', id: 'r', model: 'm' },
    { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
    ...pieces.map(text => ({ type: 'text-delta', index: 0, text }) as const),
    { type: 'part-end', index: 0 },
    {
      type: 'part-start',
      index: 1,
      candidate: 0,
      part: { type: 'tool-call', kind: 'function', callId: 'c', name: 'f', arguments: '{}' },
    },
    { type: 'part-end', index: 1 },
    { type: 'finish', candidate: 0, reason: 'tool-calls' },
    { type: 'usage', usage: { input: 7, output: 9 } },
    { type: 'end' },
  ]
}

function textIn({ candidates }: Completion, candidate = 0): string {
  return candidates[candidate]?.parts.map(part => (part.type === 'text' ? part.text : `<${part.type}>`)).join('') ?? ''
}

describe('a stop sequence that the provider does not take', () => {
  it('ends the reply where it begins, wherever it is broken', () => {
    const { candidates, usage } = completion(scanned(asking(['STOP', 'END']), reply('one E', 'N', 'D two')))
    expect(candidates).toEqual([
      {
        index: 0,
        parts: [{ type: 'text', text: 'one ' }],
        finish: { type: 'finish', candidate: 0, reason: 'stop-sequence', stopSequence: 'END' },
      },
    ])
    expect(usage).toMatchObject({ estimated: true })
    expect(usage?.output).toBeGreaterThan(0)
  })

  it('leaves a reply without it as it was, also one that ends in the beginning of it', () => {
    const seen = completion(scanned(asking(['ENDE']), reply('one E', 'N', 'D')))
    expect(seen).toEqual(completion(reply('one E', 'N', 'D')))
  })

  it('is nothing inside of tool calls and thinking', () => {
    const thinking: readonly ReplyEvent[] = [
      { type: 'start', id: 'r', model: 'm' },
      {
        type: 'part-start',
        index: 0,
        candidate: 0,
        part: { type: 'reasoning', visibility: 'full', chunks: ['END'] },
      },
      { type: 'text-delta', index: 0, text: 'END' },
      { type: 'part-end', index: 0 },
      { type: 'finish', candidate: 0, reason: 'stop' },
      { type: 'end' },
    ]
    expect(scanned(asking(['END']), thinking)).toEqual(thinking)
  })

  it('lets a reply that came whole tell what it cost', () => {
    const whole: readonly ReplyEvent[] = [
      { type: 'start', id: 'r', model: 'm' },
      {
        type: 'part-start',
        index: 0,
        candidate: 0,
        part: {
          type: 'text',
          text: 'a STOP b',
          citations: [
            { kind: 'url', start: 0, end: 1, format: 'openai-chat', json: '{}' },
            { kind: 'url', start: 7, end: 8, format: 'openai-chat', json: '{}' },
          ],
        },
      },
      { type: 'part-end', index: 0 },
      { type: 'finish', candidate: 0, reason: 'stop' },
      { type: 'usage', usage: { input: 7, output: 9 } },
      { type: 'end' },
    ]
    const { candidates, usage } = completion(scanned(asking(['STOP']), whole, false))
    expect(candidates[0]?.parts).toMatchObject([{ text: 'a ', citations: [{ end: 1 }] }])
    expect(candidates[0]?.finish.reason).toBe('stop-sequence')
    expect(usage).toEqual({ input: 7, output: 9 })
  })

  it('ends one of several answers, and the reply when all have come to it', () => {
    const part = (index: number, candidate: number, text: string): readonly ReplyEvent[] => [
      { type: 'part-start', index, candidate, part: { type: 'text', text: '' } },
      { type: 'text-delta', index, text },
      { type: 'part-end', index },
    ]
    const events: readonly ReplyEvent[] = [
      { type: 'start', id: 'r', model: 'm' },
      ...part(0, 0, 'a END'),
      ...part(1, 0, 'gone'),
      ...part(2, 1, 'b EN'),
      ...part(3, 1, 'c END d'),
      ...part(4, 1, 'gone'),
    ]
    const { candidates } = completion(scanned(asking(['END'], 2), events))
    expect(candidates.map(({ finish }) => finish.reason)).toEqual(['stop-sequence', 'stop-sequence'])
    expect(textIn(completion(scanned(asking(['END'], 2), events)), 1)).toBe('b ENc ')
  })

  it('is found where a search of the whole text finds it', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), minLength: 1, maxLength: 5 })
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 6 }), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), pieces, (stop, texts) => {
        const whole = texts.join('')
        const ends = stop.flatMap(each => (whole.includes(each) ? [whole.indexOf(each) + each.length] : []))
        const end = Math.min(...ends)
        const found = stop.filter(each => whole.slice(0, end).endsWith(each)).toSorted((a, b) => b.length - a.length)[0]
        const { candidates } = completion(scanned(asking(stop), reply(...texts)))
        const text = candidates[0]?.parts[0]
        expect(text).toMatchObject({ text: found === undefined ? whole : whole.slice(0, end - found.length) })
        expect(candidates[0]?.finish.stopSequence).toBe(found)
      }),
    )
  })
})
