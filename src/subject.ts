import type { Call } from './contract.ts'
import { networkOf } from './network.ts'

/** What calls are counted by. */
export const SUBJECTS = ['key', 'team', 'model', 'provider', 'address', 'pipeline'] as const
export type SubjectKind = (typeof SUBJECTS)[number]

/** Whom or what a call counts for. */
export interface Subject {
  /** For the store. Holds names of the configuration, a network or a model's name; never a credential. */
  readonly key: string
  /** For a message: `the key "alice"`. */
  readonly words: string
}

/**
 * Whom or what a call counts for. Who has no team counts by key, and who has no key by address: nobody is uncounted.
 */
export function subjectOf(call: Pick<Call, 'client' | 'model' | 'provider'>, kind: SubjectKind): Subject {
  const { identity, address } = call.client
  if (kind === 'pipeline') return { key: 'all', words: 'this route' }
  if (kind === 'model' || kind === 'provider')
    return { key: `${kind}:${call[kind]}`, words: `the ${kind} ${quoted(call[kind])}` }
  if (kind === 'team' && identity?.team !== undefined) {
    return { key: `team:${identity.team}`, words: `the team "${identity.team}"` }
  }
  if (kind !== 'address' && identity) return { key: `key:${identity.name}`, words: `the key "${identity.name}"` }
  return { key: `address:${networkOf(address)}`, words: 'your address' }
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name)
}
