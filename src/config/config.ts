/** The checked configuration: what the rest of the gateway is built from. Durations in milliseconds, sizes in bytes. */
import type { ProcessorDefinition } from '../contract.ts'
import type { CapabilityOverride } from '../models/catalogue.ts'
import type { ObjectSchema, Secret } from '../options.ts'
import type { Place } from './place.ts'
import type { Reference } from './read-options.ts'

export interface Config {
  /** The file that it was read from. */
  readonly file: string
  readonly server: ServerConfig
  readonly metrics: MetricsConfig
  readonly log: LogConfig
  readonly store: StoreConfig
  /** By model or pattern, in the order of the file. */
  readonly prices: ReadonlyMap<string, PriceConfig>
  /** What is believed of models otherwise than the shipped catalogue says, in the order of the file. */
  readonly modelCapabilities: readonly CapabilityOverride[]
  /** By name, in the order of the file. */
  readonly providers: ReadonlyMap<string, ProviderConfig>
  /** By name, in the order of the file. */
  readonly pipelines: ReadonlyMap<string, PipelineConfig>
}

export interface ServerConfig {
  readonly host: string
  readonly port: number
  readonly workers: number
  readonly bodyLimit: number
  /** All request bodies in flight together. */
  readonly maxBodyMemory: number
  readonly drainTimeout: number
  readonly headersTimeout: number
  /** For receiving a whole request. */
  readonly requestTimeout: number
  readonly keepAlive: number
  readonly maxConnections?: number
  readonly open: boolean
}

export interface MetricsConfig {
  readonly enabled: boolean
  readonly path: string
}

export interface LogConfig {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  readonly format: 'auto' | 'json' | 'pretty'
}

export interface StoreConfig {
  readonly driver: 'memory' | 'redis'
  readonly url?: Secret
  /** How many instances share it. */
  readonly instances: number
}

/** US dollars for a million tokens. */
export interface PriceConfig {
  readonly input: number
  readonly output: number
  /** Absent: as any other input. */
  readonly cacheRead?: number
  readonly cacheWrite?: number
}

export interface ProviderConfig {
  readonly name: string
  /** The kind of provider client. */
  readonly client: string
  /** Without a trailing slash; absent for a kind that runs inside the gateway. */
  readonly baseUrl?: string
  /** `client`: the caller's own credential is passed on. Absent: requests carry no key. */
  readonly apiKey?: Secret | 'client'
  /**
   * The variables and files that `api_key` was made of. Set and `apiKey` absent: the key was meant to be there and is
   * empty, so that a refusal can name what to set.
   */
  readonly apiKeyVariable?: string
  readonly timeouts: ProviderTimeouts
  /** Further headers of every request, names in lower case. */
  readonly headers: Readonly<Record<string, Secret>>
  readonly dialect?: string
  readonly maxConnections?: number
  /** Checked against the schema of the client kind. */
  readonly options: unknown
  readonly place: Place
}

export interface ProviderTimeouts {
  readonly connect: number
  readonly firstToken: number
  readonly idle: number
  readonly total: number
}

export interface PipelineConfig {
  readonly name: string
  /** `''`, or a path that begins with a slash and does not end with one. */
  readonly prefix: string
  readonly parsers: readonly ParserConfig[]
  /** Name of a provider that is configured. */
  readonly provider: string
  readonly stream: StreamConfig
  /** For a whole call. */
  readonly deadline?: number
  readonly steps: readonly StepConfig[]
  readonly place: Place
}

export interface ParserConfig {
  /** Name of a format. */
  readonly use: string
  readonly prefix?: string
  readonly path?: string
  readonly place: Place
}

export interface StreamConfig {
  readonly bufferEvents: number
  readonly bufferBytes: number
  /** 0: never. */
  readonly heartbeat: number
  readonly stallTimeout: number
}

export interface StepConfig {
  /** As it is written: a name or a path. */
  readonly use: string
  /** Unique within the pipeline. */
  readonly label: string
  /** For the step itself. */
  readonly deadline?: number
  /** Checked against the schema of the processor. */
  readonly options: unknown
  readonly definition: ProcessorDefinition
  /** The file of the processor. */
  readonly file: string
  /** Names of providers and models that the options mention. */
  readonly references: readonly Reference[]
  readonly place: Place
}

/** What the configuration must know of a kind of provider. */
export interface ProviderKindEntry {
  readonly summary: string
  readonly options: ObjectSchema
  /** Where the provider is when the configuration does not say. */
  readonly defaultBaseUrl?: string
  /** Runs inside the gateway: has neither an address nor a key. */
  readonly embedded?: boolean
}

/** What the configuration must know of a format. */
export interface FormatEntry {
  readonly summary: string
  /** Its clients name the provider themselves, so that every configured provider is in use. */
  readonly namesProvider?: boolean
}

/** A processor that was found and imported. */
export interface LoadedProcessor {
  readonly definition: ProcessorDefinition
  readonly file: string
}
