/** `sluice list`: what a configuration can name, from the definitions themselves. */
import { dirname } from 'node:path'
import { loadFormats, loadProviderKinds } from '../components/built-ins.ts'
import { type CatalogueEntry, listProcessors } from '../components/catalogue.ts'
import { processorPage } from '../components/document.ts'
import { formatPage, providerPage } from '../components/document-kinds.ts'
import { didYouMean } from '../config/did-you-mean.ts'
import type { Clock } from '../contract.ts'
import { UsageError } from './arguments.ts'

/** @param config the configuration file, beside which dropped-in processors lie */
export async function listAll(config: string, clock: Clock): Promise<string> {
  const [formats, kinds, processors] = await Promise.all([
    loadFormats(),
    loadProviderKinds(),
    listProcessors(dirname(config), clock),
  ])
  return [
    section(
      'Parsers',
      [...formats].map(([name, { summary }]) => [name, summary]),
    ),
    section('Processors', processors.map(row)),
    section(
      'Provider clients',
      [...kinds].map(([name, { summary }]) => [name, summary]),
    ),
    'One of them in full: sluice list <name>\n',
  ].join('\n')
}

/** Everything of that name: a format and a provider client may share one. @throws UsageError when there is none */
export async function listOne(name: string, config: string, clock: Clock): Promise<string> {
  const [formats, kinds, processors] = await Promise.all([
    loadFormats(),
    loadProviderKinds(),
    listProcessors(dirname(config), clock),
  ])
  const format = formats.get(name)
  const kind = kinds.get(name)
  const pages = [
    ...processors.filter(entry => entry.name === name).map(processorText),
    ...(format ? [formatPage(name, format)] : []),
    ...(kind ? [providerPage(name, kind)] : []),
  ]
  if (pages.length > 0) return pages.join('\n')
  const known = [...formats.keys(), ...kinds.keys(), ...processors.map(entry => entry.name)]
  throw new UsageError(`there is nothing called "${name}"${didYouMean(name, known)}`)
}

function row({ name, source, summary, problems, shadows }: CatalogueEntry): readonly [string, string] {
  const note = source === 'built-in' ? '' : shadows ? ' (yours, before the built-in one)' : ' (yours)'
  return [name, `${summary ?? `broken: ${problems.join('; ')}`}${note}`]
}

function processorText({ name, processor, problems }: CatalogueEntry): string {
  return processor ? processorPage(name, processor.definition) : `# ${name}\n\n${problems.join('\n')}\n`
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return `${title}\n${rows.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}\n`
}
