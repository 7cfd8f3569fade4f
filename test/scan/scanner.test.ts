import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createScanner, DETECTORS, type ScanFor } from '../../src/scan/scanner.ts'

const KEY = 'sk-ant-api03-0123456789abcdefghij_KLMN'
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'
const PEM = '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nfoo/bar+==\n-----END RSA PRIVATE KEY-----'

function mask(text: string, scanFor: ScanFor = { detect: DETECTORS }): string {
  return createScanner(scanFor).mask(text, '#')
}

function inPieces(text: string, cuts: readonly number[], scanFor: ScanFor): readonly string[] {
  const scan = createScanner(scanFor).stream('#')
  const offsets = [...new Set([0, ...cuts.map(cut => cut % (text.length + 1)), text.length])].sort((a, b) => a - b)
  return [...offsets.slice(1).map((end, index) => scan.push(text.slice(offsets[index], end))), scan.end()]
}

describe('finds', () => {
  test.each([
    ['an API key', `use ${KEY}, please`, 'use #, please'],
    ['a key behind a sign', `OPENAI_API_KEY=${KEY}\n`, 'OPENAI_API_KEY=#\n'],
    ['a Google key', `AIza${'a1_-B'.repeat(7)} `, '# '],
    ['an AWS key id', '"AKIAIOSFODNN7EXAMPLE"', '"#"'],
    ['a token', `Bearer ${JWT}`, 'Bearer #'],
    ['a private key', `a\n${PEM}\nb`, 'a\n#\nb'],
    ['a private key in JSON', `{"key":"${PEM.replaceAll('\n', '\\n')}"}`, '{"key":"#"}'],
    ['a private key without its end', PEM.slice(0, 50), '#'],
    ['an address', 'write to <bob.b+x@mail.example.com>.', 'write to <#>.'],
    ['an address at the end of a sentence', 'It is bob@example.com.', 'It is #.'],
    ['a card in groups', 'pay 4111 1111 1111 1111 now', 'pay # now'],
    ['a card in one', '5500-0000-0000-0004', '#'],
    ['a card beside another number', '12 4111111111111111 7', '12 # 7'],
    ['several', `${KEY} bob@example.com ${KEY}`, '# # #'],
  ])('%s', (_, text, masked) => expect(mask(text)).toBe(masked))

  test.each([
    ['a word in any letter case', 'The TOP Secret plan', 'The # plan'],
    ['a word at the end', 'top secret', '#'],
    ['no part of a word', 'laptop secretary', 'laptop secretary'],
    ['a word of a script without spaces', '这是机密文件', '这是#文件'],
    ['a pattern', 'see emp-12/x, or EMP-', 'see # or #'],
    ['a pattern with a star in it', 'a42z ab a  z', '# ab a  z'],
    ['a word that a longer one begins with', 'top secrets', 'top secrets'],
  ])('%s', (_, text, masked) => {
    expect(mask(text, { words: ['top secret', '机密'], patterns: ['EMP-*', 'a*z'] })).toBe(masked)
  })
})

describe('leaves alone', () => {
  test.each([
    'risk-management-is-a-wide-field',
    'sk-short',
    'a number: 4111 1111 1111 1112',
    '1763678000000 ms and 20261120224300',
    'bob@localhost and @bob and a@b',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    'eyJub3QiOiJhIHRva2VuIn0=',
    '--- title ---',
    '',
  ])('%s', text => expect(mask(text)).toBe(text))

  test('everything where nothing is looked for', () => expect(mask(KEY, {})).toBe(KEY))
})

test('says of each finding what it is, once', () => {
  const kinds: string[] = []
  const scan = createScanner({ detect: DETECTORS, words: ['no'] }).stream('#', kind => kinds.push(kind))
  for (const char of `no ${KEY} bob@example.com 4111111111111111 no`) scan.push(char)
  scan.end()
  expect(kinds).toEqual(['word', 'credential', 'email', 'card', 'word'])
})

test('holds back only what may still become a finding', () => {
  const scan = createScanner({ detect: ['credential'] }).stream('#')
  expect(scan.push('plain words s')).toBe('plain words ')
  expect(scan.push('o, s')).toBe('so, ')
  expect(scan.push('k-012345678901234567')).toBe('')
  expect(scan.push('89')).toBe('#')
  expect(scan.push('abc')).toBe('')
  expect(scan.push(' and on')).toBe(' and on')
  expect(scan.end()).toBe('')
})

test('refuses a pattern that would be tried everywhere', () => {
  expect(() => createScanner({ patterns: ['*x'] })).toThrow('begins with "*"')
  expect(() => createScanner({ patterns: ['x'.repeat(200)] })).toThrow('more than 128')
})

const scanFor: ScanFor = { detect: DETECTORS, words: ['top secret', 'Ärger', '机密'], patterns: ['emp-*', 'a*z'] }
const piece = fc.oneof(
  fc.constantFrom(
    KEY,
    JWT,
    PEM,
    'bob@example.com',
    '4111 1111 1111 1111',
    'top secret',
    'EMP-77',
    'a1z',
    '机密',
    'ärger',
  ),
  fc.constantFrom(' ', '\n', '.', '-', '-----', '@', 'sk-', 'eyJ', 'AKIA', 'a', '4', '41 ', '"', '\\n', '_'),
  fc.string({ maxLength: 5 }),
)
const text = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(''))

// Without words and patterns, whole texts are looked through for what every finding holds, and pieces are not.
test.each([scanFor, { detect: DETECTORS }])(
  'a text in pieces comes out as the whole one does, cut anyhow: %j',
  what => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 20 }), (whole, cuts) => {
        expect(inPieces(whole, cuts, what).join('')).toBe(mask(whole, what))
      }),
      { numRuns: 3000 },
    )
  },
)

test.each([KEY, JWT, PEM, `AIza${'a1_-B'.repeat(7)}`, 'AKIAIOSFODNN7EXAMPLE'])(
  'nothing of a credential gets out, wherever it is cut twice: %s',
  credential => {
    const whole = `Here: ${credential} - keep it.`
    for (let first = 0; first <= whole.length; first++) {
      for (let second = first; second <= whole.length; second++) {
        expect(inPieces(whole, [first, second], { detect: ['credential'] }).join('')).toBe('Here: # - keep it.')
      }
    }
  },
)

test.each([
  ['sk-', 'sk-a '],
  ['eyJ', 'eyJ.'],
  ['dashes', '-----BEGIN '],
  ['digits', '4 '],
  ['addresses', 'a@a.'],
  ['a pattern', 'a-a-'],
  ['one long word', 'a'],
])('takes a time that grows with the text and not faster: %s', (_, unit) => {
  const scanner = createScanner(scanFor)
  /** The least of several runs, in CPU time: what else the machine does must not count. */
  const timeOf = (length: number): number => {
    const long = unit.repeat(Math.ceil(length / unit.length))
    const runs = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage()
      scanner.mask(long, '#')
      return process.cpuUsage(before).user / 1000
    })
    return Math.min(...runs)
  }
  // Quadratic would be 64 times as long.
  expect(timeOf(160_000)).toBeLessThan(24 * Math.max(2, timeOf(20_000)))
})
