import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shippedModels } from '../../src/config/shipped-models.ts'
import { CAPABILITY_NAMES } from '../../src/models/capabilities.ts'
import { type CapabilityOverride, isKnownModel, ModelCatalogue } from '../../src/models/catalogue.ts'

const FORMATS = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini', 'openai-embeddings', 'chat']
const shipped = new ModelCatalogue([], shippedModels())

function known(format: string, model: string, dialect?: string) {
  return shipped.capabilitiesOf({ provider: 'p', format, model, ...(dialect === undefined ? {} : { dialect }) })
}

describe('Claude', () => {
  test.each([
    ['claude-opus-4-1-20250805', 32_000],
    ['claude-opus-4-20250514', 32_000],
    ['claude-opus-4-0', 32_000],
    ['anthropic.claude-sonnet-4-5-20250929-v1:0', 64_000],
    ['claude-sonnet-4@20250514', 64_000],
    ['anthropic/claude-haiku-4.5', 64_000],
    ['claude-3-7-sonnet-latest', 64_000],
    ['claude-3-5-sonnet-20241022', 8192],
    ['claude-3-opus-latest', 4096],
    ['us.anthropic.claude-opus-5-v1:0', 128_000],
    ['claude-sonnet-5-20260629', 128_000],
  ])('is found by any spelling of its name: %s', (name, limit) => {
    expect(known('anthropic-messages', name)).toMatchObject({ max_output_tokens: limit, temperature_with_top_p: false })
  })

  test.each([['claude-opus-4-9'], ['claude-opus-4.10'], ['claude-opus-6'], ['claude-sonnet-5-7'], ['claude-zephyr-1']])(
    'is taken for the newest where the catalogue is older than the model: %s (E281)',
    name => {
      expect(known('anthropic-messages', name)).toMatchObject({
        max_output_tokens: 0,
        default_output_tokens: 128_000,
        thinking: ['adaptive'],
        thinking_off: 'never',
        sampling: 'never',
        forced_tools: false,
        prefill: false,
      })
    },
  )

  test('a date is no part of its version', () => {
    expect(known('anthropic-messages', 'claude-fable-5-20260214')).toEqual(
      known('anthropic-messages', 'claude-fable-5'),
    )
    expect(known('anthropic-messages', 'claude-fable-5').forced_tools).toBe(true)
    expect(known('anthropic-messages', 'claude-fable-5-2').forced_tools).toBe(false)
  })

  test.each([
    ['claude-opus-5-5', 'never'],
    ['claude-sonnet-5-5', 'between_tools'],
    ['claude-haiku-5-5', 'disabled'],
    ['claude-opus-5', 'disabled'],
  ])('%s: thinking is turned off by %s', (name, off) => {
    expect(known('anthropic-messages', name).thinking_off).toBe(off)
  })
})

