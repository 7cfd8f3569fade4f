/** Configured providers at work. */
import type { Clock, Reply, Secret } from '../contract.ts'
import { refusal } from '../errors.ts'
import { modelNotFound, type Refusal } from '../refusal.ts'
import { UpstreamClient, type UpstreamSettings } from '../upstream/client.ts'
import type { EngineCall } from './call.ts'
import type { ProviderFacts } from './exchange.ts'
import { type AttemptObserver, HttpProvider } from './http-provider.ts'
import type { EmbeddedProvider, ProviderKind } from './provider-kind.ts'

/** One `[providers.<name>]`, checked. */
export interface ProviderSettings {
  readonly name: string
  readonly baseUrl?: string
  readonly apiKey?: Secret | 'client'
  readonly apiKeyVariable?: string
  readonly timeouts: UpstreamSettings['timeouts']
  readonly headers: Readonly<Record<string, Secret>>
  readonly dialect?: string
  readonly maxConnections?: number
  readonly options: unknown
}

/** A provider that calls can be sent to. */
export interface Provider {
  readonly facts: ProviderFacts
  readonly kind: ProviderKind
  /** The variable to set when its key is missing. */
  readonly missingKey: string | undefined
  send(call: EngineCall): Promise<Reply>
  /** Ends its connections; answers under way are cut. */
  close(): Promise<void>
}

export function connectProvider(
  settings: ProviderSettings,
  kind: ProviderKind,
  { clock, observe }: { readonly clock: Clock; readonly observe: AttemptObserver },
): Provider {
  const options = settings.options as Readonly<Record<string, unknown>>
  const missingKey = settings.apiKey === undefined ? settings.apiKeyVariable : undefined
  if (kind.embedded) {
    const facts = { name: settings.name, format: '*' as const }
    return {
      facts,
      kind,
      missingKey,
      send: embedded(settings.name, kind.connect({ options, clock })),
      close: async () => {},
    }
  }
  const baseUrl = settings.baseUrl ?? kind.defaultBaseUrl
  if (baseUrl === undefined) throw new Error(`the provider "${settings.name}" has no base_url`)
  const client = new UpstreamClient({
    provider: settings.name,
    origin: new URL(baseUrl).origin,
    timeouts: settings.timeouts,
    ...(settings.maxConnections === undefined ? {} : { maxConnections: settings.maxConnections }),
  })
  const headers = Object.fromEntries(Object.entries(settings.headers).map(([name, value]) => [name, value.reveal()]))
  const { name, apiKey, apiKeyVariable } = settings
  const dialect = settings.dialect ?? kind.defaultDialect?.(baseUrl)
  const http = new HttpProvider(
    { name, kind, baseUrl, apiKey, apiKeyVariable, headers, dialect, options },
    client,
    observe,
  )
  return {
    facts: { name, format: kind.format, ...(dialect === undefined ? {} : { dialect }) },
    kind,
    missingKey,
    send: call => http.send(call),
    close: () => client.destroy(),
  }
}

function providerNotFound(name: string): Refusal {
  return refusal('provider_not_found', `There is no provider "${name.slice(0, 64)}" here.`)
}

function embedded(name: string, provider: EmbeddedProvider): (call: EngineCall) => Promise<Reply> {
  return async call => {
    call.exchange.trail.attempt(name, call.model)
    const reply = await provider.send(call)
    call.exchange.timings.markFirstToken()
    return reply
  }
}

/**
 * What stands behind the last processor: the provider that the call is heading for. Whoever sent it there, a key that is
 * limited to other providers does not reach it.
 */
export function sendTo(providers: ReadonlyMap<string, Provider>): (call: EngineCall) => Promise<Reply> {
  return call => {
    const allowed = call.client.identity?.providers
    if (allowed !== undefined && !allowed.includes(call.provider))
      return Promise.reject(modelNotFound(call.requestedModel))
    const provider = providers.get(call.provider)
    return provider ? provider.send(call) : Promise.reject(providerNotFound(call.provider))
  }
}
