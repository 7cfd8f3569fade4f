import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { type ModelPrice, type PricedProvider, PriceTable } from '../../src/services/prices.ts'

const MILLION = { input: 1_000_000, output: 1_000_000 }

describe('prices of the configuration', () => {
  it('are for a million tokens, with prices of their own for the prompt cache', () => {
    const prices = table({ m: { input: 2, output: 10, cacheRead: 0.5, cacheWrite: 3 } })
    expect(prices.cost('any', 'm', MILLION)).toBe(12)
    expect(prices.cost('any', 'm', { input: 1_000_000, output: 0, cacheRead: 400_000, cacheWrite: 100_000 })).toBe(1.5)
  })

  it('count what is cached as any input, where they do not say', () => {
    expect(table({ m: { input: 2, output: 0 } }).cost('any', 'm', { ...MILLION, cacheRead: 500_000 })).toBe(2)
  })

  it('are found by name, else by the first pattern that matches', () => {
    const prices = table({
      'llama-*': { input: 1, output: 0 },
      '*': { input: 3, output: 0 },
      'llama-big': { input: 2, output: 0 },
    })
    expect(['llama-big', 'llama-small', 'gpt-4o'].map(model => prices.cost('any', model, MILLION))).toEqual([2, 1, 3])
  })

  it('can be nothing, which is not the same as unknown', () => {
    expect(table({ m: { input: 0, output: 0 } }).cost('any', 'm', MILLION)).toBe(0)
    expect(table({}).cost('any', 'm', MILLION)).toBeUndefined()
  })

  it('come before list prices', () => {
    const prices = table({ 'gpt-4o': { input: 1, output: 1 } }, { openai: { client: 'openai-chat' } })
    expect(prices.cost('openai', 'gpt-4o', MILLION)).toBe(2)
  })
})

describe('list prices', () => {
  it('are found by the kind of client, by dialect, and by address, without asking anybody', () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    const prices = table(
      {},
      {
        openai: { client: 'openai-chat' },
        claude: { client: 'anthropic-messages', baseUrl: 'https://api.anthropic.com/v1' },
        gemini: { client: 'gemini' },
        groq: { client: 'openai-chat', dialect: 'groq', baseUrl: 'https://proxy.example/v1' },
        router: { client: 'openai-chat', baseUrl: 'https://openrouter.ai/api/v1' },
      },
    )
    const models = {
      openai: 'gpt-4o',
      claude: 'claude-sonnet-4-5',
      gemini: 'gemini-2.5-pro',
      groq: 'llama-3.3-70b-versatile',
      router: 'openai/gpt-4o',
    }
    for (const [provider, model] of Object.entries(models)) {
      expect(prices.cost(provider, model, { input: 1000, output: 1000 }), provider).toBeGreaterThan(0)
    }
    expect(prices.cost('openai', 'gpt-4o', MILLION)).toBeCloseTo(12.5)
    expect(fetched).not.toHaveBeenCalled()
    fetched.mockRestore()
  })

  it('are less for what was read from a prompt cache', () => {
    const prices = table({}, { openai: { client: 'openai-chat' } })
    const whole = prices.cost('openai', 'gpt-4o', { input: 1000, output: 0 }) ?? 0
    const cached = prices.cost('openai', 'gpt-4o', { input: 1000, output: 0, cacheRead: 1000 }) ?? 0
    expect(cached).toBeGreaterThan(0)
    expect(cached).toBeLessThan(whole)
  })

  it('are unknown for models that nobody has listed and providers that nobody knows', () => {
    const prices = table({}, { openai: { client: 'openai-chat' }, own: { client: 'echo' } })
    expect(prices.cost('openai', 'no-such-model', MILLION)).toBeUndefined()
    expect(prices.cost('own', 'gpt-4o', MILLION)).toBeUndefined()
    expect(prices.cost('nobody', 'gpt-4o', MILLION)).toBeUndefined()
  })
})

it('a price is an amount or unknown, whatever a provider reports and a client calls its model', () => {
  const count = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY))
  const usage = fc.record({
    input: count,
    output: count,
    cacheRead: count,
    cacheWrite: count,
    cacheWrite1h: count,
    audioInput: count,
    audioOutput: count,
  })
  const model = fc.oneof(fc.string(), fc.constantFrom('gpt-4o', 'gpt-4o-audio-preview', '__proto__', 'own'))
  const prices = table({ own: { input: 1, output: 2 } }, { openai: { client: 'openai-chat' } })
  fc.assert(
    fc.property(model, usage, (name, counts) => {
      const cost = prices.cost('openai', name, counts)
      if (cost !== undefined) expect(cost).toBeGreaterThanOrEqual(0)
      expect(Number.isNaN(cost)).toBe(false)
    }),
    { numRuns: 300 },
  )
})

function table(own: Readonly<Record<string, ModelPrice>>, providers: Readonly<Record<string, PricedProvider>> = {}) {
  return new PriceTable(new Map(Object.entries(own)), new Map(Object.entries(providers)))
}
