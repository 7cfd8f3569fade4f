import { describe, expect, it } from 'vitest'
import type { Turn } from '../../../src/formats/conversation.ts'
import { assistant, call, conversation, encode, messagesOf, refusalOf, result, text, turns, user } from './exchange.ts'

describe('turns', () => {
  it('answers parallel calls in one user message, results first (E67, E68, E70)', () => {
    const source = turns(
      user(text('Go')),
      assistant(call('a'), call('b')),
      { role: 'tool', parts: [result('a')] },
      user(text('and then?')),
      { role: 'tool', parts: [result('b')] },
    )
    expect(messagesOf(source)[2]).toEqual({
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'ok' }] },
        { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'ok' }] },
        { type: 'text', text: 'and then?' },
      ],
    })
  })

  it('leaves out an image that the assistant made, and says so (E166)', () => {
    const image = { type: 'media', kind: 'image', source: { base64: 'iVBORw0KGgo=' }, mimeType: 'image/png' } as const
    const source = turns(user(text('Draw')), assistant(image, text('Here.')), user(text('Bluer')))
    expect(messagesOf(source)[1]).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'Here.' }] })
    expect(encode(source).losses).toEqual(['turns[1].parts[0] dropped'])
  })

  it('merges neighbours of one role, each text its own block (E9, E53)', () => {
    const source = turns(user(text('a')), user(text('b')), assistant(text('c')), assistant(call('x')), {
      role: 'tool',
      parts: [result('x')],
    })
    expect(messagesOf(source).map(message => [message.role, message.content.length])).toEqual([
      ['user', 2],
      ['assistant', 2],
      ['user', 1],
    ])
  })

  it('puts leading system and developer turns into `system`, a block each (E5)', () => {
    const source = conversation({
      turns: [{ role: 'system', parts: [text('a')] }, { role: 'developer', parts: [text('b')] }, user(text('Hi'))],
    })
    const { body } = encode(source)
    expect(body.system).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ])
    expect(body.messages).toHaveLength(1)
  })

  it("is not led astray by other formats' extensions of a system turn", () => {
    const head: Turn = { role: 'system', parts: [text('a')], extensions: { gemini: { role: '"user"' } } }
    const { body, losses } = encode(turns(head, user(text('Hi'))))
    expect(body.system).toEqual([{ type: 'text', text: 'a' }])
    expect(losses).toEqual(['turns[0].role dropped'])
  })

  it('keeps a system turn in its place where the model takes it (E1, E2)', () => {
    const late: Turn = { role: 'system', parts: [text('be brief')] }
    const source = turns(user(text('a')), late, assistant(text('b')), user(text('c')), late)
    expect(messagesOf(source).map(message => message.role)).toEqual(['user', 'system', 'assistant', 'user', 'system'])
    expect(encode(source).losses).toEqual([])
  })

  it('tells it as a reminder in the user turn where it cannot stand (E2)', () => {
    const late: Turn = { role: 'developer', parts: [text('be brief')] }
    const source = turns(user(text('a')), assistant(call('x')), late, { role: 'tool', parts: [result('x')] })
    const { losses } = encode(source)
    expect(messagesOf(source)[2]?.content).toMatchObject([
      { type: 'tool_result' },
      { type: 'text', text: '<system-reminder>\nbe brief\n</system-reminder>' },
    ])
    expect(losses).toEqual(['turns[2].role approximated'])
    expect(messagesOf(turns(user(text('a')), late), 'claude-sonnet-4-6')).toHaveLength(1)
  })

  it('sends the last system text as a user message when there is no other (E11)', () => {
    const source = conversation({ turns: [{ role: 'system', parts: [text('a'), text('b')] }] })
    const { body, losses } = encode(source)
    expect(body).toMatchObject({ system: [{ text: 'a' }], messages: [{ role: 'user', content: [{ text: 'b' }] }] })
    expect(losses).toEqual(['turns[0].parts[1] approximated'])
  })

  it('leaves out empty and blank text, moving its cache mark to the block before (E23, E24)', () => {
    const source = turns(user(text('a'), { type: 'text', text: ' ', cache: { ttl: '1h' } }, text('')))
    const { body, losses } = encode(source)
    expect(body.messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
    ])
    expect(losses).toEqual(['turns[0].parts[1] dropped'])
  })

  it('names an empty user message instead of letting the provider refuse it (E26)', () => {
    expect(refusalOf(turns(user(text('a')), assistant(text('b')), user(text(''))))).toMatchObject({
      status: 400,
      param: 'turns[2]',
    })
  })

  it('leaves out an empty assistant message (E27)', () => {
    expect(messagesOf(turns(user(text('a')), assistant(), user(text('b'))))).toHaveLength(2)
  })

  it('refuses a prefill that the model refuses, and trims one that it takes (E12)', () => {
    const source = turns(user(text('a')), assistant(text('The answer is \n')))
    expect(refusalOf(source).message).toContain('prefill')
    expect(messagesOf(source, 'claude-haiku-4-5').at(-1)?.content).toEqual([{ type: 'text', text: 'The answer is' }])
  })
})
