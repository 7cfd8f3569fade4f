/** Reference pages of what is not a processor: formats, kinds of providers, errors. Made from their definitions. */
import type { ProcessorDefinition } from '../contract.ts'
import { ERRORS } from '../errors.ts'
import type { WireFormat } from '../formats/wire-format.ts'
import type { ProviderKind } from '../pipeline/provider-kind.ts'
import { markdownTable, optionSection } from './document.ts'

export function formatPage(name: string, { summary, routes }: WireFormat): string {
  const rows = routes.map(({ method, path, operation }) => [`\`${method} ${path}\``, operation])
  return `# ${name}\n\n${summary}\n\n## Routes\n\n${markdownTable(['Route', 'Operation'], rows)}\n`
}

export function providerPage(name: string, kind: ProviderKind): string {
  const facts = kind.embedded
    ? 'Runs inside the gateway: it has neither an address nor a key, and answers in every format.'
    : `Speaks \`${kind.format}\`. ${kind.defaultBaseUrl ? `\`base_url\` is \`${kind.defaultBaseUrl}\` unless told otherwise.` : '`base_url` must be given.'}`
  return [`# ${name}`, kind.summary, kind.description?.trim() ?? '', facts, optionSection(kind)]
    .filter(text => text !== '')
    .join('\n\n')
    .concat('\n')
}

/** Every code that a client can meet: the engine's own, then those of each processor. */
export function errorPage(processors: ReadonlyMap<string, ProcessorDefinition>): string {
  const own = Object.entries(ERRORS).map(([code, { status, when }]) => [
    `\`${code}\``,
    String(status),
    'the engine',
    when,
  ])
  const theirs = [...processors].flatMap(([name, { refusals = {} }]) =>
    Object.entries(refusals).map(([code, { status, when }]) => [`\`${code}\``, String(status), `\`${name}\``, when]),
  )
  return [
    '# Errors',
    'Each is told in the format of the client, with the nearest type that the format has. A provider keeps its own status and words; what stands here is what Sluice itself says.',
    markdownTable(['Code', 'Status', 'From', 'When'], [...own, ...theirs]),
  ]
    .join('\n\n')
    .concat('\n')
}
