/** Events go through the pipeline in batches, one for each chunk: nobody outside may notice. */
import { expect, test } from 'vitest'
import type { ReplyEvent } from '../../src/contract.ts'
import { TextRun } from '../../src/formats/text-run.ts'
import type { StreamEncoder } from '../../src/formats/wire-format.ts'
import { Encoding } from '../../src/pipeline/encoding.ts'
import { ReplyEnd } from '../../src/pipeline/reply-end.ts'
import { mapFlow } from '../../src/stream/flow.ts'
import { ManualFlow, Recorder } from '../support/manual-flow.ts'

const loss = { path: 'p', action: 'dropped', reason: 'r' } as const
const START: ReplyEvent = { type: 'start', id: 'i', model: 'm' }
const END: ReplyEvent = { type: 'end' }

class Spelling implements StreamEncoder {
  readonly losses = [loss]
  event(event: ReplyEvent): string {
    if (event.type === 'ping') throw new Error('a bug')
    return event.type === 'text-delta' ? `${event.text},` : event.type === 'usage' ? '' : `${event.type};`
  }
}

class Running extends Spelling {
  run({ sources, index }: TextRun): string | undefined {
    return index === 0 ? `[${sources.join('|')}]` : undefined
  }
}

function encoding(encoder: StreamEncoder) {
  const source = new ManualFlow<readonly (ReplyEvent | TextRun)[]>()
  const recorder = new Recorder<string>()
  const end = new ReplyEnd()
  mapFlow(source, new Encoding(encoder, end)).start(recorder)
  return { source, recorder, end }
}

test('what a batch says goes on in one piece, and nothing as none', () => {
  const { source, recorder, end } = encoding(new Spelling())
  source.push([START, new TextRun(0, ['a', '\\n'])], [{ type: 'usage', usage: { input: 1, output: 1 } }], [])
  expect([recorder.items, end.losses]).toEqual([['start;a,\n,'], []])
  source.push([END])
  expect([recorder.items.slice(1), end.losses]).toEqual([['end;'], [loss]])
})

test('an encoder that takes runs gets them, and the deltas of those that it does not take', () => {
  const { source, recorder } = encoding(new Running())
  source.push([START, new TextRun(0, ['a', 'b']), new TextRun(1, ['c', 'd']), END])
  expect(recorder.items).toEqual(['start;[a|b]c,d,end;'])
})

test('what came before the event that an encoder breaks at has still been said', () => {
  const { source, recorder } = encoding(new Spelling())
  source.push([START, { type: 'ping' }, END])
  expect(recorder).toMatchObject({ items: ['start;'], ends: [{ message: 'a bug' }] })
})
