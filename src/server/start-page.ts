/** What a person sees in the terminal when the gateway is ready. */
import type { Endpoint } from './routes.ts'

export interface StartPage {
  readonly version: string
  /** `http://HOST:PORT` */
  readonly url: string
  readonly endpoints: readonly Endpoint[]
  /** Pipeline → the provider that its calls go to by default. */
  readonly defaults: ReadonlyMap<string, string>
  /** Providers without their key, and what to set. */
  readonly keyless: readonly { readonly provider: string; readonly variable: string }[]
  readonly metricsPath: string | undefined
}

export function startPage({ version, url, endpoints, defaults, keyless, metricsPath }: StartPage): string {
  const lines = [`Sluice ${version} listens on ${url}`, '']
  for (const [pipeline, provider] of defaults) {
    lines.push(`  pipeline ${pipeline} → ${provider} unless a processor says otherwise`)
    for (const [format, [first, ...more]] of routesByFormat(endpoints, pipeline)) {
      lines.push(`    ${format.padEnd(20)} ${first}`, ...more.map(route => `    ${' '.repeat(20)} ${route}`))
    }
    lines.push('')
  }
  if (keyless.length > 0) {
    lines.push('  No key yet:')
    for (const { provider, variable } of keyless) lines.push(`    ${provider.padEnd(20)} ${variable}`)
    lines.push('')
  }
  if (metricsPath !== undefined)
    lines.push(`  Metrics: ${url}${metricsPath}   Health: ${url}/healthz ${url}/readyz`, '')
  const sample = sampleCall(url, endpoints)
  if (sample !== undefined) lines.push('  Try:', '', `    ${sample}`, '')
  return lines.join('\n')
}

/** The routes of each parser; those that differ only in their last word share a line. */
function routesByFormat(endpoints: readonly Endpoint[], pipeline: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Map<string, string[]>>()
  for (const { format, path, route, pipeline: owner } of endpoints) {
    if (owner !== pipeline || route.method === 'GET') continue
    const colon = path.includes(':') ? path.indexOf(':') : path.length
    const stems = found.get(format) ?? new Map<string, string[]>()
    const stem = path.slice(0, colon)
    stems.set(stem, [...(stems.get(stem) ?? []), path.slice(colon)])
    found.set(format, stems)
  }
  return new Map(
    [...found].map(([format, stems]) => [format, [...stems].map(([stem, words]) => stem + words.join(' '))]),
  )
}

// In the order in which they make a good first call.
const SAMPLES: readonly { readonly format: string; readonly body: object }[] = [
  { format: 'openai-chat', body: { model: 'echo', messages: [{ role: 'user', content: 'Hello, Sluice!' }] } },
  {
    format: 'anthropic-messages',
    body: { model: 'echo', max_tokens: 64, messages: [{ role: 'user', content: 'Hello, Sluice!' }] },
  },
  { format: 'openai-responses', body: { model: 'echo', input: 'Hello, Sluice!' } },
]

/** A first call to paste into a shell; `undefined` when no parser has a simple one. */
export function sampleCall(url: string, endpoints: readonly Endpoint[]): string | undefined {
  for (const { format, body } of SAMPLES) {
    const endpoint = endpoints.find(each => each.format === format && each.route.operation === 'generate')
    if (endpoint) return `curl ${url}${endpoint.path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`
  }
  return undefined
}
