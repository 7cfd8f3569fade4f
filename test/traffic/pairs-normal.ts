/** Differences between two canonical views that are none: each kind with the reason why. As few as possible. */
import type { Difference } from '../support/likeness.ts'

interface Normalisation {
  readonly reason: string
  readonly holds: (difference: Difference) => boolean
}

/** What a field means where it is not said. */
const DEFAULTS: readonly (readonly [path: RegExp, value: RegExp])[] = [
  [/^candidates$/, /^1$/],
  [/^modalities$/, /^\["text"\]$/],
  [/^toolChoice$/, /^\{"mode":"auto"\}$/],
  [/^parallelToolCalls$/, /^true$/],
  [/^outputFormat\.type$/, /^text$/],
  [/^outputFormat\.strict$/, /^(?:true|false)$/],
  [/^serviceTier$/, /^(?:auto|standard)$/],
  [/^state\.store$/, /^false$/],
  [/^tools\[\d+\]\.strict$/, /^false$/],
  [/\.detail$/, /^auto$/],
  [/\.prefix$/, /^extension false$/],
]

const USAGE_DETAILS =
  /^usage\.(?:serviceTier|serverTools|cacheWrite|cacheWrite1h|toolPrompt|audioInput|audioOutput|estimated)$/

export const NORMALISATIONS: readonly Normalisation[] = [
  {
    reason: 'a default that one format must be told and another cannot be',
    holds: ({ path, kind, from, to }) =>
      kind !== 'changed' && DEFAULTS.some(([place, value]) => place.test(path) && value.test(from ?? to ?? '')),
  },
  {
    reason: 'Anthropic must be given a cap: without one, it is as much as the model can say',
    holds: ({ path, kind }) => path === 'maxOutputTokens' && kind === 'added',
  },
  {
    reason: 'OpenAI wants a name for schemas and files: where there is none, one is made up',
    holds: ({ path, kind, to }) =>
      kind === 'added' &&
      (path === 'outputFormat.name' || (path.endsWith('.filename') && /^document\./.test(to ?? ''))),
  },
  {
    reason: 'the name of a schema is a label, which Anthropic and Gemini do not have',
    holds: ({ path, kind }) => path === 'outputFormat.name' && kind === 'gone',
  },
  {
    reason: 'a tool without arguments takes an empty object',
    holds: ({ path, kind, to }) =>
      kind === 'added' && /\.schema$/.test(path) && to === '{"properties":{},"type":"object"}',
  },
  {
    reason: 'details of usage that the other format has no words for; the sums hold',
    holds: ({ path }) => USAGE_DETAILS.test(path),
  },
  {
    reason: 'where the provider counted no tokens, Sluice gives an estimate',
    holds: ({ path, kind }) => kind === 'added' && /^usage\.(?:input|output)$/.test(path),
  },
  {
    reason: 'a tool or call of free text is a function of one text where there is none: back home it is unwrapped',
    holds: ({ path, kind, from, to }) =>
      (path.endsWith('.kind') && kind === 'changed' && [from, to].includes('custom')) ||
      (/^tools\[\d+\]\.(?:description|schema)$/.test(path) && /input|grammar/.test(to ?? '')),
  },
  {
    reason: 'where the provider caches unasked, a mark for it means nothing',
    holds: ({ path, kind }) => path.endsWith('.cache') && kind === 'gone',
  },
  {
    reason: 'Gemini holds to schemas when calling any strict tool (mode VALIDATED), not by tool',
    holds: ({ path, kind, from }) => /^tools\[\d+\]\.strict$/.test(path) && kind === 'gone' && from === 'true',
  },
  {
    reason: 'Chat Completions shows whatever thinking there is: it has no wish to see it',
    holds: ({ path, kind }) => path === 'reasoning.show' && kind === 'gone',
  },
  {
    reason: 'who turns thinking on at Anthropic is shown it: OpenAI and Google must be told so',
    holds: ({ path, kind, to }) => path === 'reasoning.show' && kind === 'added' && to === 'summary',
  },
  {
    reason: 'at OpenAI the user, or the session, also tells which calls share a prompt',
    holds: ({ path, kind }) => path === 'cacheKey' && kind === 'added',
  },
  {
    reason: 'a file by its address alone is what the model makes of it',
    holds: ({ path, kind, from, to }) =>
      path.endsWith('.kind') && kind === 'changed' && ['file', 'document'].includes(to ?? '') && from !== 'custom',
  },
  {
    reason: 'where there are no refusals, the finish reason tells them',
    holds: ({ path }) => path.endsWith('.refusal'),
  },
  {
    reason: 'Anthropic wants to be told that an object has no other members',
    holds: ({ path, kind, from, to }) =>
      path === 'outputFormat.schema' &&
      kind === 'changed' &&
      to?.replaceAll('"additionalProperties":false,', '') === from,
  },
  {
    reason: 'for models that think by the token, an effort is a budget',
    holds: ({ path, kind }) =>
      (path === 'reasoning.effort' && kind === 'gone') || (path === 'reasoning.budget' && kind === 'added'),
  },
  {
    reason: 'a field that the canonical view has under another name: the end user, a cache mark',
    holds: ({ path, kind }) => kind === 'gone' && (path === 'user' || path.endsWith('.prompt_cache_breakpoint')),
  },
  {
    reason: 'an empty list says nothing',
    holds: ({ kind, from }) => kind === 'gone' && /^(?:extension )?\[\]$/.test(from ?? ''),
  },
]

export function isNormal(difference: Difference): boolean {
  return NORMALISATIONS.some(({ holds }) => holds(difference))
}
