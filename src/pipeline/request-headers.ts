import type { EngineCall } from './call.ts'
import type { HttpProviderSettings } from './http-provider.ts'

/**
 * The headers of an upstream request. What a client sent goes on only if the kind of provider lists it, and only to a
 * provider of the client's own format; the key comes last, from the configuration.
 */
export function requestHeaders(
  call: EngineCall,
  { kind, headers }: HttpProviderSettings,
  key: string | undefined,
): Record<string, string> {
  const sent: Record<string, string> = {
    accept: call.stream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'sluice',
    ...(call.operation === 'list-models' ? {} : { 'content-type': 'application/json' }),
    ...kind.defaultHeaders,
    ...call.headers,
  }
  if (call.exchange.format === kind.format) {
    for (const [name, value] of Object.entries(forwarded(call, kind.forwardedHeaders))) {
      const needed = call.headers[name]
      sent[name] = needed === undefined ? value : joined(value, needed)
    }
  }
  return { ...sent, ...headers, ...(key === undefined ? {} : kind.authorize(key)) }
}

function forwarded(call: EngineCall, allowed: readonly string[]): Record<string, string> {
  const sent: Record<string, string> = {}
  const { headers } = call.exchange.client
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && isAllowed(name, allowed) && isSendable(value)) sent[name] = value
  }
  return sent
}

/** Two lists of one header (`anthropic-beta`): the client's words and what our encoder needs besides. */
function joined(theirs: string, needed: string): string {
  return [...new Set([...theirs.split(','), ...needed.split(',')].map(word => word.trim()))].join(',')
}

function isAllowed(name: string, allowed: readonly string[]): boolean {
  const { exact, prefixes } = allowListOf(allowed)
  return exact.has(name) || prefixes.some(prefix => name.startsWith(prefix))
}

interface AllowList {
  readonly exact: ReadonlySet<string>
  readonly prefixes: readonly string[]
}

const allowLists = new WeakMap<readonly string[], AllowList>()

/** The list of a kind of provider, taken apart once. */
function allowListOf(names: readonly string[]): AllowList {
  let list = allowLists.get(names)
  if (!list) {
    const isPrefix = (name: string): boolean => name.endsWith('*')
    list = {
      exact: new Set(names.filter(name => !isPrefix(name))),
      prefixes: names.filter(isPrefix).map(name => name.slice(0, -1)),
    }
    allowLists.set(names, list)
  }
  return list
}

/** undici refuses other values by throwing; a client is not to cause that (reliability.md, fact 9). */
function isSendable(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}
