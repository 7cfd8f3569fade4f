import type { ProcessorDefinition } from '../contract.ts'
import type { OptionSchema } from '../options.ts'

/** The reference page of a processor in Markdown, made of nothing but its definition. */
export function processorPage(name: string, definition: ProcessorDefinition): string {
  const { summary, description, examples } = definition
  const sections = [
    `# ${name}`,
    summary,
    (description ?? '').trim(),
    optionSection(definition),
    examples.length === 0 ? '' : `## Examples\n\n${examples.map(example => exampleText(name, example)).join('\n\n')}`,
    refusalSection(definition),
  ]
  return `${sections.filter(section => section !== '').join('\n\n')}\n`
}

/** The list of processors in Markdown, each with a link to its page. */
export function processorIndex(entries: readonly { readonly name: string; readonly summary: string }[]): string {
  const rows = entries.map(({ name, summary }) => [`[${name}](${name}.md)`, summary])
  return `# Processors\n\n${markdownTable(['Processor', 'What it does'], rows)}\n`
}

export function optionSection({ options }: Pick<ProcessorDefinition, 'options'>): string {
  const rows = optionRows(options, '')
  if (rows.length === 0) return '## Options\n\nNone.'
  return `## Options\n\n${markdownTable(['Option', 'Type', 'Default', 'Limits', 'Meaning'], rows)}`
}

type Row = readonly string[]

/** One row for each option, those inside tables and arrays behind the option that holds them. */
function optionRows(schema: OptionSchema, prefix: string): readonly Row[] {
  if (schema.type === 'array') return optionRows(schema.items, `${prefix}[]`)
  if (schema.type !== 'object') return []
  if (!('properties' in schema)) return optionRows(schema.additionalProperties, `${prefix}.*`)
  const required = schema.required ?? []
  return Object.entries(schema.properties).flatMap(([name, property]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`
    return [optionRow(key, property, required.includes(name)), ...optionRows(property, key)]
  })
}

function optionRow(key: string, schema: OptionSchema, isRequired: boolean): Row {
  const standard = 'default' in schema && schema.default !== undefined ? `\`${tomlText(schema.default)}\`` : ''
  return [
    `\`${key}\``,
    typeText(schema),
    isRequired ? 'required' : standard,
    limitText(schema),
    schema.description ?? '',
  ]
}

function typeText(schema: OptionSchema): string {
  switch (schema.type) {
    case 'string':
      if (schema.secret === true) return 'secret'
      if (schema.format !== undefined) return schema.format
      return schema.refersTo === undefined ? 'string' : `name of a ${schema.refersTo}`
    case 'integer':
      return 'whole number'
    case 'boolean':
      return 'true or false'
    case 'array':
      return `list of ${plural(typeText(schema.items))}`
    case 'object':
      return 'properties' in schema ? 'table' : `table of ${plural(typeText(schema.additionalProperties))}`
    default:
      return schema.type
  }
}

function plural(type: string): string {
  if (type === 'true or false' || type.startsWith('list of') || type.startsWith('table of')) return type
  return type.startsWith('name of a ') ? type.replace('name of a ', 'names of ').concat('s') : `${type}s`
}

function limitText(schema: OptionSchema): string {
  switch (schema.type) {
    case 'string': {
      const values = (schema.enum ?? []).map(value => `\`"${value}"\``)
      const pattern = schema.pattern === undefined ? '' : `\`${schema.pattern}\``
      return joined(values.join(', '), pattern, range(schema.minLength, schema.maxLength, 'characters'))
    }
    case 'integer':
    case 'number':
      return joined(
        range(schema.minimum, schema.maximum, ''),
        schema.exclusiveMinimum === undefined ? '' : `more than ${schema.exclusiveMinimum}`,
      )
    case 'array':
      return joined(
        range(schema.minItems, schema.maxItems, 'entries'),
        schema.uniqueItems === true ? 'no entry twice' : '',
        limitText(schema.items),
      )
    default:
      return ''
  }
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  if (unit !== '' && least === 1 && most === undefined) return 'not empty'
  const text = joined(least === undefined ? '' : `at least ${least}`, most === undefined ? '' : `at most ${most}`)
  return text === '' || unit === '' ? text : `${text} ${unit}`
}

function joined(...parts: readonly string[]): string {
  return parts.filter(part => part !== '').join(', ')
}

function exampleText(name: string, { title, toml }: ProcessorDefinition['examples'][number]): string {
  return `${title}:\n\n\`\`\`toml\n${exampleToml(name, toml)}\n\`\`\``
}

/** An example as it stands in a configuration: the processor's own options inside of its table in a pipeline. */
export function exampleToml(name: string, toml: string): string {
  // A header inside the example is relative to the processor's table, which TOML has no way to say.
  const nested = toml.replaceAll(/^(\[{1,2})([^[\]]+)/gm, `$1${TABLE}.$2`)
  return `[[${TABLE}]]\nuse = "${name}"\n${nested.trim()}`
}

const TABLE = 'pipelines.main.processors'

function refusalSection({ refusals = {} }: ProcessorDefinition): string {
  const rows = Object.entries(refusals).map(([code, { status, when }]) => [`\`${code}\``, String(status), when])
  return rows.length === 0 ? '' : `## Refusals\n\n${markdownTable(['Code', 'Status', 'When'], rows)}`
}

export function markdownTable(headings: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.map(cellText).join(' | ')} |`
  return [line(headings), `|${headings.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

function cellText(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
}

/** A value as TOML would write it. */
function tomlText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlText).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, entry]) => `${key} = ${tomlText(entry)}`)
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
