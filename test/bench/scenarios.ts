import { coldStart } from './kinds/cold-start.ts'
import { converting } from './kinds/converting.ts'
import { cost } from './kinds/cost.ts'
import { latency } from './kinds/latency.ts'
import { memory } from './kinds/memory.ts'
import { observing } from './kinds/observing.ts'
import { paced } from './kinds/paced.ts'
import { processorScenarios } from './kinds/processors.ts'
import { workers } from './kinds/workers.ts'
import { processorCases } from './processor-cases.ts'
import type { ClientFormat, Prompt } from './prompts.ts'
import type { Scenario } from './scenario.ts'

/** Everything that can be measured, in the order in which it is. */
export const SCENARIOS: readonly Scenario[] = [
  cost({ name: 'chat-1k', summary: '1 KB, whole, same format', prompt: chat(1_000) }),
  cost({ name: 'chat-20k', summary: '20 KB, whole, same format', prompt: chat(20_000) }),
  cost({ name: 'chat-200k', summary: '200 KB, whole, same format', prompt: chat(200_000) }),
  cost({ name: 'stream', summary: 'stream of 200 chunks, same format', prompt: stream('openai-chat') }),
  cost({
    name: 'stream-writes',
    summary: 'stream of 200 chunks, a write of the provider for each, same format',
    prompt: stream('openai-chat'),
    writesEach: true,
  }),
  cost({
    name: 'stream-20k',
    summary: 'stream of 200 chunks, 20 KB, same format',
    prompt: stream('openai-chat', 20_000),
  }),
  cost({ name: 'convert-1k', summary: '1 KB, whole, Anthropic → OpenAI', prompt: messages(1_000) }),
  cost({ name: 'convert-20k', summary: '20 KB, whole, Anthropic → OpenAI', prompt: messages(20_000) }),
  cost({ name: 'convert-200k', summary: '200 KB, whole, Anthropic → OpenAI', prompt: messages(200_000) }),
  cost({
    name: 'convert-stream',
    summary: 'stream of 200 chunks, Anthropic → OpenAI',
    prompt: stream('anthropic-messages'),
  }),
  converting('20k', { size: 20_000, stream: false }),
  converting('200k', { size: 200_000, stream: false }),
  converting('stream', { size: 1_000, stream: true }),
  ...processorScenarios(await processorCases()),
  observing('metrics', 'whole', chat(1_000)),
  observing('metrics', 'stream', stream('openai-chat')),
  observing('log', 'whole', chat(1_000)),
  observing('log', 'stream', stream('openai-chat')),
  paced({ name: 'paced-1000', streams: 1_000, perSecond: 20, rampSeconds: 2, format: 'openai-chat' }),
  paced({ name: 'paced-1000-converted', streams: 1_000, perSecond: 20, rampSeconds: 2, format: 'anthropic-messages' }),
  paced({ name: 'paced-3000', streams: 3_000, perSecond: 10, rampSeconds: 4, format: 'openai-chat' }),
  latency({
    name: 'latency-chat',
    summary: 'added to calls of 1 KB, 200 a second',
    prompt: chat(1_000),
    perSecond: 200,
    tokens: 80,
    gapMs: 0,
  }),
  latency({
    name: 'latency-20k',
    summary: 'added to calls of 20 KB, 200 a second',
    prompt: chat(20_000),
    perSecond: 200,
    tokens: 80,
    gapMs: 0,
  }),
  latency({
    name: 'latency-stream',
    summary: 'added to the first token and to each of streams, 200 a second, a token each 2 ms',
    prompt: stream('openai-chat'),
    perSecond: 200,
    tokens: 20,
    gapMs: 2,
  }),
  coldStart,
  memory,
  workers,
]

function chat(size: number): Prompt {
  return { format: 'openai-chat', size, stream: false }
}

function messages(size: number): Prompt {
  return { format: 'anthropic-messages', size, stream: false }
}

function stream(format: ClientFormat, size = 1_000): Prompt {
  return { format, size, stream: true }
}
