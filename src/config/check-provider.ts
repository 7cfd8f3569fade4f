import type { OptionsOf, Secret } from '../options.ts'
import { type Checked, checkOptions } from './check-options.ts'
import { checkSection, failed } from './check-section.ts'
import type { ProviderConfig, ProviderKindEntry } from './config.ts'
import { didYouMean } from './did-you-mean.ts'
import { schemaProblems } from './option-schema.ts'
import type { Place } from './place.ts'
import type { Problem } from './problems.ts'
import { PROVIDER_KEYS, PROVIDER_SCHEMA } from './schema.ts'
import { entryOf, isTable, splitTable, type Table } from './table.ts'
import { baseUrlFault } from './url.ts'

type ProviderTable = OptionsOf<typeof PROVIDER_SCHEMA>

/** Checks one `[providers.<name>]`: what every provider has, and the options of its client kind. */
export function checkProvider(
  name: string,
  value: unknown,
  place: Place,
  kinds: ReadonlyMap<string, ProviderKindEntry>,
): Checked<ProviderConfig> {
  if (!isTable(value)) return failed([place.problem('must be a table')])
  const [common, own] = splitTable(value, PROVIDER_KEYS)
  const head = checkSection(PROVIDER_SCHEMA, common, place)
  const client = entryOf(common, 'client')
  const kind = typeof client === 'string' ? kinds.get(client) : undefined
  if (kind === undefined) return failed([...head.problems, ...unknownKind(client, place.at('client'), kinds.keys())])
  const defects = schemaProblems(kind.options, `provider kind ${client}`, PROVIDER_KEYS)
  if (defects.length > 0) return failed([...head.problems, ...defects])
  const options = checkOptions(kind.options, own, place, PROVIDER_KEYS)
  const address = kind.embedded === true ? undefined : (common.base_url ?? kind.defaultBaseUrl)
  const problems = [
    ...head.problems,
    ...options.problems,
    ...(kind.embedded === true ? surplusProblems(common, place) : addressProblems(address, place.at('base_url'))),
    ...headerProblems(common.headers, place.at('headers')),
    ...keyProblems(common.api_key, place.at('api_key')),
  ]
  const { references } = options
  if (problems.length > 0 || head.value === undefined || options.value === undefined) {
    return failed(problems, references)
  }
  const provider = {
    ...providerConfig(name, head.value, place),
    ...(typeof address === 'string' && { baseUrl: address.replace(/\/+$/, '') }),
    options: options.value,
  }
  return { value: Object.freeze(provider), problems, references }
}

function unknownKind(client: unknown, place: Place, known: Iterable<string>): readonly Problem[] {
  if (typeof client !== 'string' || client === '' || place.origin?.kind === 'unknown') return []
  const names = [...known]
  const hint = place.show(client) === undefined ? '' : didYouMean(client, names)
  return [place.problem(`there is no such kind of client${hint === '' ? `; known: ${names.join(', ')}` : hint}`)]
}

function surplusProblems(table: Table, place: Place): readonly Problem[] {
  return ['base_url', 'api_key']
    .filter(key => Object.hasOwn(table, key))
    .map(key => place.at(key).problem('is of no use: this kind of client runs inside the gateway', 'key'))
}

function addressProblems(address: unknown, place: Place): readonly Problem[] {
  if (address === undefined) return [place.problem('is missing; this kind of client has no usual address')]
  if (typeof address !== 'string' || place.origin?.kind === 'unknown') return []
  const fault = baseUrlFault(address)
  return fault === undefined ? [] : [place.problem(fault)]
}

/** Names are tokens, values visible text (RFC 9110, sections 5.1 and 5.5). */
function headerProblems(headers: unknown, place: Place): readonly Problem[] {
  if (!isTable(headers)) return []
  const seen = new Set<string>()
  return Object.entries(headers).flatMap(([name, value]) => {
    const at = place.at(name)
    const lowerCase = name.toLowerCase()
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return [at.problem('is not a name of a header', 'key')]
    if (OF_THE_CONNECTION.has(lowerCase)) return [at.problem('is a header that the gateway sets itself', 'key')]
    if (seen.has(lowerCase)) return [at.problem('is there twice, in other letter case', 'key')]
    seen.add(lowerCase)
    return isHeaderText(value, at) ? [] : [at.problem(NO_HEADER_TEXT)]
  })
}

const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function keyProblems(key: unknown, place: Place): readonly Problem[] {
  return isHeaderText(key, place) ? [] : [place.problem(NO_HEADER_TEXT)]
}

const NO_HEADER_TEXT = 'holds characters that cannot stand in a header, or space around it'

/** True also of what is not text or not known: that is reported by others. */
function isHeaderText(value: unknown, place: Place): boolean {
  if (typeof value !== 'string' || place.origin?.kind === 'unknown') return true
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) && value.trim() === value
}

function providerConfig(name: string, table: ProviderTable, place: Place): Omit<ProviderConfig, 'options' | 'baseUrl'> {
  const { connect, first_token: firstToken, idle, total } = table.timeouts
  const variable = sourceOf(place.at('api_key'))
  return {
    name,
    client: table.client,
    ...apiKey(table.api_key),
    ...(variable !== undefined && { apiKeyVariable: variable }),
    timeouts: Object.freeze({ connect, firstToken, idle, total }),
    headers: Object.freeze(
      Object.fromEntries(Object.entries(table.headers).map(([key, value]) => [key.toLowerCase(), value])),
    ),
    ...(table.dialect !== undefined && { dialect: table.dialect }),
    ...(table.max_connections !== undefined && { maxConnections: table.max_connections }),
    place,
  }
}

/** An empty key is none: the provider starts without it. */
function apiKey(key: Secret | undefined): Pick<ProviderConfig, 'apiKey'> {
  const text = key?.reveal() ?? ''
  if (key === undefined || text === '') return {}
  return { apiKey: text === 'client' ? 'client' : key }
}

function sourceOf({ origin }: Place): string | undefined {
  if (origin?.kind === 'interpolated') return origin.fillings.map(({ name }) => name).join(', ')
  return origin?.kind === 'override' ? origin.variable : undefined
}
