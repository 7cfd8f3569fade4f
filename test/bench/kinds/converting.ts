/** What converting costs: an Anthropic client and an OpenAI client at one gateway, in front of one OpenAI provider. */
import { HEADLINE } from '../gateway-config.ts'
import { describePrompt, type Prompt } from '../prompts.ts'
import type { Measured, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { startGateway } from '../targets/sluice.ts'
import type { Target } from '../targets/target.ts'
import { measurePair, type Side } from './pair.ts'

export function converting(kind: string, shape: Pick<Prompt, 'size' | 'stream'>): Scenario {
  const name = `converting-${kind}`
  return {
    name,
    table: 'converting',
    summary: `anthropic-messages → openai-chat beside openai-chat, ${describePrompt(shape)}`,
    measure: async stage => {
      await using gateway = await startGateway(stage.surroundings, HEADLINE)
      return await measure(stage, gateway, shape)
    },
  }
}

async function measure(stage: Stage, gateway: Target, shape: Pick<Prompt, 'size' | 'stream'>): Promise<Measured> {
  const side = (label: string, format: Prompt['format']): Side => ({
    label,
    question: { prompt: { format, ...shape } },
  })
  await stage.upstreamCounts()
  const measured = await measurePair(stage, gateway, {
    name: 'Anthropic → OpenAI',
    call: describePrompt(shape),
    without: side('same format', 'openai-chat'),
    with: side('converted', 'anthropic-messages'),
  })
  const { anthropic } = await stage.upstreamCounts()
  if (anthropic > 0) throw new Error(`${anthropic} calls came to the provider without being converted`)
  return measured
}
