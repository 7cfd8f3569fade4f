/** The reference page of what the shipped catalogue believes of models. */
import { CAPABILITIES_SCHEMA, CAPABILITY_NAMES, type ModelCapabilities } from '../models/capabilities.ts'
import type { ModelRule } from '../models/catalogue.ts'
import { markdownTable, optionSection } from './document.ts'

type Fact = keyof ModelCapabilities

export function modelsPage(rules: readonly ModelRule[]): string {
  const usual = rules.at(-1)?.capabilities
  const groups = Map.groupBy(rules, ({ formats = ['everywhere'] }) => formats.join(', '))
  return [
    '# Models',
    'What a call that is written anew for a model may ask for. The first row whose pattern matches counts; `~` is the end of a version, so that `opus-4~` is not `opus-4-9`. Rows in italics are guesses, for models without a row of their own. [How to say otherwise](../models.md).',
    optionSection({ options: CAPABILITIES_SCHEMA }).replace('## Options', '## Facts'),
    ...[...groups].map(([formats, group]) => groupSection(formats, group, usual)),
  ]
    .join('\n\n')
    .concat('\n')
}

/** The facts that differ inside of the group as columns; those in which all of it differs from the rest below. */
function groupSection(formats: string, group: readonly ModelRule[], usual: ModelCapabilities | undefined): string {
  const columns = CAPABILITY_NAMES.filter(name => new Set(group.map(rule => factText(rule, name))).size > 1)
  const rows = group.map(rule => [modelsText(rule), ...columns.map(name => factText(rule, name))])
  const [first] = group
  const rest = CAPABILITY_NAMES.filter(
    name =>
      first && !columns.includes(name) && JSON.stringify(first.capabilities[name]) !== JSON.stringify(usual?.[name]),
  )
  const facts = (names: readonly Fact[]): string =>
    names.map(name => `\`${name}\`: ${first ? factText(first, name) : ''}`).join('; ')
  return [
    `## ${formats === 'everywhere' ? 'Everywhere else' : `Behind ${formats}`}`,
    ...(columns.length === 0 ? [] : [markdownTable(['Models', ...columns.map(name => `\`${name}\``)], rows)]),
    ...(columns.length > 0 && rest.length > 0 ? [`All of them: ${facts(rest)}.`] : []),
    ...(columns.length === 0 ? [`${group.map(modelsText).join(', ')}: ${facts(CAPABILITY_NAMES)}.`] : []),
  ].join('\n\n')
}

function modelsText({ match, isGuess }: ModelRule): string {
  const names = match.map(pattern => `\`${pattern}\``).join(', ')
  return isGuess ? `_${names}_` : names
}

function factText({ capabilities }: ModelRule, name: Fact): string {
  const value = capabilities[name]
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ')
  return name === 'max_output_tokens' && value === 0 ? 'not known' : String(value)
}
