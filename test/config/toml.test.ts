import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseToml, type TomlText } from '../../src/config/toml.ts'

function parsed(text: string): TomlText {
  const result = parseToml(text, 'config.toml')
  if ('message' in result) throw new Error(result.message)
  return result
}

describe('positions', () => {
  const { positions } = parsed(
    [
      'top = 1',
      'a.b.c = "x"',
      '[server]',
      '  port = 80',
      'inline = { x = 1, y.z = [10, { w = 2 }] }',
      '[[pipelines.main.processors]]',
      'use = "a"',
      '[[pipelines.main.processors]]',
      '"quoted key" = """',
      'text"""',
      '[pipelines.main.processors.deep]',
      'k = 1',
    ].join('\r\n'),
  )

  test.each([
    [['top'], '1:1', '1:7'],
    [['a'], '2:1', '2:1'],
    [['a', 'b', 'c'], '2:5', '2:9'],
    [['server'], '3:2', '3:2'],
    [['server', 'port'], '4:3', '4:10'],
    [['server', 'inline', 'x'], '5:12', '5:16'],
    [['server', 'inline', 'y'], '5:19', '5:19'],
    [['server', 'inline', 'y', 'z', 0], '5:26', '5:26'],
    [['server', 'inline', 'y', 'z', 1, 'w'], '5:32', '5:36'],
    [['pipelines'], '6:3', '6:3'],
    [['pipelines', 'main', 'processors'], '6:18', '6:18'],
    [['pipelines', 'main', 'processors', 0, 'use'], '7:1', '7:7'],
    [['pipelines', 'main', 'processors', 1], '8:18', '8:18'],
    [['pipelines', 'main', 'processors', 1, 'quoted key'], '9:1', '9:16'],
    [['pipelines', 'main', 'processors', 1, 'deep', 'k'], '12:1', '12:5'],
    [['server', 'missing', 'deeper'], '3:2', '3:2'],
    [['pipelines', 'main', 'processors', 7, 'use'], '6:18', '6:18'],
  ])('%j', (path, key, value) => {
    const text = (position: { line: number; column: number } | undefined) => `${position?.line}:${position?.column}`
    expect([text(positions.keyAt(path)), text(positions.valueAt(path))]).toEqual([key, value])
  })

  test('of nothing that the file has there is none', () => {
    expect(positions.keyAt(['nowhere'])).toBeUndefined()
    expect(positions.keyAt([])).toBeUndefined()
  })

  test('a byte order mark moves nothing', () => {
    expect(parsed('\uFEFFa = 1').positions.keyAt(['a'])).toEqual({ line: 1, column: 1 })
  })
})

describe('syntax errors', () => {
  test.each([
    ['a = "canary', '1:5', 'the string has no closing quote'],
    ['a = canary', '1:5', 'a value is expected here; text needs quotes'],
    ['canary', '1:1', 'a key and "=" are expected here'],
    ['a = 1\na = "canary"', '2:1', 'this key or table is already there'],
    ['a = 1 canary', '1:7', 'something follows the value; each key stands on a line of its own'],
    ['a = ["canary" "b"]', '1:15', 'a comma or a closing bracket is missing'],
    ['a = "\\canary"', '1:7', 'the string holds a bad escape; write a backslash as "\\\\", or use single quotes'],
    ['a = 1.2.canary', '1:8', 'the number is malformed; text needs quotes'],
    ['a = 12345678901234567890', '1:5', 'the number is too large'],
    ['a = 2026-13-canary', '1:5', 'the date is malformed'],
    [`a = ${'['.repeat(100)}"canary"${']'.repeat(100)}`, '1:69', 'values nest deeper than 64 levels'],
    ['= "canary"', '1:1', 'a key and "=" are expected here'],
    ['ca!nary = 1', '1:3', 'the key holds a character that needs quotes'],
  ])('%j', (text, position, reason) => {
    const problem = parseToml(text, 'config.toml')
    if (!('message' in problem)) throw new Error('accepted')
    expect([`${problem.line}:${problem.column}`, problem.message]).toEqual([position, `syntax error: ${reason}`])
  })

  test('no text of the file is ever in one', () => {
    const piece = fc.constantFrom('canary', '"', "'", '=', '[', ']', '{', '}', '\n', '\\', '.', ',', '#', ' ', '1', 'a')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), pieces => {
        const result = parseToml(pieces.join(''), 'config.toml')
        if ('message' in result) expect(result.message).not.toContain('canary')
      }),
      { numRuns: 2000 },
    )
  })
})

describe('hostile texts', () => {
  test('tables deeper than can be right are cut, and told of', () => {
    const { misfits } = parsed(`${'a.'.repeat(20_000)}a = 1`)
    expect(misfits).toEqual([{ path: ['a', 'a'], message: 'nests deeper than 64 levels' }])
  })

  test('keys of the prototype are keys like others', () => {
    const { value } = parsed('__proto__ = { polluted = 1 }\n[a]\n__proto__.x = 1\nconstructor = 2')
    expect(Object.keys(value)).toEqual(['__proto__', 'a'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('dates become text, and are told of', () => {
    const { value, misfits } = parsed('a = [1979-05-27]')
    expect(value).toEqual({ a: ['1979-05-27'] })
    expect(misfits.map(({ path }) => path)).toEqual([['a', 0]])
  })
})
