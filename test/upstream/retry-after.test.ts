import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { retryAfterMs } from '../../src/upstream/retry-after.ts'

const NOW = Date.UTC(2026, 0, 1)
const later = (ms: number): string => new Date(NOW + ms).toUTCString()

describe('retryAfterMs', () => {
  it.each([
    [{}, undefined],
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': ' 3 ' }, 3_000],
    [{ 'retry-after-ms': '150', 'retry-after': '2' }, 150],
    [{ 'retry-after-ms': 'soon', 'retry-after': '2' }, 2_000],
    [{ 'retry-after': later(9_000) }, 9_000],
    [{ 'retry-after': later(9_000), date: later(5_000) }, 4_000],
    [{ 'retry-after': later(9_000), date: 'once' }, 9_000],
    [{ 'retry-after': later(-9_000) }, 0],
    [{ 'retry-after': '1e12' }, undefined],
    [{ 'retry-after': '999999999999' }, 3_600_000],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '2026' }, 2_026_000],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': ['1', '2'] }, 1_000],
  ])('reads %j as %s', (headers, expected) => {
    expect(retryAfterMs(headers, NOW)).toBe(expected)
  })

  it('is a whole number between 0 and an hour, or nothing, whatever the provider says', () => {
    const value = fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String))
    fc.assert(
      fc.property(
        fc.record({ 'retry-after': value, 'retry-after-ms': value, date: value }, { requiredKeys: [] }),
        headers => {
          const ms = retryAfterMs(headers, NOW)
          expect(ms === undefined || (Number.isInteger(ms) && ms >= 0 && ms <= 3_600_000)).toBe(true)
        },
      ),
    )
  })
})
