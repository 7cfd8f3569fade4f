import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unwrappedAnswer } from '../../src/formats/answer-unwrapping.ts'
import { CompletionBuilder } from '../../src/formats/completion.ts'
import type { Conversation, Part, ToolChoice } from '../../src/formats/conversation.ts'
import { forcedAnswer } from '../../src/formats/forced-answer.ts'
import type { Completion, FinishReason, ReplyEvent } from '../../src/formats/reply-events.ts'
import { grammarViolations } from '../support/canonical-grammar.ts'

const SCHEMA = '{"type":"object","properties":{"a":{"type":"string"}}}'
const LOOK = { kind: 'function', name: 'look' } as const

function asking(changes: Partial<Conversation> = {}): Conversation {
  const turns = [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }] as const
  return { turns, tools: [], sampling: {}, outputFormat: { type: 'schema', schema: SCHEMA }, ...changes }
}

describe('the call', () => {
  it('has one tool that must be called, with the wanted schema', () => {
    expect(forcedAnswer(asking())?.conversation).toMatchObject({
      tools: [{ kind: 'function', name: 'final_answer', schema: SCHEMA }],
      toolChoice: { mode: 'named', name: 'final_answer' },
      parallelToolCalls: false,
    })
    expect(forcedAnswer(asking())?.conversation).not.toHaveProperty('outputFormat')
  })

  it.each<[string, ToolChoice | undefined, ToolChoice | undefined]>([
    ['the model may choose', undefined, { mode: 'required' }],
    ['it may say so itself', { mode: 'auto' }, { mode: 'required' }],
    ['some are allowed', { mode: 'auto', allowed: ['look'] }, { mode: 'required', allowed: ['look', 'final_answer'] }],
    ['none may be called', { mode: 'none' }, { mode: 'named', name: 'final_answer', kind: 'function' }],
    ['one must be called', { mode: 'required' }, undefined],
    ['a certain one must be called', { mode: 'named', name: 'look', kind: 'function' }, undefined],
  ])('keeps the tools of the client where %s', (_, toolChoice, expected) => {
    const forced = forcedAnswer(asking({ tools: [LOOK], ...(toolChoice && { toolChoice }) }))
    expect(forced?.conversation.toolChoice).toEqual(expected)
  })

  it('takes a name that no tool of the client has', () => {
    const { tools } = forcedAnswer(asking({ tools: [{ ...LOOK, name: 'final_answer' }] }))?.conversation ?? {
      tools: [],
    }
    expect(tools.map(({ name }) => name)).toEqual(['final_answer', 'final_answer_'])
  })

  it.each(['{"type":"array","items":{}}', '{"type":"string"}', 'true', '{}'])('cannot be for %s', schema => {
    expect(forcedAnswer(asking({ outputFormat: { type: 'schema', schema } }))).toBeUndefined()
  })
})

function callOf(name: string, text: string): Part {
  return { type: 'tool-call', kind: 'function', callId: 'c', name, arguments: text }
}

/** Parts with what follows of each piece by piece, then the finish. */
function events(reason: FinishReason, ...parts: readonly (readonly [Part, ...string[]])[]): readonly ReplyEvent[] {
  return [
    { type: 'start', id: 'r', model: 'm' },
    ...parts.flatMap(([part, ...pieces], index): ReplyEvent[] => [
      { type: 'part-start', index, candidate: 0, part },
      ...pieces.map(text =>
        part.type === 'tool-call'
          ? ({ type: 'arguments-delta', index, text } as const)
          : ({ type: 'text-delta', index, text } as const),
      ),
      { type: 'part-end', index },
    ]),
    { type: 'finish', candidate: 0, reason, raw: 'tool_use' },
    { type: 'end' },
  ]
}

function unwrapped(came: readonly ReplyEvent[]): Completion {
  const amend = unwrappedAnswer('final_answer')()
  const seen = came.flatMap(amend)
  expect(grammarViolations(seen)).toEqual([])
  const builder = new CompletionBuilder()
  for (const event of seen) builder.add(event)
  return builder.completion()
}

const THOUGHT: Part = { type: 'reasoning', visibility: 'full', chunks: ['Hm'] }

describe('the reply', () => {
  it('is the arguments as text, and has stopped by itself', () => {
    const { candidates } = unwrapped(events('tool-calls', [callOf('final_answer', ''), '{"a":', '"b"}']))
    expect(candidates).toEqual([
      {
        index: 0,
        parts: [{ type: 'text', text: '{"a":"b"}' }],
        finish: { type: 'finish', candidate: 0, reason: 'stop' },
      },
    ])
  })

  it('is what came, in whatever pieces it came', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), pieces => {
        const [first] = unwrapped(events('tool-calls', [callOf('final_answer', ''), ...pieces])).candidates
        expect(first?.parts).toEqual([{ type: 'text', text: pieces.join('') || '{}' }])
      }),
    )
  })

  it('leaves out what the model says beside its answer, but not what it thinks', () => {
    const chatter: Part = { type: 'text', text: 'Here you are:' }
    const came = events('tool-calls', [chatter], [THOUGHT], [callOf('final_answer', '{"a":"b"}')], [chatter, '!'])
    expect(unwrapped(came).candidates[0]?.parts).toEqual([THOUGHT, { type: 'text', text: '{"a":"b"}' }])
  })

  it('is the text where the model answers in text instead', () => {
    const came = events('stop', [{ type: 'text', text: '' }, '{"a":', '1}'])
    expect(unwrapped(came)).toMatchObject({
      candidates: [{ parts: [{ type: 'text', text: '{"a":1}' }], finish: { reason: 'stop' } }],
    })
  })

  it('keeps calls of the client’s own tools, and what is said before them', () => {
    const came = events('tool-calls', [{ type: 'text', text: 'Wait.' }], [callOf('look', ''), '{}'])
    expect(unwrapped(came)).toMatchObject({
      candidates: [{ parts: [{ text: 'Wait.' }, { name: 'look', arguments: '{}' }], finish: { reason: 'tool-calls' } }],
    })
  })

  it('gives one answer and every call, should the model not keep to one of them', () => {
    const answer = callOf('final_answer', '{"a":1}')
    const { parts, finish } =
      unwrapped(events('tool-calls', [answer], [callOf('look', '{}')], [answer])).candidates[0] ?? {}
    expect(parts).toMatchObject([
      { type: 'text', text: '{"a":1}' },
      { type: 'tool-call', name: 'look' },
    ])
    expect(finish?.reason).toBe('tool-calls')
  })

  it('that was cut off says so', () => {
    const { candidates } = unwrapped(events('length', [callOf('final_answer', ''), '{"a":']))
    expect(candidates[0]).toMatchObject({ parts: [{ text: '{"a":' }], finish: { reason: 'length' } })
  })
})
