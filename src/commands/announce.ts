import type { Config } from '../config/config.ts'
import type { ReadyGateway } from '../gateway.ts'
import { sampleCall, startPage } from '../server/start-page.ts'
import type { Services } from '../services/services.ts'

export interface Announced {
  readonly url: string
  readonly version: string
  readonly ready: Pick<ReadyGateway, 'endpoints' | 'providers'>
  readonly config: Config
  /** How many processes listen. */
  readonly workers: number
}

/** A page for a person in a terminal; one line of the log for everybody else. */
export function announce({ url, version, ready, config, workers }: Announced, { log }: Services): void {
  const keyless = [...ready.providers].flatMap(([provider, { missingKey }]) =>
    missingKey === undefined ? [] : [{ provider, variable: missingKey }],
  )
  if (process.stdout.isTTY) {
    const defaults = new Map([...config.pipelines.values()].map(({ name, provider }) => [name, provider]))
    const metricsPath = config.metrics.enabled ? config.metrics.path : undefined
    process.stdout.write(
      `\n${startPage({ version, url, endpoints: ready.endpoints, defaults, keyless, metricsPath })}\n`,
    )
    return
  }
  for (const { provider, variable } of keyless) {
    log.warn('provider has no key; calls to it are refused until it is set', { provider, variable })
  }
  log.info(`listening on ${url}`, {
    url,
    version,
    ...(workers > 1 && { workers }),
    try: sampleCall(url, ready.endpoints),
  })
}
