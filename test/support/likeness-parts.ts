/** The parts of a conversation or of a reply as a row of atoms, and what became of each. */
import type { Extensions, MediaSource, Part } from '../../src/formats/conversation.ts'
import { compareFacts, type Difference, sameJson } from './likeness.ts'

/** A part, or a run of texts, as far as any format could say it. */
export interface Atom {
  /** Where it stood; of a run of texts, where each stood. */
  readonly paths: readonly string[]
  readonly speaker: string
  readonly type: string
  /** What it says. Atoms that say the same are the same. */
  readonly essence: string
  /** What may be missing of it, by path. */
  readonly facts: ReadonlyMap<string, string>
}

/** Numbers calls in their order, because every format has its own ids. */
export class CallNumbers {
  readonly #numbers = new Map<string, number>()

  of(id: string): string {
    const known = this.#numbers.get(id) ?? this.#numbers.size
    this.#numbers.set(id, known)
    return `#${known}`
  }
}

export function atomsOf(part: Part, path: string, speaker: string, calls: CallNumbers): readonly Atom[] {
  const atom = (type: string, essence: string, facts: Readonly<Record<string, unknown>> = {}): Atom => ({
    paths: [path],
    speaker,
    type,
    essence,
    facts: new Map([
      ...factsAt(path, { cache: part.cache, ...stateOf(part), ...facts }),
      ...extensionFacts(part, path),
    ]),
  })
  switch (part.type) {
    case 'text':
      return [
        atom('text', squeezed(speaker === 'tool' ? unwrapped(part.text) : part.text), {
          citations: part.citations?.length,
          logprobs: part.logprobs?.length,
        }),
      ]
    case 'refusal':
      return [atom('text', squeezed(part.text), { refusal: true })]
    case 'reasoning':
      return [atom('reasoning', squeezed(part.chunks.join('')))]
    case 'media': {
      const { kind, detail, context, citationsEnabled } = part
      // What one format calls a file's name is another's title.
      const facts = { kind, detail, filename: part.filename ?? part.title, context, citationsEnabled }
      if (!('parts' in part.source)) return [atom('media', sourceOf(part.source), facts)]
      return part.source.parts.flatMap((inner, at) => atomsOf(inner, `${path}.source.parts[${at}]`, speaker, calls))
    }
    case 'tool-call': {
      const name = part.namespace === undefined ? part.name : `${part.namespace}__${part.name}`
      const { kind, namespace, caller } = part
      return [atom('tool-call', `${calls.of(part.callId)} ${name} ${argumentsOf(part)}`, { kind, namespace, caller })]
    }
    case 'tool-result': {
      const { isError } = part
      const structured = part.content.length === 0 && part.structured !== undefined ? unwrapped(part.structured) : ''
      const texts = structured === '' ? part.content : [{ type: 'text', text: structured } as const]
      return [
        atom('tool-result', calls.of(part.callId), { isError: isError === true ? true : undefined }),
        ...texts.flatMap((inner, at) => atomsOf(inner, `${path}.content[${at}]`, 'tool', calls)),
      ]
    }
    case 'hosted-tool':
      return [atom('hosted-tool', sameJson(part.json))]
    case 'opaque':
      return [atom('opaque', sameJson(part.json))]
    case 'search-result':
      return [atom('search-result', sameJson(JSON.stringify([part.source, part.title, part.content])))]
    default: {
      const { extensions: _extensions, state: _state, cache: _cache, ...rest } = part
      return [atom(part.type, sameJson(JSON.stringify(rest)))]
    }
  }
}

function sourceOf(source: MediaSource): string {
  const same = 'text' in source ? { base64: Buffer.from(source.text).toString('base64') } : source
  return sameJson(JSON.stringify(same))
}

function argumentsOf(part: Extract<Part, { type: 'tool-call' }>): string {
  if (part.kind === 'custom') return sameJson(JSON.stringify({ input: part.arguments }))
  return part.arguments === '' ? '{}' : sameJson(part.arguments)
}

/** The text in Gemini's words for a plain result and for an error, and in the one that OpenAI is given for an error. */
function unwrapped(json: string): string {
  const value = parsedOrNothing(json)
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return json
  const [only] = Object.values(value)
  return typeof only === 'string' && ('output' in value || 'error' in value) ? only : json
}

function parsedOrNothing(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function stateOf({ state }: Part): Readonly<Record<string, unknown>> {
  return state === undefined || state.length === 0 ? {} : { state: state.map(({ scheme, value }) => [scheme, value]) }
}

export function factsAt(path: string, facts: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(facts).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[path === '' ? name : `${path}.${name}`, asText(value)]],
  )
}

function asText(value: unknown): string {
  return typeof value === 'string' ? sameJson(value) : sameJson(JSON.stringify(value))
}

/** Fields that only their own format reads; notes of a decoder to itself are none. */
export function extensionFacts(node: { readonly extensions?: Extensions }, path: string): [string, string][] {
  return Object.values(node.extensions ?? {}).flatMap(fields =>
    Object.entries(fields).flatMap(([key, json]): [string, string][] =>
      key.startsWith('#') || json === 'null' || json === '[]'
        ? []
        : [[path === '' ? key : `${path}.${key}`, `extension ${json}`]],
    ),
  )
}

/** White space between texts belongs to how they were joined. */
function squeezed(text: string): string {
  return text.replace(/\s+/g, '')
}

