/** What agents send with every call and nobody misses elsewhere is no loss; everything else is. */
import { expect, test } from 'vitest'
import { foreignFields } from '../../src/formats/foreign-fields.ts'

function lost(format: string, fields: Readonly<Record<string, string>>): readonly string[] {
  return foreignFields({ [format]: fields }, 'gemini').map(({ key }) => key)
}

test('a field that only another format knows is lost', () => {
  expect(foreignFields({ 'openai-chat': { moderation: '{}' } }, 'gemini')).toEqual([
    { format: 'openai-chat', key: 'moderation' },
  ])
})

test("a format's own fields, notes and null are not lost", () => {
  expect(lost('gemini', { labels: '{}' })).toEqual([])
  expect(lost('openai-chat', { '#note': '1', strict: 'null' })).toEqual([])
  expect(foreignFields(undefined, 'gemini')).toEqual([])
})

test('a client that says what a tool is anyway says nothing', () => {
  expect(lost('anthropic-messages', { type: '"custom"' })).toEqual([])
  expect(lost('anthropic-messages', { type: '"something"' })).toEqual(['type'])
})

test('clearing old thinking is nothing where no thinking goes, clearing tool results is', () => {
  const clearing = (...types: readonly string[]): Readonly<Record<string, string>> => ({
    context_management: JSON.stringify({ edits: types.map(type => ({ type })) }),
  })
  expect(lost('anthropic-messages', clearing('clear_thinking_20251015'))).toEqual([])
  expect(lost('anthropic-messages', clearing('clear_thinking_20251015', 'clear_tool_uses_20250919'))).toHaveLength(1)
  expect(lost('anthropic-messages', { context_management: '7' })).toEqual(['context_management'])
  expect(lost('anthropic-messages', { context_management: '{"edits":[null]}' })).toEqual(['context_management'])
})

test("OpenAI's names of items and Codex's account of itself mean nothing to others", () => {
  expect(lost('openai-responses', { id: '"msg_1"', client_metadata: '{}', moderation: '{}' })).toEqual(['moderation'])
})

test('a field that the canonical view has under another name is not lost', () => {
  expect(lost('openai-chat', { user: '"u"', prompt_cache_breakpoint: '{"mode":"explicit"}' })).toEqual([])
  expect(lost('openai-chat', { prompt_cache_breakpoint: '{"mode":"new"}' })).toEqual(['prompt_cache_breakpoint'])
})

test('a tool that only the model calls loses nothing, one that only code calls does', () => {
  expect(lost('anthropic-messages', { allowed_callers: '["direct"]' })).toEqual([])
  expect(lost('anthropic-messages', { allowed_callers: '["code_execution_20260120"]' })).toHaveLength(1)
})

test('what only its own provider can go on from is refused by others, not left out', () => {
  expect(() => lost('anthropic-messages', { container: '"cont_1"' })).toThrow(/"container".* Leave it out/)
  expect(lost('anthropic-messages', { container: 'null' })).toEqual([])
  expect(lost('gemini', { continuationToken: '"t"' })).toEqual([])
  expect(() => foreignFields({ gemini: { continuationToken: '"t"' } }, 'openai-chat')).toThrow(/continuationToken/)
})

test('not to be answered in the background is what anybody does', () => {
  expect(lost('openai-responses', { background: 'false' })).toEqual([])
  expect(() => lost('openai-responses', { background: 'true' })).toThrow(/"background"/)
})
