import fc from 'fast-check'
import { type RecordedReply, type ReplyEvent, recordedFromText, textOfRecorded } from 'sluice'
import { expect, it } from 'vitest'

const recorded: RecordedReply = {
  events: [
    { type: 'start', id: 'r', model: 'm' },
    { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: 'Größe 🙂 \ud800 " \\ \u0000' } },
    { type: 'part-end', index: 0 },
    { type: 'finish', candidate: 0, reason: 'stop' },
    { type: 'usage', usage: { input: 1, output: 2, repeated: true } },
    { type: 'end' },
  ],
  bytes: 300,
  at: 1_800_000_000_000,
}

it('whatever is written can be read again under its key', () => {
  const events = fc.array(fc.record({ type: fc.constant('text-delta' as const), index: fc.nat(), text: fc.string() }))
  fc.assert(
    fc.property(fc.string(), events, fc.nat(), (key, deltas: ReplyEvent[], at) => {
      const reply = { events: [...recorded.events, ...deltas], bytes: 1, at }
      expect(recordedFromText(key, textOfRecorded(key, reply))).toEqual(reply)
      expect(recordedFromText(`${key}x`, textOfRecorded(key, reply))).toBeUndefined()
    }),
  )
})

it('no text that was changed anywhere can be read, and none throws', () => {
  const text = textOfRecorded('k', recorded)
  const change = fc.record({ at: fc.nat(text.length - 1), remove: fc.nat(5), insert: fc.string({ maxLength: 5 }) })
  fc.assert(
    fc.property(change, ({ at, remove, insert }) => {
      const changed = text.slice(0, at) + insert + text.slice(at + remove)
      fc.pre(changed !== text)
      expect(recordedFromText('k', changed)).toBeUndefined()
    }),
    { numRuns: 2000 },
  )
  fc.assert(fc.property(fc.string(), any => recordedFromText('k', any) === undefined))
})
