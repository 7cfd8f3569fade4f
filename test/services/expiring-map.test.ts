import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ExpiringMap } from '../../src/services/expiring-map.ts'

const LIMITS = { keys: 3, weight: 10 }

/** The same in the plainest way: a list in the order of use. */
class Model {
  now = 0
  #list: { readonly key: string; readonly value: number; readonly expiresAt: number; readonly weight: number }[] = []

  get(key: string): number | undefined {
    const entry = this.#list.find(each => each.key === key)
    this.delete(key)
    if (entry === undefined || entry.expiresAt <= this.now) return undefined
    this.#list.push(entry)
    return entry.value
  }

  set(key: string, value: number, expiresAt: number, weight: number): void {
    this.delete(key)
    this.#list.push({ key, value, expiresAt, weight })
    const oldest = this.#list.slice(0, 2)
    for (const each of oldest) if (each.expiresAt <= this.now) this.delete(each.key)
    while (this.#list.length > LIMITS.keys || this.#weight > LIMITS.weight) this.#list.shift()
  }

  delete(key: string): void {
    this.#list = this.#list.filter(each => each.key !== key)
  }

  get size(): number {
    return this.#list.length
  }

  get #weight(): number {
    return this.#list.reduce((sum, { weight }) => sum + weight, 0)
  }
}

const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('get' as const), key: keys }),
    fc.record({ do: fc.constant('delete' as const), key: keys }),
    fc.record({
      do: fc.constant('set' as const),
      key: keys,
      lifetime: fc.integer({ min: 0, max: 5 }),
      weight: fc.nat(6),
    }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(3) }),
  ),
  { maxLength: 80 },
)

describe('a map whose entries expire', () => {
  test('holds what was used last and has time left, within its limits', () => {
    fc.assert(
      fc.property(steps, taken => {
        const model = new Model()
        const map = new ExpiringMap<number>(LIMITS, () => model.now)
        taken.forEach((step, index) => {
          if (step.do === 'wait') model.now += step.ms
          else if (step.do === 'get') expect(map.get(step.key)).toBe(model.get(step.key))
          else if (step.do === 'set') {
            for (const each of [map, model]) each.set(step.key, index, model.now + step.lifetime, step.weight)
          } else for (const each of [map, model]) each.delete(step.key)
          expect(map.size).toBe(model.size)
        })
      }),
      { numRuns: 500 },
    )
  })
})
