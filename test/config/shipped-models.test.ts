import { expect, test } from 'vitest'
import { ConfigProblems } from '../../src/config/problems.ts'
import { readModels, shippedModels } from '../../src/config/shipped-models.ts'

const WHOLE = Object.entries(shippedModels().at(-1)?.capabilities ?? {})
  .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  .join('\n')
const LAST = '[[models]]\nmatch = ["*"]\nlike = "base"\n'

function problemsOf(text: string): string {
  try {
    readModels(text, 'models.toml')
    return ''
  } catch (error) {
    if (error instanceof ConfigProblems) return error.message
    throw error
  }
}

test('the shipped data is read once, and has a guess for every model in every format', () => {
  expect(shippedModels()).toBe(shippedModels())
  expect(shippedModels().at(-1)).toMatchObject({ match: ['*'], isGuess: true })
  expect(shippedModels().at(-1)?.formats).toBeUndefined()
})

test('data that is right', () => {
  expect(problemsOf(`[families.base]\n${WHOLE}\n${LAST}`)).toBe('')
})

test.each([
  ['[families.base', 'models.toml:1:2: syntax error: a key and "=" are expected here'],
  [
    `[families.base]\n${WHOLE}\n[[models]]\nmatch = ["a"]\nlike = "bace"\n${LAST}`,
    'models.toml:28:8: models[0].like: there is no such family above; did you mean "base"?',
  ],
  [
    `[families.base]\nstopp = true\n${WHOLE}\n${LAST}`,
    'models.toml:2:1: families.base.stopp: unknown key; did you mean "stop"?',
  ],
  [
    `[families.base]\n${WHOLE}\n[[models]]\nmatch = ["*"]\nlike = "base"\nformats = ["gemini"]\n`,
    'models.toml:26:3: models[0]: is the last rule, and must match "*" in every format',
  ],
  [
    `[families.base]\nstop = 1\n${WHOLE.replace(/^stop = .*$/m, '')}\n${LAST}`,
    'models.toml:2:8: families.base.stop: must be true or false, not a number',
  ],
  [
    `[families.base]\n${WHOLE.replace(/^(stop|fast) = .*$/gm, '')}\n${LAST}`,
    'models.toml:26:3: models[0]: is not whole: it says nothing of stop, fast',
  ],
  ['[modles]\n', 'models.toml:1:2: modles: unknown key; did you mean "models"?'],
])('data that is wrong is told of with its place: %#', (text, expected) => {
  expect(problemsOf(text)).toContain(expected)
})