describe("OpenAI's models", () => {
  const REST = ['none', 'low', 'medium', 'high']
  test.each([
    ['gpt-4o-2024-08-06', [], 'always', true, false],
    ['gpt-4.1-mini', [], 'always', true, false],
    ['chatgpt-4o-latest', [], 'always', true, false],
    ['o4-mini', ['low', 'medium', 'high'], 'never', false, false],
    ['gpt-5-mini-2025-08-07', ['minimal', 'low', 'medium', 'high'], 'never', false, false],
    ['gpt-5-chat', [], 'always', true, false],
    ['gpt-5.6-chat-latest', [], 'always', true, true],
    ['gpt-5.1-codex', REST, 'without_reasoning', false, false],
    ['gpt-5.2', [...REST, 'xhigh'], 'without_reasoning', false, false],
    ['openai/gpt-5.5-2026-01-01', [...REST, 'xhigh'], 'without_reasoning', false, false],
    ['gpt-5.6', [...REST, 'xhigh', 'max'], 'without_reasoning', false, true],
    ['gpt-5.10', [...REST, 'xhigh', 'max'], 'without_reasoning', false, true],
    ['gpt-6', ['low', 'medium', 'high', 'xhigh', 'max'], 'never', false, true],
    ['gpt-6.2-luna', [...REST, 'xhigh', 'max'], 'without_reasoning', false, true],
    ['gpt-6.1-terra', [...REST, 'xhigh', 'max'], 'without_reasoning', false, true],
    ['gpt-6-terra', ['low', 'medium', 'high', 'xhigh', 'max'], 'never', false, true],
  ])('%s', (name, efforts, sampling, stop, cache_marks) => {
    for (const format of ['openai-chat', 'openai-responses']) {
      expect(known(format, name)).toMatchObject({ efforts, sampling, stop, cache_marks })
      expect(known(format, name).reasons_unasked).toBe(efforts.length > 0)
    }
  })

  test('functions beside reasoning: not for 5.6 and what follows it in 5', () => {
    const refusing = ['gpt-5.5', 'gpt-5.6', 'gpt-5.7-mini', 'gpt-6'].filter(
      name => !known('openai-chat', name).tools_with_reasoning,
    )
    expect(refusing).toEqual(['gpt-5.6', 'gpt-5.7-mini'])
  })

  test.each([['openai'], ['azure'], ['copilot'], [undefined]])('the server %s is theirs', dialect => {
    expect(known('openai-chat', 'gpt-5', dialect).sampling).toBe('never')
  })

  test.each([['groq'], ['openrouter'], ['compatible']])('the server %s judges for itself', dialect => {
    expect(known('openai-chat', 'gpt-5', dialect)).toEqual(known('openai-chat', 'llama-4'))
  })
})

describe('Gemini', () => {
  test.each([
    ['gemini-1.5-pro', [], false],
    ['models/gemini-2.0-flash-001', [], false],
    ['gemini-2.5-flash-image', [], false],
    ['gemini-embedding-001', [], false],
    ['gemma-3-27b-it', [], false],
    ['gemini-2.5-pro', ['budget'], false],
    ['gemini-3-pro-image-preview', [], true],
    ['gemini-3-pro-preview', ['level'], true],
    ['gemini-flash-latest', ['level'], true],
    ['tuned-by-me', ['level'], true],
  ])('%s', (name, thinking, isThird) => {
    expect(known('gemini', name)).toMatchObject({
      thinking,
      thought_signatures: isThird,
      media_in_tool_results: isThird,
      hosted_tools_with_functions: isThird,
      system_prompt: !name.startsWith('gemma'),
    })
  })

  test.each([
    ['gemini-2.5-pro-preview-05-06', 128, 32_768, 'never'],
    ['gemini-2.5-flash-lite', 512, 24_576, 'disabled'],
    ['gemini-2.5-flash', 1, 24_576, 'disabled'],
    ['gemini-robotics-er-1.5-preview', 1, 24_576, 'disabled'],
  ])('the budget of %s', (name, thinking_budget_min, thinking_budget_max, thinking_off) => {
    const budget = { thinking: ['budget'], thinking_budget_min, thinking_budget_max, thinking_off }
    expect(known('gemini', name)).toMatchObject(budget)
  })

  test.each([
    ['gemini-3-pro', ['low', 'high']],
    ['gemini-3.1-pro', ['low', 'medium', 'high']],
    ['gemini-3.6-flash-lite', ['minimal', 'low', 'medium', 'high']],
    ['gemini-3.7-flash', ['low', 'medium', 'high']],
  ])('the levels of %s', (name, levels) => {
    expect(known('gemini', name).thinking_levels).toEqual(levels)
  })
})

describe('other makers', () => {
  test.each([['MiniMax-M2.5'], ['glm-5'], ['gpt-3.5-turbo'], ['']])(
    'nothing is refused for %s behind Anthropic’s',
    name => {
      expect(known('anthropic-messages', name)).toMatchObject({
        max_output_tokens: 0,
        default_output_tokens: 32_000,
        thinking: ['any', 'budget'],
        sampling: 'always',
        forced_tools: true,
        structured_output: 'any',
        prefill: true,
      })
    },
  )

  test.each([['llama-4'], ['gpt-oss-120b'], ['claude-opus-5'], ['gemini-3-pro'], ['gpt-55']])(
    'nothing is refused for %s behind OpenAI’s',
    name => {
      expect(known('openai-chat', name)).toMatchObject({
        efforts: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
        sampling: 'always',
        stop: true,
        tools_with_reasoning: true,
        reasons_unasked: false,
      })
    },
  )
})

