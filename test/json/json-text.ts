import fc from 'fast-check'

/**
 * JSON source texts as other writers might write them: any white space, any escape, duplicate keys, `__proto__`,
 * numbers in every notation. `JSON.parse` is the judge of what they mean.
 */
const space = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 3 }),
)

const character = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).map(text => JSON.stringify(text).slice(1, -1)),
  fc.constantFrom('a', 'b', '{', '}', '[', ']', ',', ':', ' ', 'é', '日', '😀', '\u2028'),
  fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t'),
  fc.nat(0xffff).map(code => `\\u${code.toString(16).padStart(4, '0')}`),
)

/** A quoted string. Long ones occur, because scanners treat them differently. */
export const stringText = fc
  .oneof(fc.array(character, { maxLength: 6 }), fc.array(character, { minLength: 20, maxLength: 60 }))
  .map(characters => `"${characters.join('')}"`)

/**
 * Keys hold no backslash, because the judge is partial there: once V8's `JSON.parse` has seen such a key, it takes other
 * escaped keys for it (nodejs/node#63785, Node 24 and 26). `holdsNoBackslash` guards texts that were damaged.
 */
const keyText = fc.oneof(
  stringText.filter(holdsNoBackslash),
  fc.constantFrom('"model"', '"mod\\u0065l"', '"stream"', '""', '"1"', '"__proto__"', '"toString"', '"\\""'),
)

const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt().map(String),
  fc.constantFrom('0', '-0', '1.0', '1e5', '1E+5', '2.50e-3', '1e999', '12345678901234567890'),
)

/** Whether no string of this text decodes to one with a backslash. */
export function holdsNoBackslash(text: string): boolean {
  return !/\\\\|\\u005c/i.test(text)
}

const { value, object } = fc.letrec<{ value: string; array: string; object: string }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('true', 'false', 'null'),
    numberText,
    stringText,
    tie('array'),
    tie('object'),
  ),
  array: fc
    .tuple(space, fc.array(fc.tuple(space, tie('value'), space), { maxLength: 5 }))
    .map(([inside, items]) => `[${items.length === 0 ? inside : items.map(item => item.join('')).join(',')}]`),
  object: fc
    .tuple(space, fc.array(fc.tuple(space, keyText, space, space, tie('value'), space), { maxLength: 5 }))
    .map(([inside, members]) => `{${members.length === 0 ? inside : members.map(memberText).join(',')}}`),
}))

function memberText([before, key, after, gap, value, end]: [string, string, string, string, string, string]): string {
  return `${before}${key}${after}:${gap}${value}${end}`
}

function padded(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(space, text, space).map(parts => parts.join(''))
}

export const jsonText = padded(value)
export const objectText = padded(object)

/** A JSON text with a few characters lost, doubled or replaced: mostly not JSON any more. */
export const damagedText = fc
  .tuple(
    fc.oneof(jsonText, objectText),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom(
          '',
          '"',
          '\\',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '0',
          '-',
          '.',
          'e',
          ' ',
          '\n',
          '\u0001',
          'n',
          '\u00a0',
          '\ufeff',
        ),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([text, damages]) =>
    damages.reduce((current, [at, by]) => damaged(current, at % (current.length + 1), by), text),
  )

function damaged(text: string, at: number, by: string): string {
  return text.slice(0, at) + by + text.slice(at + (by.length === 0 || at % 2 === 0 ? 1 : 0))
}
