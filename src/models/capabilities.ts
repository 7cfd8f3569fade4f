/** What a call for a model may ask for: one set of facts for the models of all makers, and its schema. */
import type { ObjectSchema, OptionSchema, OptionsOf } from '../options.ts'

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const

/** The facts one by one; their descriptions are the reference. */
const FACTS = {
  max_output_tokens: {
    type: 'integer',
    minimum: 0,
    description:
      'The most tokens of one answer. Asked for where a format wants a number and the client names none; larger wishes are cut to it. 0: not known.',
  },
  default_output_tokens: {
    type: 'integer',
    minimum: 1,
    description: 'Asked for where a format wants a number, the client names none, and the limit is not known.',
  },
  thinking: {
    type: 'array',
    uniqueItems: true,
    items: { type: 'string', enum: ['adaptive', 'budget', 'level', 'any'] },
    description:
      'How the model is told to think: adaptively, by a budget of tokens, by a level. "any": a mode that the client names is passed on as it is. Empty: it does not think, or cannot be told to (Anthropic, Gemini).',
  },
  thinking_off: {
    type: 'string',
    enum: ['disabled', 'between_tools', 'never'],
    description:
      'What stands for "do not think": nothing in its way, no more than between tool calls, or not to be had.',
  },
  thinking_budget_min: { type: 'integer', minimum: 0, description: 'Least tokens of a thinking budget.' },
  thinking_budget_max: {
    type: 'integer',
    minimum: 1,
    description: 'Most tokens of a thinking budget, where the answer itself does not count into it (Gemini).',
  },
  thinking_levels: {
    type: 'array',
    uniqueItems: true,
    items: { type: 'string', enum: ['minimal', 'low', 'medium', 'high'] },
    description: 'Levels of thinking (Gemini).',
  },
  efforts: {
    type: 'array',
    uniqueItems: true,
    items: { type: 'string', enum: EFFORTS },
    description:
      'Reasoning efforts that the model takes; others become the next lower one (Anthropic, OpenAI). Empty: none.',
  },
  reasons_unasked: {
    type: 'boolean',
    description: 'May reason without having been told to, so that its reasoning state is asked for (Responses).',
  },
  sampling: {
    type: 'string',
    enum: ['always', 'without_reasoning', 'never'],
    description: 'When temperature, top_p and the like may be set.',
  },
  temperature_with_top_p: { type: 'boolean', description: 'Takes temperature and top_p in one call.' },
  stop: {
    type: 'boolean',
    description: 'Takes stop sequences; without them Sluice ends the answer there (Chat Completions, Gemini).',
  },
  forced_tools: { type: 'boolean', description: 'Can be made to call a tool.' },
  tools_with_reasoning: { type: 'boolean', description: 'Takes functions while it reasons (Chat Completions).' },
  hosted_tools_with_functions: {
    type: 'boolean',
    description: 'Shows the calls of hosted tools beside functions of the client (Gemini).',
  },
  media_in_tool_results: { type: 'boolean', description: 'Takes media inside of tool results (Gemini).' },
  thought_signatures: {
    type: 'boolean',
    description: 'Wants a signature at the first function call of a turn (Gemini).',
  },
  structured_output: {
    type: 'string',
    enum: ['none', 'subset', 'any'],
    description:
      'To which JSON Schemas it can be held, in its answer and by strict tools: none, what structured outputs know of schemas, any (Anthropic).',
  },
  structured_output_with_functions: {
    type: 'boolean',
    description: 'Takes a JSON Schema for its answer beside functions (Gemini).',
  },
  system_prompt: { type: 'boolean', description: 'Takes instructions apart from the conversation (Gemini).' },
  inline_system: { type: 'boolean', description: 'Takes system turns in the middle of a conversation (Anthropic).' },
  prefill: { type: 'boolean', description: 'Goes on with a last turn of the assistant (Anthropic).' },
  fast: { type: 'boolean', description: 'Has a fast mode (Anthropic).' },
  cache_marks: { type: 'boolean', description: 'Takes marks at the end of a cacheable prefix (OpenAI).' },
} as const satisfies Readonly<Record<string, OptionSchema>>

/** Some of the facts, as they stand in a table. */
export const CAPABILITIES_SCHEMA = {
  type: 'object',
  description: 'What calls for a model may ask for.',
  properties: FACTS,
  additionalProperties: false,
} as const satisfies ObjectSchema

export type CapabilityChanges = OptionsOf<typeof CAPABILITIES_SCHEMA>
/** All of the facts. Lists are in order, weakest first. */
export type ModelCapabilities = Required<CapabilityChanges>

/** The names of the facts, in the order of the reference. */
export const CAPABILITY_NAMES = Object.keys(FACTS) as readonly (keyof ModelCapabilities)[]

/** Lists whose entries have ranks, weakest first: the encoders round down in them. */
export function inOrder<T extends CapabilityChanges>(facts: T): T {
  const { efforts, thinking_levels: levels } = facts
  return {
    ...facts,
    ...(efforts && { efforts: EFFORTS.filter(effort => efforts.includes(effort)) }),
    ...(levels && { thinking_levels: FACTS.thinking_levels.items.enum.filter(level => levels.includes(level)) }),
  }
}
