// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax that is tested
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { fill, interpolate } from '../../src/config/interpolate.ts'
import { Place } from '../../src/config/place.ts'
import { Positions } from '../../src/config/positions.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-interpolate-'))
afterAll(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'key'), 'from-a-file\n')
writeFileSync(join(folder, 'windows'), 'from-windows\r\n')
writeFileSync(join(folder, 'two-lines'), 'one\ntwo\n\n')
writeFileSync(join(folder, 'large'), 'x'.repeat(70_000))

const sources = { environment: { NAME: 'value', EMPTY: '', ODD: '${NAME}$&$1' }, folder }

describe('fills in', () => {
  test.each([
    ['plain $ text {}', 'plain $ text {}'],
    ['${NAME}', 'value'],
    ['a ${NAME}b${NAME}', 'a valuebvalue'],
    ['${EMPTY}', ''],
    ['${EMPTY:-x}', 'x'],
    ['${NAME:-x}', 'value'],
    ['${UNSET:-}', ''],
    ['${UNSET:-a:-b $c\nd}', 'a:-b $c\nd'],
    ['$${NAME}', '${NAME}'],
    ['$$${NAME}', '$${NAME}'],
    ['$${', '${'],
    ['${ODD}', '${NAME}$&$1'],
    ['${file:key}', 'from-a-file'],
    ['${file:windows}', 'from-windows'],
    ['${file:two-lines}', 'one\ntwo\n'],
    [`\${file:${join(folder, 'key')}}`, 'from-a-file'],
  ])('%j', (template, text) => {
    expect(fill(template, sources)).toMatchObject({ text, faults: [] })
  })
})

describe('finds fault with', () => {
  test.each([
    ['${UNSET}', 'the environment variable UNSET is not set; set it, or write ${UNSET:-} to go without'],
    ['${toString}', 'the environment variable toString is not set; set it, or write ${toString:-} to go without'],
    ['${NAME', 'has "${" without "}"; write "$${" for the characters themselves'],
    ['${A:-${NAME}}', 'has a "${…}" inside another one, which is not possible'],
    ['${file:none}', 'cannot read the file none: there is no such file'],
    ['${file:large}', 'cannot read the file large: it is larger than 64KiB'],
    ['${file:.}', 'cannot read the file .: it is not a regular file'],
    ['${file:key/none}', 'cannot read the file key/none: there is no such file'],
  ])('%j', (template, fault) => {
    expect(fill(template, sources).faults).toEqual([fault])
  })

  test.each(['${}', '${1A}', '${A B}', '${A-x}', '${A:x}', '${file:}', '${file:a\0b}'])('the form of %j', template => {
    expect(fill(template, sources).faults).toEqual([expect.stringMatching(/^has a malformed/)])
  })
})

test('never puts a value, a default or a malformed form into a fault', () => {
  const hidden = fc.stringMatching(/^canary[A-Za-z0-9 -]{0,20}$/)
  fc.assert(
    fc.property(fc.array(hidden), fc.string(), (secrets, noise) => {
      const template = `\${SECRET}${noise}\${UNSET-${secrets.join()}}\${SECRET:-${secrets.join()}}\${UNSET}`
      const { faults } = fill(template, { environment: { SECRET: `canary${secrets}` }, folder })
      expect(faults.join()).not.toContain('canary')
    }),
  )
})

test('a string full of faults is told of once each', () => {
  const place = new Place({ file: 'config.toml', positions: new Positions(''), origins: new Map() })
  const { problems } = interpolate({ a: '${UNSET}${NO WAY}'.repeat(150_000) }, place, sources)
  expect(problems).toHaveLength(2)
})

test('text without ${ stays as it is', () => {
  fc.assert(
    fc.property(
      fc.string().filter(text => !text.includes('${')),
      text => {
        expect(fill(text, sources)).toEqual({ text, fillings: [], faults: [] })
      },
    ),
  )
})

test('remembers which values are not of the file', () => {
  const place = new Place({ file: 'config.toml', positions: new Positions(''), origins: new Map() })
  const table = { a: '${NAME}', b: ['x', '${UNSET}'], c: { d: 'plain', e: 1 }, ['__proto__']: '${NAME}' }
  const { value, origins, problems } = interpolate(table, place, sources)
  expect(value).toEqual({ a: 'value', b: ['x', '${UNSET}'], c: { d: 'plain', e: 1 }, ['__proto__']: 'value' })
  expect([...origins]).toEqual([
    ['["a"]', { kind: 'interpolated', fillings: [{ name: 'NAME', text: expect.any(String) }] }],
    ['["b",1]', { kind: 'unknown' }],
    ['["__proto__"]', { kind: 'interpolated', fillings: [{ name: 'NAME', text: expect.any(String) }] }],
  ])
  expect(problems.map(problem => problem.key)).toEqual(['b[1]'])
})
