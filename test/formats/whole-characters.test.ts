/** Text that is no text is mended, in results of tools too, and everything else stays the very same object. */
import { expect, test } from 'vitest'
import type { Conversation, Part } from '../../src/formats/conversation.ts'
import { withWholeCharacters } from '../../src/formats/whole-characters.ts'

function mended(...parts: readonly Part[]) {
  const given: Conversation = { turns: [{ role: 'user', parts }], tools: [], sampling: {} }
  const paths: string[] = []
  const conversation = withWholeCharacters(given, path => paths.push(path))
  return { given, conversation, paths, parts: conversation.turns[0]?.parts ?? [] }
}

test('half a character becomes U+FFFD, and its part is named', () => {
  const { parts, paths } = mended({ type: 'text', text: 'ok' }, { type: 'text', text: 'a\ud83d' })
  expect(parts[1]).toEqual({ type: 'text', text: 'a\ufffd' })
  expect(paths).toEqual(['turns[0].parts[1]'])
})

test('also inside a result', () => {
  const { parts, paths } = mended({ type: 'tool-result', callId: 'c', content: [{ type: 'text', text: '\ude00b' }] })
  expect(parts).toMatchObject([{ content: [{ text: '\ufffdb' }] }])
  expect(paths).toEqual(['turns[0].parts[0].content[0]'])
})

test('a conversation of whole characters is not touched', () => {
  const { given, conversation } = mended({ type: 'text', text: '😀\u0000' })
  expect(conversation).toBe(given)
})
