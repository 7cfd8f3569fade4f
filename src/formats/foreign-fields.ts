/** Which unknown fields of one format another one has to report as lost. */
import { Refusal } from '../refusal.ts'
import type { Extensions, JsonText } from './conversation.ts'

export interface ForeignField {
  readonly format: string
  readonly key: string
}

/**
 * The fields of `extensions` that only formats other than `own` know and that mean something to a model, its answer or
 * whoever pays for it. Left out are notes of a decoder to its own encoder (`#…`), `null`, and what `SILENT` names:
 * ordinary clients send it with every call, and nobody would miss it.
 *
 * @throws Refusal 400 for a field that the answer depends on
 */
export function foreignFields(extensions: Extensions | undefined, own: string): readonly ForeignField[] {
  if (extensions === undefined) return []
  return Object.entries(extensions).flatMap(([format, fields]) =>
    format === own
      ? []
      : Object.entries(fields)
          .filter(([key, text]) => !key.startsWith('#') && text !== 'null' && !isSilent(format, key, text))
          .map(([key]) => lostField(format, key)),
  )
}

/**
 * What another provider keeps and goes on from, or answers later: without it the answer would be another (conversion.md
 * D.0, E234, E272).
 */
const NEEDED: ReadonlyMap<string, string> = new Map([
  ['anthropic-messages', 'container'],
  ['openai-responses', 'background'],
  ['gemini', 'continuationToken'],
])

function lostField(format: string, key: string): ForeignField {
  if (NEEDED.get(format) !== key) return { format, key }
  const message = `"${key}" is of a provider that speaks ${format}, and only there it means something. Leave it out.`
  throw new Refusal(400, 'unsupported_by_target', message, { param: key })
}

type Silence = (text: JsonText) => boolean
const always: Silence = () => true

/** Format → field → whether losing it is no loss. */
const SILENT: ReadonlyMap<string, ReadonlyMap<string, Silence>> = new Map([
  [
    'anthropic-messages',
    new Map<string, Silence>([
      // What every tool of the client's own is.
      ['type', text => text === '"custom"'],
      // What every tool's caller is: the model itself.
      ['allowed_callers', text => text === '["direct"]'],
      ['context_management', clearsThinkingOnly],
    ]),
  ],
  [
    'openai-chat',
    new Map<string, Silence>([
      // Kept beside what the canonical view makes of it, so that a client is answered in its own words.
      ['user', always],
      ['prompt_cache_breakpoint', text => (Object(JSON.parse(text)) as { mode?: unknown }).mode === 'explicit'],
    ]),
  ],
  [
    'openai-responses',
    new Map<string, Silence>([
      // Names of items, for OpenAI's own store.
      ['id', always],
      // Codex tells OpenAI which installation and window it is.
      ['client_metadata', always],
      // To be answered while it waits is what every other provider does.
      ['background', text => text === 'false'],
    ]),
  ],
])

function isSilent(format: string, key: string, text: JsonText): boolean {
  return SILENT.get(format)?.get(key)?.(text) ?? false
}

/** Claude Code asks for old thinking to be cleared; thinking of Anthropic's goes to no other provider anyway. */
function clearsThinkingOnly(text: JsonText): boolean {
  const { edits, ...rest } = Object(JSON.parse(text)) as Readonly<Record<string, unknown>>
  if (Object.keys(rest).length > 0 || !Array.isArray(edits)) return false
  return edits.every((edit: unknown) => String(Object(edit).type).startsWith('clear_thinking_'))
}
