import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hide } from '../../src/config/hide.ts'

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: the syntax that is spoken of */

test('says where a value came from instead of the value', () => {
  const fillings = [
    { name: 'TOKEN', text: 'canary-1' },
    { name: 'file ./key', text: 'canary-2\n' },
  ]
  expect(hide('no processor "canary-1", nor "canary-2"', fillings)).toBe('no processor "${TOKEN}", nor "${file ./key}"')
})

test('hides the lines of a value that has several, and a value that holds another', () => {
  const fillings = [
    { name: 'A', text: 'canary' },
    { name: 'B', text: 'canary-canary' },
    { name: 'C', text: 'line-1\nline-2' },
  ]
  expect(hide('canary-canary canary line-2', fillings)).toBe('${B} ${A} ${C}')
})

test('hides what a value becomes as a path', () => {
  const fillings = [{ name: 'FILE', text: '../secrets/./canary//key' }]
  expect(hide("open '/etc/secrets/canary/key'", fillings)).toBe("open '/etc/${FILE}'")
})

test('leaves words alone that are too short for a secret', () => {
  expect(hide('there is no provider "main"', [{ name: 'P', text: 'main' }])).toBe('there is no provider "main"')
})

test('nothing of six characters or more is left of a value, wherever a message was cut off', () => {
  const secret = fc.stringMatching(/^[A-Z$&]{6,40}$/)
  const around = fc.stringMatching(/^[a-z ]{0,20}$/)
  fc.assert(
    fc.property(around, secret, around, fc.nat(60), (before, text, behind, length) => {
      const shown = hide((before + text + behind).slice(0, length), [{ name: 'x', text }])
      expect(shown.includes(text.slice(0, 6))).toBe(false)
    }),
  )
})

/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above */
