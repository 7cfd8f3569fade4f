/** Two gathered replies, compared as far as any format could say them. */
import type { CompletedCandidate, Completion } from '../../src/formats/reply-events.ts'
import { compareFacts, type Difference, type Facts } from './likeness.ts'
import { atomsOf, CallNumbers, compareAtoms, factsAt } from './likeness-parts.ts'

export function compareCompletions(from: Completion, to: Completion): readonly Difference[] {
  const others = new Map(to.candidates.map(candidate => [candidate.index, candidate]))
  return [
    ...compareFacts(usageOf(from), usageOf(to)),
    ...from.raw.map((raw): Difference => ({ path: 'raw', kind: 'gone', from: raw.json })),
    ...from.candidates.flatMap((candidate): readonly Difference[] => {
      const other = others.get(candidate.index)
      return other === undefined
        ? [{ path: `candidates[${candidate.index}]`, kind: 'gone' }]
        : compareCandidates(candidate, other)
    }),
  ]
}

function compareCandidates(from: CompletedCandidate, to: CompletedCandidate): readonly Difference[] {
  const path = from.index === 0 ? '' : `candidates[${from.index}].`
  return [
    ...compareFacts(finishOf(from, path), finishOf(to, path)),
    ...compareAtoms(atoms(from, path), atoms(to, path)),
  ]
}

function atoms({ parts }: CompletedCandidate, path: string) {
  const calls = new CallNumbers()
  return parts.flatMap((part, at) => atomsOf(part, `${path}parts[${at}]`, 'assistant', calls))
}

/** What only one format says of a reply, beside its content, is that format's alone and no conversion's loss. */
function finishOf({ finish, parts }: CompletedCandidate, path: string): Facts {
  const refusals = parts.flatMap(part => (part.type === 'refusal' ? [part.text] : []))
  const said = parts.map(part => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('')
  const { stopSequence, explanation } = finish
  return new Map(
    factsAt(`${path}finish`, {
      reason: refusals.length > 0 && finish.reason === 'stop' ? REFUSED : wordOf(finish.reason),
      stopSequence,
      // Said by the part already.
      explanation: explanation === said ? undefined : explanation,
    }),
  )
}

const REFUSED = 'refused'

/** Some formats do not tell who refused, the model or a filter, nor which end was meant. */
function wordOf(reason: string): string {
  if (reason === 'refusal' || reason === 'content-filter') return REFUSED
  if (reason === 'stop-sequence') return 'stop'
  return reason === 'context-window' ? 'length' : reason
}

/** What nobody used is not there. */
function usageOf({ usage }: Completion): Facts {
  const { raw: _raw, serverTools = {}, ...rest } = usage ?? {}
  const used = Object.values(serverTools).some(count => count > 0) ? { serverTools } : {}
  return new Map(factsAt('usage', { ...rest, ...used }).filter(([, value]) => value !== '0'))
}
