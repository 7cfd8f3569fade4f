import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchGlob } from '../src/glob.ts'

const letter = fc.constantFrom('a', 'b', '.', '-')
const name = fc.string({ unit: letter, maxLength: 12 })
const pattern = fc.string({ unit: fc.oneof(letter, fc.constant('*')), maxLength: 8 })

/** What a pattern means, said by a regular expression: fine for short ones, and only for those. */
function meaning(glob: string): RegExp {
  const parts = glob.split('*').map(part => part.replace(/[.-]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}

test('a star stands for any run of characters, everything else for itself', () => {
  fc.assert(
    fc.property(pattern, name, (glob, text) => {
      expect(matchGlob(glob, text)).toBe(meaning(glob).test(text))
    }),
  )
})

test.each([
  ['gpt-*', 'gpt-5', true],
  ['gpt-*', 'gpt', false],
  ['*', '', true],
  ['a.c', 'abc', false],
  ['*-mini', 'o4-mini', true],
])('%s fits %s: %s', (glob, text, fits) => {
  expect(matchGlob(glob, text)).toBe(fits)
})

test('many stars and a long name take no more steps than pattern times name', () => {
  // Turned into a regular expression, this pattern takes longer than a test may.
  expect(matchGlob(`${'*a'.repeat(30)}b`, 'a'.repeat(5_000))).toBe(false)
})
