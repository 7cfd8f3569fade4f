/** Results of shortened and repeated histories are told from those that answer a call. */
import { expect, test } from 'vitest'
import type { Part, ToolResultPart, Turn } from '../../src/formats/conversation.ts'
import { flawedResults, resultAsText } from '../../src/formats/tool-answers.ts'

const call = (callId: string): Turn => ({
  role: 'assistant',
  parts: [{ type: 'tool-call', callId, name: 'look', kind: 'function', arguments: '{}' }],
})
const result = (callId: string): ToolResultPart => ({ type: 'tool-result', callId, content: [] })
const turn = (...parts: readonly Part[]): Turn => ({ role: 'tool', parts })

test('a result of no call is an orphan, also when the call comes later', () => {
  const lost = result('c1')
  expect(flawedResults([turn(lost), call('c1'), turn(result('c1'))])).toEqual(new Map([[lost, 'orphan']]))
})

test('of two results of one call the later one counts', () => {
  const first = result('c1')
  expect(flawedResults([call('c1'), turn(first, result('c1'))])).toEqual(new Map([[first, 'superseded']]))
})

test('an id that is used again is of another call, in the same turn or in a later one', () => {
  expect(flawedResults([call('c1'), call('c1'), turn(result('c1'), result('c1'))]).size).toBe(0)
  expect(flawedResults([call('c1'), turn(result('c1')), call('c1'), turn(result('c1'))]).size).toBe(0)
})

test('a result that goes as text says which tool it is of, else which call', () => {
  expect(resultAsText({ ...result('c1'), name: 'look' })).toEqual([{ type: 'text', text: '[result of look]' }])
  expect(resultAsText(result('c1'))).toEqual([{ type: 'text', text: '[result of c1]' }])
})