test('every name has a whole record in every format', () => {
  const part = fc.constantFrom(
    'claude',
    'opus',
    'gpt',
    'gemini',
    'o3',
    '-',
    '.',
    '5',
    '4',
    '/',
    '*',
    '~',
    'é',
    '__proto__',
  )
  const name = fc.oneof(
    fc.string(),
    fc.array(part).map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(
      name,
      fc.constantFrom(...FORMATS, 'unheard-of'),
      fc.option(fc.constantFrom('azure', 'x')),
      (model, format, dialect) => {
        const record = known(format, model, dialect ?? undefined)
        for (const fact of CAPABILITY_NAMES) expect(record[fact], fact).toBeDefined()
        expect(Object.keys(record).length).toBe(CAPABILITY_NAMES.length)
      },
    ),
  )
})

test('a name of any length is answered quickly', () => {
  const started = performance.now()
  for (const piece of ['opus-4-', 'gpt-5', '-', 'a/']) known('anthropic-messages', piece.repeat(200_000))
  expect(performance.now() - started).toBeLessThan(500)
})

describe('overrides', () => {
  const at = (overrides: readonly CapabilityOverride[], model: string, provider = 'p') =>
    new ModelCatalogue(overrides, shippedModels()).capabilitiesOf({ model, provider, format: 'anthropic-messages' })

  test('change what they name, and nothing else', () => {
    const record = at([{ match: ['claude-opus-4-8'], changes: { fast: false } }], 'claude-opus-4-8')
    expect(record).toEqual({ ...known('anthropic-messages', 'claude-opus-4-8'), fast: false })
  })

  test('hold for their models and their provider', () => {
    const overrides = [{ match: ['my-*'], provider: 'mine-*', changes: { prefill: false } }]
    expect(at(overrides, 'my-model', 'mine-1').prefill).toBe(false)
    expect(at(overrides, 'my-model', 'theirs').prefill).toBe(true)
    expect(at(overrides, 'model', 'mine-1').prefill).toBe(true)
  })

  test('may begin with another model', () => {
    const record = at([{ match: ['my-*'], like: 'claude-opus-4-8', changes: { fast: false } }], 'my-claude')
    expect(record).toEqual({ ...known('anthropic-messages', 'claude-opus-4-8'), fast: false })
  })

  test('the first that names a thing counts', () => {
    const overrides: readonly CapabilityOverride[] = [
      { match: ['my-model'], changes: { stop: false } },
      { match: ['my-*'], like: 'base', changes: { stop: true, fast: true } },
      { match: ['base'], changes: { fast: false, prefill: false } },
    ]
    expect(at(overrides, 'my-model')).toMatchObject({ stop: false, fast: true, prefill: false })
  })

  test('one that is like itself is changed once', () => {
    expect(at([{ match: ['*'], like: 'my-model', changes: { fast: true } }], 'my-model').fast).toBe(true)
  })

  test('lists are brought into their order', () => {
    const changes = { efforts: ['high', 'low'], thinking_levels: ['high', 'minimal'] } as const
    expect(at([{ match: ['m'], changes }], 'm')).toMatchObject({
      efforts: ['low', 'high'],
      thinking_levels: ['minimal', 'high'],
    })
  })
})

test('what only a guess stands for is not known', () => {
  const rules = shippedModels()
  const names = ['claude-opus-4-8', 'gpt-5', 'gemini-3-pro', 'claude-opus-4-9', 'llama-4']
  expect(names.filter(name => isKnownModel(name, rules))).toEqual(['claude-opus-4-8', 'gpt-5', 'gemini-3-pro'])
})
