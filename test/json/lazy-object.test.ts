import { describe, expect, test, vi } from 'vitest'
import { lazyObject } from '../../src/json/lazy-object.ts'

function sample() {
  const make = vi.fn(() => ({ made: true }))
  const object = lazyObject([
    { key: 'first', value: 1 },
    { key: 'large', make },
    { key: '__proto__', value: 'own' },
    { key: 'last', value: null },
  ])
  return { make, object }
}

const WHOLE = '{"first":1,"large":{"made":true},"__proto__":"own","last":null}'

describe('an object with members that are made late', () => {
  test('makes one when it is read first, and once', () => {
    const { make, object } = sample()
    expect('large' in object && Object.hasOwn(object, 'first')).toBe(true)
    expect(Reflect.ownKeys(object)).toEqual(['first', 'large', '__proto__', 'last'])
    expect(object.first).toBe(1)
    expect(make).not.toHaveBeenCalled()
    expect(object.large).toEqual({ made: true })
    expect(object.large).toBe(object.large)
    expect(make).toHaveBeenCalledOnce()
  })

  test.each<[string, (object: Record<string, unknown>) => unknown]>([
    ['written as JSON', object => object],
    ['spread', object => ({ ...object })],
    ['listed', object => Object.fromEntries(Object.entries(object))],
    ['described', object => Object.defineProperties({}, Object.getOwnPropertyDescriptors(object))],
    ['assigned', object => Object.assign(Object.create(null), object)],
  ])('is like any other when it is %s', (_, copied) => {
    expect(JSON.stringify(copied(sample().object))).toBe(WHOLE)
  })

  test('can be written to, before and after it was read', () => {
    const { make, object } = sample()
    object.large = 2
    object.first = 3
    object.other = 4
    expect({ ...object }).toMatchObject({ first: 3, large: 2, other: 4 })
    const again = sample().object
    delete again.large
    expect('large' in again).toBe(false)
    expect(again.large).toBeUndefined()
    expect(make.mock.calls.length).toBeLessThan(2)
    expect(Object.isFrozen(Object.freeze(sample().object))).toBe(true)
    expect(JSON.stringify(Object.freeze(sample().object))).toBe(WHOLE)
  })

  test('tells of what went wrong each time it is asked', () => {
    const object = lazyObject([
      {
        key: 'bad',
        make: () => {
          throw new Error('no')
        },
      },
    ])
    expect(() => object.bad).toThrow('no')
    expect(() => object.bad).toThrow('no')
  })
})
