/** A gateway with two providers of different formats behind one chain, as everything that chooses between them needs. */

interface TwoProviders {
  /** Addresses of an OpenAI and of an Anthropic upstream. */
  readonly one: string
  readonly two: string
  /** Processors in the order of the chain, each in TOML from its `use` on. */
  readonly steps: readonly string[]
  /** TOML lines of `[pipelines.main]`. */
  readonly ofPipeline?: string
}

export function twoProviders({ one, two, steps, ofPipeline = '' }: TwoProviders): string {
  return `
[providers.one]
client = "openai-chat"
base_url = "${one}/v1"
api_key = "k1"

[providers.two]
client = "anthropic-messages"
base_url = "${two}/v1"
api_key = "k2"

[pipelines.main]
parsers = ["openai-chat"]
provider = "one"
${ofPipeline}

${steps.map(step => `[[pipelines.main.processors]]\n${step}\n`).join('\n')}`
}
