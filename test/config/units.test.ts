import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DURATION_PATTERN, readDuration, readSize, SIZE_PATTERN } from '../../src/config/units.ts'

describe('durations', () => {
  test.each([
    ['0s', 0],
    ['250ms', 250],
    ['15s', 15_000],
    ['1.5s', 1500],
    ['1.1s', 1100],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s', (text, milliseconds) => {
    expect(readDuration(text)).toEqual({ value: milliseconds })
  })

  test.each([
    ['', /must be a duration/],
    ['soon', /must be a duration/],
    ['-1s', /must be a duration/],
    ['1 s', /must be a duration/],
    ['1s ', /must be a duration/],
    ['1e3s', /must be a duration/],
    ['.5s', /must be a duration/],
    ['Infinitys', /must be a duration/],
    ['15', /has no unit/],
    ['15S', /unknown unit; the units are ms, s, m, h, d/],
    ['15sec', /unknown unit/],
    ['0.5ms', /whole number of milliseconds/],
    ['999999999999d', /too large/],
  ])('not %j', (text, fault) => {
    expect(readDuration(text)).toEqual({ fault: expect.stringMatching(fault) })
  })
})

describe('sizes', () => {
  test.each([
    ['0B', 0],
    ['512B', 512],
    ['64KB', 64_000],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['32MB', 32_000_000],
    ['1.5KiB', 1536],
    ['1GiB', 1_073_741_824],
    ['2GB', 2_000_000_000],
  ])('%s', (text, bytes) => {
    expect(readSize(text)).toEqual({ value: bytes })
  })

  test.each([
    ['32', /has no unit/],
    ['32mb', /unknown unit; the units are B, KB, MB, GB, KiB, MiB, GiB/],
    ['0.5B', /whole number of bytes/],
    ['lots', /must be a size/],
  ])('not %j', (text, fault) => {
    expect(readSize(text)).toEqual({ fault: expect.stringMatching(fault) })
  })
})

test('a fault never repeats the text, which may be a secret in the wrong place', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9._-]{6,40}$/), text => {
      for (const measure of [readDuration(text), readSize(text)]) {
        if ('fault' in measure) expect(measure.fault).not.toContain(text)
      }
    }),
  )
})

test('editors are told the same form as the gateway reads', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9]{1,3}(\.[0-9])?(ms|s|m|h|d|B|KB|KiB|MiB|x|)$/), text => {
      const faults = [readDuration(text), readSize(text)].map(measure => ('fault' in measure ? measure.fault : ''))
      const isForm = faults.map(fault => fault === '' || fault.startsWith('must come to'))
      expect([new RegExp(DURATION_PATTERN).test(text), new RegExp(SIZE_PATTERN).test(text)]).toEqual(isForm)
    }),
  )
})
