/**
 * The metrics of the OpenTelemetry semantic conventions for generative AI, under the names that Prometheus gives them,
 * so that dashboards made for other gateways work here.
 */
import type { Registry } from 'prom-client'
import { QuickHistogram as Histogram } from './quick-series.ts'

/** OpenTelemetry GenAI metrics: advised boundaries of each instrument. */
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power)
const DURATION = Array.from({ length: 14 }, (_, power) => 2 ** power / 100)
const FIRST_TOKEN = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 60,
]
const EACH_TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]

const CALL_LABELS = [
  'pipeline',
  'gen_ai_operation_name',
  'gen_ai_provider_name',
  'gen_ai_request_model',
  'gen_ai_response_model',
]

/** The three that follow `input` and `output` are parts of these two: do not add them up. */
export const TOKEN_TYPES = ['input', 'output', 'cached_input', 'cache_creation_input', 'reasoning'] as const
export type TokenType = (typeof TOKEN_TYPES)[number]

/** Values of `CALL_LABELS`, in that order. */
export type GenAiLabels = readonly [
  pipeline: string,
  operation: string,
  provider: string,
  requestModel: string,
  responseModel: string,
]

/** The histograms of one combination of labels. Seconds throughout. */
export interface GenAiSeries {
  readonly operation: Observed
  readonly request: Observed
  readonly firstToken: Observed
  readonly eachToken: Observed
  readonly tokens: Readonly<Record<TokenType, Observed>>
}
interface Observed {
  observe(value: number): void
}

export class GenAiMetrics {
  readonly #operation: Histogram
  readonly #request: Histogram
  readonly #firstToken: Histogram
  readonly #eachToken: Histogram
  readonly #tokens: Histogram

  constructor(registry: Registry) {
    const histogram = (name: string, help: string, buckets: number[], more: readonly string[] = []): Histogram =>
      new Histogram({ name, help, buckets, labelNames: [...CALL_LABELS, ...more], registers: [registry] })
    this.#tokens = histogram(
      'gen_ai_client_token_usage',
      'Tokens of a call as the provider counted them; cached_input, cache_creation_input and reasoning are parts of the others.',
      TOKENS,
      ['gen_ai_token_type'],
    )
    this.#operation = histogram(
      'gen_ai_client_operation_duration_seconds',
      'Time that a call spent at providers, up to the end of the reply.',
      DURATION,
      ['error_type'],
    )
    this.#request = histogram(
      'gen_ai_server_request_duration_seconds',
      'Time from the arrival of a call to the last byte of its reply.',
      DURATION,
      ['error_type'],
    )
    this.#firstToken = histogram(
      'gen_ai_server_time_to_first_token_seconds',
      'Time from the arrival of a call to the first content of its streamed reply.',
      FIRST_TOKEN,
    )
    this.#eachToken = histogram(
      'gen_ai_server_time_per_output_token_seconds',
      'Time per output token of a streamed reply, after the first one.',
      EACH_TOKEN,
    )
  }

  /** @param error what the call ended with; empty when it ended well */
  series(labels: GenAiLabels, error: string): GenAiSeries {
    const type = (name: TokenType): Observed => this.#tokens.labels(...labels, name)
    return {
      operation: this.#operation.labels(...labels, error),
      request: this.#request.labels(...labels, error),
      firstToken: this.#firstToken.labels(...labels),
      eachToken: this.#eachToken.labels(...labels),
      tokens: {
        input: type('input'),
        output: type('output'),
        cached_input: type('cached_input'),
        cache_creation_input: type('cache_creation_input'),
        reasoning: type('reasoning'),
      },
    }
  }
}
