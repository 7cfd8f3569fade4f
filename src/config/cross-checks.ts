/** What can only be said of the configuration as a whole. */
import { isIPv4 } from 'node:net'
import { matchGlob } from '../glob.ts'
import { processorName } from './check-step.ts'
import type { FormatEntry } from './config.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Place } from './place.ts'
import type { Problem } from './problems.ts'
import type { Reference } from './read-options.ts'
import { entryOf, isTable, type Table } from './table.ts'

/** References to providers that are not configured. A pattern (`*`) must match at least one. */
export function deadReferences(references: readonly Reference[], providers: readonly string[]): readonly Problem[] {
  return references.flatMap(({ kind, value, place }) => {
    if (kind !== 'provider' || place.origin?.kind === 'unknown') return []
    if (providers.some(name => matchGlob(value, name))) return []
    const hint = place.show(value) === undefined ? '' : didYouMean(value, providers)
    return [place.problem(`there is no such provider${hint === '' ? listOf(providers) : hint}`)]
  })
}

function listOf(providers: readonly string[]): string {
  return providers.length === 0 ? '; none is configured' : `; known: ${providers.join(', ')}`
}

/** Providers that no pipeline and no processor names. A pattern names none: it only allows. */
export function unusedProviders(references: readonly Reference[], providers: Table, place: Place): readonly Problem[] {
  const used = new Set(references.filter(({ kind }) => kind === 'provider').map(({ value }) => value))
  return Object.keys(providers)
    .filter(name => !used.has(name))
    .map(name => place.at(name).problem('nobody uses it: no pipeline and no processor names this provider', 'key'))
}

/** Whether a client may name any provider, which puts all of them to use. */
export function clientsNameProviders(pipelines: Table, formats: ReadonlyMap<string, FormatEntry>): boolean {
  return Object.values(pipelines).some(pipeline => {
    const parsers = isTable(pipeline) ? entryOf(pipeline, 'parsers') : undefined
    if (!Array.isArray(parsers)) return false
    const names: unknown[] = parsers.map(parser => (isTable(parser) ? parser.use : parser))
    return names.some(name => typeof name === 'string' && formats.get(name)?.namesProvider === true)
  })
}

/** Listening where other machines can reach a pipeline that asks nobody who they are. */
export function exposureProblems(server: Table, pipelines: Table, place: Place): readonly Problem[] {
  const host = entryOf(server, 'host')
  const known = typeof host === 'string' && place.at('host').origin?.kind !== 'unknown'
  if (!known || server.open === true || isLoopback(host)) return []
  const unguarded = Object.keys(pipelines).filter(name => !hasAuth(pipelines[name]))
  if (unguarded.length === 0) return []
  const message = `other machines can reach this address, and there is no auth processor in ${unguarded.join(', ')}`
  return [place.at('host').problem(`${message}; add one, or set server.open = true`)]
}

/** Steps that leave keys to `auth` where there is none behind them: whoever brings a key, or nothing, would be let in. */
export function leftOpenProblems(pipelines: Table, place: Place): readonly Problem[] {
  return Object.entries(pipelines).flatMap(([name, pipeline]) => {
    const steps = stepsOf(pipeline)
    const last = steps.findLastIndex(step => isTable(step) && isGuard(step))
    return steps.flatMap((step, index) => {
      if (!isTable(step) || step.or_key !== true || nameOf(step) !== 'auth-jwt' || index < last) return []
      const message = 'leaves keys to the processor "auth", and there is none behind it; add one, or take this out'
      return [place.at(name, 'processors', index, 'or_key').problem(message)]
    })
  })
}

function hasAuth(pipeline: unknown): boolean {
  return stepsOf(pipeline).some(step => isTable(step) && isGuard(step))
}

/** Lets nobody pass whom it does not know. */
function isGuard(step: Table): boolean {
  const name = nameOf(step)
  return name === 'auth' || (name === 'auth-jwt' && step.or_key !== true)
}

function nameOf({ use }: Table): string | undefined {
  return typeof use === 'string' ? processorName(use) : undefined
}

function stepsOf(pipeline: unknown): readonly unknown[] {
  const steps = isTable(pipeline) ? entryOf(pipeline, 'processors') : undefined
  return Array.isArray(steps) ? steps : []
}

function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'))
}

/** Names of providers and pipelines: they stand in metrics, logs and variables. */
export function nameProblems(tables: Table, place: Place): readonly Problem[] {
  return Object.keys(tables)
    .filter(name => !/^[a-z][a-z0-9_-]{0,63}$/.test(name))
    .map(name =>
      place.at(name).problem('a name begins with a letter and holds only small letters, digits, "-" and "_"', 'key'),
    )
}
