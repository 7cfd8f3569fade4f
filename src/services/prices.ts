/** What calls cost: prices of the configuration, and behind them the list prices that are published by providers. */
import { createRequire } from 'node:module'
import type * as GenAiPrices from '@pydantic/genai-prices'
import type { Provider } from '@pydantic/genai-prices'
import type { Prices, Usage } from '../contract.ts'
import { matchGlob } from '../glob.ts'
import { providerName } from './gen-ai-names.ts'

/** US dollars for a million tokens. */
export interface ModelPrice {
  readonly input: number
  readonly output: number
  /** Absent: as any other input. */
  readonly cacheRead?: number
  readonly cacheWrite?: number
}

/** What must be known of a configured provider to find its list prices. */
export interface PricedProvider {
  readonly client: string
  readonly dialect?: string
  readonly baseUrl?: string
}

const MILLION = 1_000_000
/** Models are client's words at times: remembered, but not without end. */
const MAX_ENTRIES = 1_000

/** The list's names of providers, by OpenTelemetry's. */
const LISTED: Readonly<Record<string, string>> = {
  openai: 'openai',
  'azure.ai.openai': 'azure',
  anthropic: 'anthropic',
  'gcp.gemini': 'google',
  deepseek: 'deepseek',
  groq: 'groq',
  mistral_ai: 'mistral',
  moonshot_ai: 'moonshotai',
  perplexity: 'perplexity',
  x_ai: 'x-ai',
}

export class PriceTable implements Prices {
  readonly #own: ReadonlyMap<string, ModelPrice>
  readonly #providers: ReadonlyMap<string, PricedProvider>
  readonly #listed = new Map<string, string | undefined>()
  readonly #entries = new Map<string, Provider | null>()

  /**
   * @param own prices by model or pattern (`*`); an exact name comes before a pattern, then the first that matches counts
   * @param providers the configured ones, by name
   */
  constructor(own: ReadonlyMap<string, ModelPrice>, providers: ReadonlyMap<string, PricedProvider>) {
    this.#own = own
    this.#providers = providers
  }

  cost(provider: string, model: string, usage: Usage): number | undefined {
    const counts = plausible(usage)
    const own = this.#ownPrice(model)
    if (own) return ownCost(own, counts)
    const listed = this.#listedName(provider)
    if (listed === undefined) return undefined
    const entry = this.#entryOf(listed, model)
    return entry === null ? undefined : listedCost(entry, model, counts)
  }

  #listedName(name: string): string | undefined {
    const provider = this.#providers.get(name)
    if (provider && !this.#listed.has(name)) this.#listed.set(name, listedName(provider))
    return this.#listed.get(name)
  }

  /**
   * The provider's list, cut down to the one entry that this model matches; `null` when none does. The whole list takes
   * longer to search than a call takes in all.
   */
  #entryOf(provider: string, model: string): Provider | null {
    const key = `${provider}\0${model}`
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const found = listPrices().calcPrice({}, model, { providerId: provider })
    const entry = found ? { ...found.provider, models: [found.model] } : null
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.clear()
    this.#entries.set(key, entry)
    return entry
  }

  #ownPrice(model: string): ModelPrice | undefined {
    const exact = this.#own.get(model)
    if (exact) return exact
    for (const [pattern, price] of this.#own) if (pattern.includes('*') && matchGlob(pattern, model)) return price
    return undefined
  }
}

const require = createRequire(import.meta.url)
let library: typeof GenAiPrices | undefined

/** The list takes 80 ms (20 from the compile cache) and 7 MB to load: it is read for the first call, not before. */
export function listPrices(): typeof GenAiPrices {
  library ??= require('@pydantic/genai-prices') as typeof GenAiPrices
  return library
}

/** The address says more than the kind of client: many providers speak OpenAI's formats. */
function listedName({ client, dialect, baseUrl }: PricedProvider): string | undefined {
  const byAddress = baseUrl === undefined ? undefined : listPrices().findProvider({ providerApiUrl: baseUrl })?.id
  return byAddress ?? LISTED[providerName(client, dialect)]
}

type Counts = Required<
  Pick<Usage, 'input' | 'output' | 'cacheRead' | 'cacheWrite' | 'cacheWrite1h' | 'audioInput' | 'audioOutput'>
> & {
  readonly webSearches: number
}

/** Counts are a provider's word: they may be anything. Parts are made to fit into the whole. */
function plausible(usage: Usage): Counts {
  const [cacheRead, cacheWrite] = [countOf(usage.cacheRead), countOf(usage.cacheWrite)]
  const output = countOf(usage.output)
  const input = Math.max(countOf(usage.input), cacheRead + cacheWrite)
  return {
    input,
    output,
    cacheRead,
    cacheWrite,
    cacheWrite1h: Math.min(cacheWrite, countOf(usage.cacheWrite1h)),
    audioInput: Math.min(input - cacheRead - cacheWrite, countOf(usage.audioInput)),
    audioOutput: Math.min(output, countOf(usage.audioOutput)),
    webSearches: countOf(usage.serverTools?.web_search_requests),
  }
}

function countOf(count: number | undefined): number {
  return count !== undefined && Number.isFinite(count) && count > 0 ? count : 0
}

function ownCost({ input, output, cacheRead = input, cacheWrite = input }: ModelPrice, counts: Counts): number {
  const fresh = counts.input - counts.cacheRead - counts.cacheWrite
  const sum = fresh * input + counts.cacheRead * cacheRead + counts.cacheWrite * cacheWrite + counts.output * output
  return sum / MILLION
}

function listedCost(provider: Provider, model: string, counts: Counts): number | undefined {
  try {
    const found = listPrices().calcPrice(
      {
        input_tokens: counts.input,
        output_tokens: counts.output,
        cache_read_tokens: counts.cacheRead,
        cache_write_tokens: counts.cacheWrite,
        cache_write_1h_tokens: counts.cacheWrite1h,
        input_audio_tokens: counts.audioInput,
        output_audio_tokens: counts.audioOutput,
        web_searches: counts.webSearches,
      },
      model,
      { provider },
    )
    return found?.total_price
  } catch {
    // A usage that its prices cannot be applied to: no price is better than a wrong one.
    return undefined
  }
}
