import type { EngineCall } from './call.ts'
import type { HttpKind } from './provider-kind.ts'

type Headers = Readonly<Record<string, string>>

/**
 * The headers of a provider's requests. What a client sent goes on only if the kind of provider lists it, and only to a
 * provider of the client's own format; the key comes last, from the configuration.
 *
 * @param own what the configuration adds
 * @returns call and key → headers; what all calls have in common is put together once
 */
export function requestHeaders(kind: HttpKind, own: Headers): (call: EngineCall, key: string | undefined) => Headers {
  const common = { 'accept-encoding': 'identity', 'user-agent': 'sluice', ...kind.defaultHeaders }
  const allowed = allowListOf(kind.forwardedHeaders)
  return (call, key) => {
    const sent: Record<string, string> = { accept: call.stream ? 'text/event-stream' : 'application/json', ...common }
    if (call.operation !== 'list-models') sent['content-type'] = 'application/json'
    addAll(sent, call.headers)
    if (call.exchange.format === kind.format) forward(call, allowed, sent)
    addAll(sent, own)
    if (key !== undefined) addAll(sent, kind.authorize(key))
    return sent
  }
}

function addAll(sent: Record<string, string>, more: Headers): void {
  for (const name in more) sent[name] = more[name] as string
}

function forward({ exchange, headers: needed }: EngineCall, allowed: AllowList, sent: Record<string, string>): void {
  const { headers } = exchange.client
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || !isAllowed(name, allowed) || !isSendable(value)) continue
    const ours = needed[name]
    sent[name] = ours === undefined ? value : joined(value, ours)
  }
}

/** Two lists of one header (`anthropic-beta`): the client's words and what our encoder needs besides. */
function joined(theirs: string, needed: string): string {
  return [...new Set([...theirs.split(','), ...needed.split(',')].map(word => word.trim()))].join(',')
}

interface AllowList {
  readonly exact: ReadonlySet<string>
  readonly prefixes: readonly string[]
}

function allowListOf(names: readonly string[]): AllowList {
  const isPrefix = (name: string): boolean => name.endsWith('*')
  return {
    exact: new Set(names.filter(name => !isPrefix(name))),
    prefixes: names.filter(isPrefix).map(name => name.slice(0, -1)),
  }
}

function isAllowed(name: string, { exact, prefixes }: AllowList): boolean {
  if (exact.has(name)) return true
  for (const prefix of prefixes) if (name.startsWith(prefix)) return true
  return false
}

/** undici refuses other values by throwing; a client is not to cause that (reliability.md, fact 9). */
function isSendable(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}
