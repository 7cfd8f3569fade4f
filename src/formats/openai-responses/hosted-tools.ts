/** Tools that the provider runs: this API's own go back as they came, a web search of another is translated. */
import { RawJson, type Writable } from '../../json/raw.ts'
import type { HostedTool } from '../conversation.ts'
import { type Fields, isFields } from './fields.ts'
import { type LossList, unsupported } from './loss-list.ts'
import { FORMAT } from './name.ts'

/** @returns `undefined` when this API has nothing like it */
export function encodeHostedTool(tool: HostedTool, path: string, losses: LossList): Writable | undefined {
  if (tool.format === FORMAT) return new RawJson(tool.json)
  const source: unknown = JSON.parse(tool.json)
  if (tool.format === 'anthropic-messages' && tool.name.startsWith('web_search_')) {
    return isFields(source) ? ofAnthropic(source, path, losses) : undefined
  }
  if (tool.format === 'gemini' && tool.name === 'googleSearch') {
    if (isFields(source) && hasMembers(source.googleSearch ?? source)) {
      losses.dropped(`${path}.json`, 'the settings of googleSearch have no place in web_search')
    }
    return { type: 'web_search' }
  }
  return undefined
}

function hasMembers(value: unknown): boolean {
  return isFields(value) && Object.keys(value).length > 0
}

/** Anthropic Messages API, web search tool: domain filters and location are the same thing here. */
function ofAnthropic(source: Fields, path: string, losses: LossList): Writable {
  for (const key of ['max_uses', 'cache_control', 'allowed_callers', 'defer_loading', 'response_inclusion']) {
    if (source[key] !== undefined && source[key] !== null)
      losses.dropped(`${path}.${key}`, 'web_search of the Responses API has no such setting')
  }
  const allowed = source.allowed_domains
  const blocked = source.blocked_domains
  if (Array.isArray(blocked) && blocked.length > 0)
    unsupported(`${path}.blocked_domains`, 'web_search of the Responses API cannot keep domains out. Remove it')
  const filters = Array.isArray(allowed) ? { allowed_domains: strings(allowed) } : undefined
  const location = isFields(source.user_location)
    ? new RawJson(JSON.stringify({ ...source.user_location, type: 'approximate' }))
    : undefined
  return { type: 'web_search', filters, user_location: location }
}

function strings(list: readonly unknown[]): readonly string[] {
  return list.filter(entry => typeof entry === 'string')
}
