import fc from 'fast-check'
import { type Conversation, type ReplyEvent, textsOfCall, textsOfReply } from 'sluice'
import { expect, it } from 'vitest'

const conversation: Conversation = {
  turns: [
    { role: 'system', parts: [{ type: 'text', text: 'a' }] },
    {
      role: 'user',
      parts: [
        { type: 'text', text: '' },
        { type: 'text', text: 'b', id: 'no text' },
      ],
    },
  ],
  tools: [{ kind: 'hosted', name: 'c', format: 'd', json: 'e' }],
  sampling: {},
  metadata: { id: 'f' },
}

it('lists the texts of a call with their places, and puts others there', () => {
  const { texts, whole, replaced } = textsOfCall(conversation)
  expect(whole).toBe(conversation)
  expect(texts.map(({ text, role }) => [text, role])).toEqual(
    expect.arrayContaining([
      ['a', 'system'],
      ['b', 'user'],
      ['e', undefined],
      ['f', undefined],
    ]),
  )
  expect(texts.map(({ text }) => text)).not.toContain('no text')
  expect(replaced(texts.map(() => null))).toBe(conversation)
  const changed = replaced(texts.map(({ text }) => (text === 'b' ? 'B' : null)))
  expect(changed.turns[1]?.parts).toEqual([
    { type: 'text', text: '' },
    { type: 'text', text: 'B', id: 'no text' },
  ])
  expect(changed.turns[0]).toBe(conversation.turns[0])
})

it('finds the same text of a part however it was cut into pieces, and however parts interleave', () => {
  const piece = fc.record({ index: fc.constantFrom(0, 1), text: fc.string() })
  fc.assert(
    fc.property(fc.array(piece), pieces => {
      const events: ReplyEvent[] = [
        { type: 'start', id: 'r', model: 'm' },
        { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
        { type: 'part-start', index: 1, candidate: 0, part: { type: 'text', text: '' } },
        ...pieces.map(({ index, text }): ReplyEvent => ({ type: 'text-delta', index, text })),
        { type: 'part-end', index: 1 },
        { type: 'part-end', index: 0 },
        { type: 'end' },
      ]
      const spelt = [1, 0].map(part => pieces.flatMap(({ index, text }) => (index === part ? text : [])).join(''))
      const { texts, replaced, whole } = textsOfReply(events)
      expect(texts.map(({ text }) => text)).toEqual(spelt.filter(text => text !== ''))
      const anew = replaced(texts.map(({ text }) => `<${text}>`))
      expect(textsOfReply(anew).texts.map(({ text }) => text)).toEqual(texts.map(({ text }) => `<${text}>`))
      expect(anew.map(({ type }) => type)).toEqual(whole.map(({ type }) => type))
    }),
  )
})

it('lists what had come of a reply that broke off', () => {
  const { texts, whole } = textsOfReply([
    { type: 'start', id: 'r', model: 'm' },
    { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
    { type: 'text-delta', index: 0, text: 'ha' },
    { type: 'ping' },
    { type: 'text-delta', index: 0, text: 'lf' },
  ])
  expect(texts).toEqual([{ path: '/parts/0/text', text: 'half' }])
  expect(whole).toHaveLength(3)
})
