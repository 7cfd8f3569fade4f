import { expect, test } from 'vitest'
import { ModelLabels } from '../../src/services/model-labels.ts'

const labels = new ModelLabels(['gpt-5', 'claude-*', '*-mini'])

test('a configured name is its own label', () => {
  expect(labels.labelOf('gpt-5')).toBe('gpt-5')
})

test('a name that fits a pattern is labelled with the first that fits', () => {
  expect(labels.labelOf('claude-haiku-mini')).toBe('claude-*')
  expect(labels.labelOf('o4-mini')).toBe('*-mini')
})

test('whatever clients send, there are no other labels than those of the list', () => {
  const seen = new Set(Array.from({ length: 5_000 }, (_, index) => labels.labelOf(`made-up-${index}`)))
  expect([...seen]).toEqual(['other'])
  expect(labels.all).toEqual(['gpt-5', 'claude-*', '*-mini', 'other'])
})
