import { expect, test } from 'vitest'
import { Restarts } from '../../src/workers/restarts.ts'

test('waits longer each time a worker dies young, and gives up at last', () => {
  const restarts = new Restarts()
  const waits = Array.from({ length: 11 }, () => restarts.died(59_999))
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, undefined])
})

test('begins anew after a long life', () => {
  const restarts = new Restarts()
  for (let death = 0; death < 10; death++) restarts.died(0)
  expect(restarts.died(60_000)).toBe(100)
  expect(restarts.died(0)).toBe(200)
})