/** Texts of one speaker in a row are one text, however it was cut. Texts that say nothing are none. */
export function joined(atoms: readonly Atom[]): readonly Atom[] {
  const row: Atom[] = []
  for (const atom of atoms) {
    const last = row.at(-1)
    if (atom.type === 'text' && last?.type === 'text' && last.speaker === atom.speaker) {
      const facts = new Map([...last.facts, ...atom.facts])
      row[row.length - 1] = {
        ...last,
        paths: [...last.paths, ...atom.paths],
        essence: last.essence + atom.essence,
        facts,
      }
    } else row.push(atom)
  }
  return row
}

/** Texts and thoughts that say nothing and carry nothing are none. */
function saysSomething({ type, essence, facts }: Atom): boolean {
  return essence !== '' || facts.size > 0 || (type !== 'text' && type !== 'reasoning')
}

/**
 * Lays two rows side by side: atoms that are the same are compared, the others are gone or added. What stood between two
 * texts may be gone, and then they are one: so everything else is compared first.
 */
export function compareAtoms(one: readonly Atom[], other: readonly Atom[]): readonly Difference[] {
  const [from, to] = [one.filter(saysSomething), other.filter(saysSomething)]
  const isOther = ({ type }: Atom): boolean => type !== 'text'
  const others = alignment(from.filter(isOther), to.filter(isOther))
  const kept = new Set(others.keys())
  const met = new Set(others.values())
  const gone = from.filter(atom => isOther(atom) && !kept.has(atom))
  const added = to.filter(atom => isOther(atom) && !met.has(atom))
  const [source, target] = [from.filter(atom => !gone.includes(atom)), to.filter(atom => !added.includes(atom))]
  return [...gone.flatMap(goneOf), ...added.map(addedOf), ...compareRows(joined(source), joined(target))]
}

function compareRows(from: readonly Atom[], to: readonly Atom[]): readonly Difference[] {
  const pairs = alignment(from, to)
  const met = new Set(pairs.values())
  const spare = to.filter(atom => !met.has(atom))
  const differences: Difference[] = []
  for (const atom of from) {
    const other = pairs.get(atom) ?? takeLonger(atom, spare)
    if (other === undefined) differences.push(...goneOf(atom))
    else differences.push(...comparePair(atom, other))
    if (other !== undefined && other.essence !== atom.essence)
      differences.push(addedOf({ ...other, essence: other.essence.replace(atom.essence, '…') }))
  }
  return [...differences, ...spare.map(addedOf)]
}

/** A text that has the whole of the other in it: something was said beside it. */
function takeLonger(atom: Atom, spare: Atom[]): Atom | undefined {
  const at = spare.findIndex(
    ({ type, speaker, essence }) => type === atom.type && speaker === atom.speaker && essence.includes(atom.essence),
  )
  return atom.type === 'text' && at >= 0 ? spare.splice(at, 1)[0] : undefined
}

function goneOf({ paths, type, essence }: Atom): readonly Difference[] {
  return paths.map(path => ({ path, kind: 'gone', from: `${type} ${essence}` }))
}

function addedOf({ paths, speaker, type, essence }: Atom): Difference {
  return { path: paths[0] ?? '', kind: 'added', to: `${speaker} ${type} ${essence}` }
}

/** Facts of the target are looked up by their names, because its places are its own. */
function comparePair(from: Atom, to: Atom): readonly Difference[] {
  const [home = ''] = from.paths
  const [own, other] = [byName(from), byName(to)]
  return compareFacts(values(own), values(other))
    .filter(({ kind, to: value }) => kind !== 'added' || !value?.startsWith('extension '))
    .map(difference => ({ ...difference, path: own.get(difference.path)?.path ?? `${home}.${difference.path}` }))
}

interface Fact {
  readonly path: string
  readonly value: string
}

/** Of a run of texts, what all of them carry together. */
function byName({ facts }: Atom): ReadonlyMap<string, Fact> {
  const named = new Map<string, Fact>()
  for (const [path, value] of facts) {
    const name = lastOf(path)
    const known = named.get(name)
    named.set(
      name,
      known && COUNTED.has(name) ? { path, value: String(Number(known.value) + Number(value)) } : { path, value },
    )
  }
  return named
}

const COUNTED: ReadonlySet<string> = new Set(['citations', 'logprobs'])

function values(facts: ReadonlyMap<string, Fact>): ReadonlyMap<string, string> {
  return new Map([...facts].map(([name, { value }]) => [name, value]))
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

/** The longest row of atoms that both have, in order: each with the one that it is the same as. */
function alignment(from: readonly Atom[], to: readonly Atom[]): ReadonlyMap<Atom, Atom> {
  const lengths = Array.from({ length: from.length + 1 }, () => new Array<number>(to.length + 1).fill(0))
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0
  for (let i = from.length - 1; i >= 0; i--) {
    const row = lengths[i] ?? []
    for (let j = to.length - 1; j >= 0; j--) {
      row[j] = isSame(from[i], to[j]) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const pairs = new Map<Atom, Atom>()
  for (let i = 0, j = 0; i < from.length && j < to.length; ) {
    const [one, other] = [from[i], to[j]]
    if (one !== undefined && other !== undefined && isSame(one, other)) {
      pairs.set(one, other)
      i++
      j++
    } else if (at(i + 1, j) >= at(i, j + 1)) i++
    else j++
  }
  return pairs
}

function isSame(a: Atom | undefined, b: Atom | undefined): boolean {
  return a !== undefined && b !== undefined && a.type === b.type && a.speaker === b.speaker && a.essence === b.essence
}
