/** What converting costs: an Anthropic client and an OpenAI client at one gateway, in front of one OpenAI provider. */
import { HEADLINE } from '../gateway-config.ts'
import type { Prompt } from '../prompts.ts'
import type { Measured, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { startGateway } from '../targets/sluice.ts'
import type { Target } from '../targets/target.ts'
import { measurePair, type Side } from './pair.ts'
import { describe } from './processors.ts'

const TOKENS = 200

export function converting(kind: string, shape: Pick<Prompt, 'size' | 'stream'>): Scenario {
  const name = `converting-${kind}`
  return {
    name,
    table: 'converting',
    summary: `anthropic-messages → openai-chat beside openai-chat, ${describe({ format: 'openai-chat', ...shape })}`,
    measure: async stage => {
      await using gateway = await startGateway(stage.surroundings, HEADLINE)
      return await measure(stage, gateway, shape)
    },
  }
}

async function measure(stage: Stage, gateway: Target, shape: Pick<Prompt, 'size' | 'stream'>): Promise<Measured> {
  const side = (label: string, format: Prompt['format']): Side => {
    const address = gateway.address(format)
    if (address === undefined) throw new Error(`the gateway does not speak ${format}`)
    return { label, address, question: { prompt: { format, ...shape }, tokens: TOKENS } }
  }
  await stage.upstreamCounts()
  const measured = await measurePair(stage, gateway, {
    name: 'Anthropic → OpenAI',
    call: describe({ format: 'openai-chat', ...shape }),
    without: side('same format', 'openai-chat'),
    with: side('converted', 'anthropic-messages'),
  })
  const { anthropic } = await stage.upstreamCounts()
  if (anthropic > 0) throw new Error(`${anthropic} calls came to the provider without being converted`)
  return measured
}
