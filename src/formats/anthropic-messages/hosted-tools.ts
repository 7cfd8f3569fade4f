/** Tools that the provider runs: Anthropic's own go back as they came, a web search of another is translated. */
import { RawJson } from '../../json/raw.ts'
import type { HostedTool } from '../conversation.ts'
import { type Encoding, unsupported } from './encoding.ts'
import { isObject, type JsonObject, objectAt, stringAt } from './fields.ts'
import { parsed, type WritableObject } from './leftovers.ts'
import { FORMAT } from './name.ts'

export interface NamedTool {
  /** What `tool_choice` and calls name it by. */
  readonly name: string
  readonly block: WritableObject | RawJson
}

/** The oldest version of the search: every model that can search takes it. */
const SEARCH_TYPE = 'web_search_20250305'
const SEARCH_NAME = 'web_search'

/** @throws Refusal 400 for a tool that Anthropic has nothing like: the model may rely on it */
export function encodeHosted(tool: HostedTool, path: string, encoding: Encoding): NamedTool {
  const document = parsed(tool.json)
  const source = isObject(document?.value) ? document.value : {}
  if (tool.format === FORMAT) return { name: stringAt(source, 'name') ?? tool.name, block: new RawJson(tool.json) }
  if (isWebSearch(tool.name)) return { name: SEARCH_NAME, block: webSearch(tool.name, source, path, encoding) }
  throw unsupported(path, `Anthropic has no tool like "${tool.name}" of ${tool.format}. Remove the tool.`)
}

/** The name of a hosted tool of any format in a tool choice. */
export function hostedChoice(name: string): string {
  return isWebSearch(name) ? SEARCH_NAME : name
}

/** `web_search`, `web_search_preview`, their dated versions, and Gemini's `googleSearch`. */
function isWebSearch(name: string): boolean {
  return name === 'googleSearch' || /^web_search(?:_preview)?(?:_\d|$)/.test(name)
}

/** OpenAI's domain filter and place of the user mean the same here; other settings have no counterpart. */
function webSearch(name: string, source: JsonObject, path: string, { log }: Encoding): WritableObject {
  const filters = objectAt(source, 'filters')
  const settings = name in source ? objectAt(source, name) : source
  for (const key of Object.keys(settings)) {
    if (!TRANSLATED.has(key)) log.dropped(`${path}.${key}`, "Anthropic's web search has no such setting")
  }
  return {
    type: SEARCH_TYPE,
    name: SEARCH_NAME,
    ...domains('allowed_domains', filters.allowed_domains),
    ...domains('blocked_domains', filters.blocked_domains),
    ...location(source.user_location),
  }
}
const TRANSLATED: ReadonlySet<string> = new Set(['type', 'filters', 'user_location'])

function domains(key: string, list: unknown): WritableObject {
  if (!Array.isArray(list) || list.length === 0) return {}
  return { [key]: list.filter(entry => typeof entry === 'string') }
}

function location(place: unknown): WritableObject {
  if (!isObject(place)) return {}
  const known = ['city', 'country', 'region', 'timezone'].flatMap(key => {
    const value = stringAt(place, key)
    return value === undefined ? [] : [[key, value] as const]
  })
  return { user_location: { type: 'approximate', ...Object.fromEntries(known) } }
}
