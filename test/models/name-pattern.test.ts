import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchModel } from '../../src/models/name-pattern.ts'

const SPELLINGS = [
  'claude-opus-4-8',
  'claude-opus-4.8',
  'CLAUDE-OPUS-4-8',
  'claude-opus-4-8-20260301',
  'claude-opus-4-8@20260301',
  'claude-opus-4-8@latest',
  'claude-opus-4-8-latest',
  'claude-opus-4-8[1m]',
  'anthropic.claude-opus-4-8-v1:0',
  'us.anthropic.claude-opus-4-8-20260301-v1:0',
  'anthropic/claude-opus-4.8',
  'publishers/anthropic/models/claude-opus-4-8',
  'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8-v1:0',
]

describe('the end of a version', () => {
  test.each(SPELLINGS)('is seen in %s', name => {
    expect(matchModel('*opus-4-8~', name)).toBe(true)
    expect(matchModel('*opus-4~', name)).toBe(false)
    expect(matchModel('*opus-4-8-1~', name)).toBe(false)
  })

  test.each([
    ['*opus-4~', 'claude-opus-4-9'],
    ['*opus-4~', 'claude-opus-4.10'],
    ['*opus-4~', 'claude-opus-45'],
    ['*opus-4~', 'claude-opus-4x'],
    ['gpt-5~', 'gpt-5.1'],
    ['gpt-5.1~', 'gpt-5.10'],
    ['gpt-5~', 'gpt-55'],
    ['gpt-5~', 'my-gpt-5'],
    ['gpt-6*-sol~', 'gpt-6-solar'],
    ['o3~', 'o3o'],
  ])('%s is not %s', (pattern, name) => {
    expect(matchModel(pattern, name)).toBe(false)
  })

  test.each([
    ['*opus-4~', 'claude-opus-4'],
    ['*opus-4~', 'claude-opus-4-20250514'],
    ['*opus-4~', 'claude-opus-4-9-opus-4'],
    ['gpt-5~', 'openai/gpt-5-mini-2026-08-07'],
    ['gpt-6*-sol~', 'gpt-6.2-sol-mini'],
    ['openai/gpt-5~', 'openai/gpt-5'],
    ['*~', 'anything'],
    ['~', ''],
  ])('%s is %s', (pattern, name) => {
    expect(matchModel(pattern, name)).toBe(true)
  })
})

describe('a pattern without one', () => {
  test.each([
    ['gpt-5', 'gpt-5', true],
    ['gpt-5', 'openai/GPT-5', true],
    ['gpt-5', 'gpt-5-mini', false],
    ['my-*', 'my-model', true],
    ['team/*', 'team/my-model', true],
    ['team/*', 'other/my-model', false],
    ['gpt-4.1*', 'gpt-4-1106-preview', false],
    ['a~b', 'a~b', true],
  ])('%s, %s: %s', (pattern, name, expected) => {
    expect(matchModel(pattern, name)).toBe(expected)
  })
})

test('a name is matched by itself, with and without the end of a version behind it', () => {
  const name = fc.string({ minLength: 1, unit: fc.constantFrom(...'abz019-./@:') })
  fc.assert(
    fc.property(name, text => {
      expect(matchModel(text, text)).toBe(true)
      expect(matchModel(`${text}~`, text)).toBe(true)
      expect(matchModel(`*${text}~`, `x${text}`)).toBe(true)
    }),
  )
})

test('what ends in a further number is another version', () => {
  const version = fc.tuple(fc.nat(99), fc.nat(99), fc.constantFrom('-', '.'), fc.constantFrom('-', '.'))
  fc.assert(
    fc.property(version, ([major, minor, a, b]) => {
      expect(matchModel(`m-${major}~`, `m-${major}${a}${minor}`)).toBe(false)
      expect(matchModel(`m-${major}${a}${minor}~`, `m-${major}${b}${minor}`)).toBe(true)
    }),
  )
})
