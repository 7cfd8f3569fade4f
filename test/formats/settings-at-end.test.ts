/** Of settings that change on the way the last ones hold, each one for itself, and every change is named. */
import { expect, test } from 'vitest'
import type { Conversation, SettingsDeltaPart, Turn } from '../../src/formats/conversation.ts'
import { withSettingsAtEnd } from '../../src/formats/settings-at-end.ts'

const change = (part: Omit<SettingsDeltaPart, 'type'>): Turn => ({
  role: 'system',
  parts: [{ type: 'settings-delta', ...part }],
})

function settled(...turns: readonly Turn[]) {
  const given: Conversation = { turns, tools: [], sampling: {}, reasoning: { effort: 'high', show: 'summary' } }
  const paths: string[] = []
  return { given, paths, ...withSettingsAtEnd(given, path => paths.push(path)) }
}

test('the last effort holds, and what else was said of reasoning stays', () => {
  const { reasoning, paths } = settled(change({ effort: 'low' }), change({ effort: 'medium' }))
  expect(reasoning).toEqual({ effort: 'medium', show: 'summary' })
  expect(paths).toEqual(['turns[0]', 'turns[1]'])
})

test('a change of one setting leaves the other', () => {
  const { reasoning, outputFormat } = settled(change({ outputFormat: { type: 'json' } }))
  expect([reasoning?.effort, outputFormat]).toEqual(['high', { type: 'json' }])
})

test('without changes nothing is touched', () => {
  expect(settled({ role: 'user', parts: [] })).toMatchObject({ paths: [], reasoning: { effort: 'high' } })
})
