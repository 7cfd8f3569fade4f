import { expect, test } from 'vitest'
import { exampleToml, processorIndex, processorPage } from '../../src/components/document.ts'
import { parseToml } from '../../src/config/toml.ts'
import { defineProcessor } from '../../src/contract.ts'

const definition = defineProcessor({
  summary: 'Does everything.',
  description: '\nMore words.\n',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: { type: 'string', minLength: 1, description: 'A name | or\nanother.' },
      mode: { type: 'string', enum: ['a', 'b'], default: 'a', description: 'A mode.' },
      wait: { type: 'string', format: 'duration', default: '5s', description: 'A time.' },
      key: { type: 'string', secret: true, description: 'A key.' },
      via: { type: 'array', items: { type: 'string', refersTo: 'provider' }, default: [], description: 'Providers.' },
      count: { type: 'integer', minimum: 0, maximum: 9, default: 0, description: 'A count.' },
      share: { type: 'number', exclusiveMinimum: 0, description: 'A share.' },
      loud: { type: 'boolean', default: false, description: 'Whether.' },
      names: { type: 'object', additionalProperties: { type: 'string' }, default: {}, description: 'Names.' },
      rules: {
        type: 'array',
        minItems: 1,
        description: 'Rules.',
        items: {
          type: 'object',
          additionalProperties: false,
          properties: { match: { type: 'string', pattern: '^a|b$', description: 'A match.' } },
        },
      },
    },
  },
  examples: [{ title: 'With rules', toml: 'name = "x"\n\n[[rules]]\nmatch = "a"\n\n[names]\nbig = "b"' }],
  refusals: { too_much: { status: 413, kind: 'too-large', when: 'There is too much.' } },
  setup: () => ({ handle: (call, next) => next(call) }),
})

test('a page has everything that the definition says', () => {
  expect(processorPage('everything', definition)).toBe(`# everything

Does everything.

More words.

## Options

| Option | Type | Default | Limits | Meaning |
|---|---|---|---|---|
| \`name\` | string | required | not empty | A name \\| or another. |
| \`mode\` | string | \`"a"\` | \`"a"\`, \`"b"\` | A mode. |
| \`wait\` | duration | \`"5s"\` |  | A time. |
| \`key\` | secret |  |  | A key. |
| \`via\` | list of names of providers | \`[]\` |  | Providers. |
| \`count\` | whole number | \`0\` | at least 0, at most 9 | A count. |
| \`share\` | number |  | more than 0 | A share. |
| \`loud\` | true or false | \`false\` |  | Whether. |
| \`names\` | table of strings | \`{}\` |  | Names. |
| \`rules\` | list of tables |  | not empty | Rules. |
| \`rules[].match\` | string |  | \`^a\\|b$\` | A match. |

## Examples

With rules:

\`\`\`toml
[[pipelines.main.processors]]
use = "everything"
name = "x"

[[pipelines.main.processors.rules]]
match = "a"

[pipelines.main.processors.names]
big = "b"
\`\`\`

## Refusals

| Code | Status | When |
|---|---|---|
| \`too_much\` | 413 | There is too much. |
`)
})

test('a page without options, examples and refusals says so, or leaves them out', () => {
  const bare = { ...definition, description: '', examples: [], refusals: {} }
  const options = { type: 'object', properties: {}, additionalProperties: false } as const
  expect(processorPage('bare', { ...bare, options })).toBe('# bare\n\nDoes everything.\n\n## Options\n\nNone.\n')
})

test('an example is valid TOML where it stands', () => {
  const [example] = definition.examples
  expect(parseToml(exampleToml('everything', example?.toml ?? ''), 'config.toml')).toMatchObject({
    value: {
      pipelines: {
        main: { processors: [{ use: 'everything', name: 'x', rules: [{ match: 'a' }], names: { big: 'b' } }] },
      },
    },
  })
})

test('the index links to the pages', () => {
  const index = processorIndex([{ name: 'auth', summary: 'Lets in.' }])
  expect(index).toContain('| [auth](auth.md) | Lets in. |')
})
