/** Reasoning items of other providers go to clients that send items back, not to those that refer to them. */
import { expect, test } from 'vitest'
import { takesStateBack } from '../../../src/formats/openai-responses/opaque-state.ts'

test.each([
  ['nothing is stored', { store: false }, true],
  ['the encrypted content is asked for', { include: ['reasoning.encrypted_content'] }, true],
  ['storing is left to the default', {}, false],
  ['something else is asked for', { store: true, include: ['message.output_text.logprobs'] }, false],
  ['the body is no object', 'x', false],
])('%s', (_, body, expected) => {
  expect(takesStateBack(body)).toBe(expected)
})
