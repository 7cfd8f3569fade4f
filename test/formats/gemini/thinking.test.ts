/** How deep a model is to think, in the words of each generation (conversion.md C.5). */
import { describe, expect, test } from 'vitest'
import type { Reasoning } from '../../../src/formats/conversation.ts'
import format from '../../../src/formats/gemini/format.ts'
import { decoded, encodeTarget } from './exchange.ts'

function encoded(reasoning: Reasoning, model: string): { config: unknown; losses: readonly string[] } {
  const turns = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'Hi' }] }]
  const { body, losses } = format.encodeRequest({ turns, tools: [], sampling: {}, reasoning }, encodeTarget({ model }))
  return {
    config: JSON.parse(body).generationConfig?.thinkingConfig,
    losses: losses.map(loss => `${loss.action} ${loss.path}`),
  }
}

const level = (thinkingLevel: string) => ({ thinkingLevel })
const budget = (thinkingBudget: number) => ({ thinkingBudget })
const NEAR = ['approximated reasoning']

describe('levels, from Gemini 3 on', () => {
  test.each<[string, Reasoning, unknown, string[]]>([
    ['gemini-3-flash-preview', { effort: 'minimal' }, level('minimal'), []],
    ['gemini-3-flash-preview', { effort: 'none' }, level('minimal'), NEAR],
    ['gemini-3-flash-preview', { effort: 'max' }, level('high'), NEAR],
    ['gemini-3-pro-preview', { effort: 'medium' }, level('low'), NEAR],
    ['gemini-3-pro-preview', { effort: 'none' }, level('low'), NEAR],
    ['gemini-3.1-pro', { effort: 'medium' }, level('medium'), []],
    ['gemini-3.7-flash', { effort: 'minimal' }, level('low'), NEAR],
    ['gemini-9-new', { effort: 'high' }, level('high'), []],
    ['models/gemini-3-flash', { mode: 'disabled' }, level('minimal'), NEAR],
    ['gemini-3-flash', { budget: 8192 }, level('medium'), ['approximated reasoning.budget']],
    ['gemini-3-flash', { budget: 0 }, level('minimal'), NEAR],
    ['gemini-3-flash', { budget: 60_000 }, level('high'), ['approximated reasoning.budget']],
    ['gemini-3-flash', { budget: 'dynamic', show: 'summary' }, { includeThoughts: true }, []],
    ['gemini-3-flash', { show: 'none' }, { includeThoughts: false }, []],
    ['gemini-3-flash', { mode: 'adaptive' }, { includeThoughts: true }, []],
    ['gemini-3-flash', { mode: 'adaptive', show: 'none' }, { includeThoughts: false }, []],
  ])('%s with %j', (model, reasoning, config, losses) => {
    expect(encoded(reasoning, model)).toEqual({ config, losses })
  })
})

describe('budgets, in Gemini 2.5', () => {
  test.each<[string, Reasoning, unknown, string[]]>([
    ['gemini-2.5-flash', { effort: 'none' }, budget(0), []],
    ['gemini-2.5-flash', { effort: 'minimal' }, budget(512), []],
    ['gemini-2.5-flash', { effort: 'low' }, budget(2458), []],
    ['gemini-2.5-flash', { effort: 'high' }, budget(14_746), []],
    ['gemini-2.5-flash', { effort: 'max' }, budget(24_576), []],
    ['gemini-2.5-pro', { effort: 'max' }, budget(32_768), []],
    ['gemini-2.5-pro', { effort: 'none' }, budget(128), NEAR],
    ['gemini-2.5-pro', { budget: 0 }, budget(128), ['approximated reasoning.budget']],
    ['gemini-2.5-flash', { budget: 99_999 }, budget(24_576), ['approximated reasoning.budget']],
    ['gemini-2.5-flash-lite', { budget: 100 }, budget(512), ['approximated reasoning.budget']],
    [
      'gemini-2.5-flash',
      { budget: 1000, effort: 'high', show: 'full' },
      { ...budget(1000), includeThoughts: true },
      [],
    ],
    ['gemini-2.5-flash', { mode: 'adaptive' }, { ...budget(-1), includeThoughts: true }, []],
    ['gemini-2.5-flash', { budget: 'dynamic' }, budget(-1), []],
  ])('%s with %j', (model, reasoning, config, losses) => {
    expect(encoded(reasoning, model)).toEqual({ config, losses })
  })
})

test.each(['gemini-2.0-flash', 'gemini-1.5-pro', 'gemma-3-27b-it', 'gemini-2.5-flash-preview-tts'])(
  '%s does not think, and is not asked to',
  model => {
    expect(encoded({ effort: 'high' }, model)).toEqual({ config: undefined, losses: ['dropped reasoning'] })
    expect(encoded({ effort: 'none' }, model)).toEqual({ config: undefined, losses: [] })
  },
)

test('what a Gemini client wrote goes back as it came, unless somebody changed it', () => {
  const thinkingConfig = { thinkingBudget: 777, includeThoughts: true }
  const conversation = decoded({ contents: [{ parts: [{ text: 'Hi' }] }], generationConfig: { thinkingConfig } })
  expect(conversation.reasoning).toEqual({ budget: 777, show: 'summary' })
  const config = (each: typeof conversation) =>
    JSON.parse(format.encodeRequest(each, encodeTarget({ model: 'gemini-3-flash' })).body).generationConfig
      .thinkingConfig
  expect(config(conversation)).toEqual(thinkingConfig)
  expect(config({ ...conversation, reasoning: { effort: 'low' } })).toEqual({ thinkingLevel: 'low' })
})
