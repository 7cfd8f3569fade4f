/**
 * What the models of the Claude families can be asked for. Data only; sources: the recorded answer of `GET /v1/models`,
 * and the API's reference for models that are newer than it.
 */
export interface ModelLimits {
  /** The most tokens of one answer; also what is asked for when the client does not say. */
  readonly maxTokens: number
  /** Whether `maxTokens` is the model's own limit, so that larger wishes are cut to it. */
  readonly known: boolean
  /** Another vendor's model: it is given what the client said, and judges for itself. */
  readonly foreign: boolean
  /** Thinking modes that the model takes. */
  readonly adaptive: boolean
  readonly budget: boolean
  /** What stands for "do not think" at an effort up to `high`. `effort` means that thinking cannot be turned off. */
  readonly off: 'disabled' | 'between_tools' | 'effort'
  /** Levels of `output_config.effort`, weakest first; empty where the model takes none. */
  readonly efforts: readonly ClaudeEffort[]
  /** `temperature`, `top_p` and `top_k` other than their defaults. */
  readonly sampling: boolean
  /** `tool_choice` `any` and `tool`. */
  readonly forcedTools: boolean
  /** `output_config.format`. */
  readonly structured: boolean
  /** `role: "system"` inside `messages`. */
  readonly inlineSystem: boolean
  /** The conversation may end with an assistant turn that the model continues. */
  readonly prefill: boolean
  /** `speed: "fast"`. */
  readonly fast: boolean
}

export type ClaudeEffort = 'low' | 'medium' | 'high' | 'xhigh' | 'max'

const ALL_EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const

/** Claude 3 and the first of Claude 4. */
const OLD: ModelLimits = {
  maxTokens: 8192,
  known: true,
  foreign: false,
  adaptive: false,
  budget: false,
  off: 'disabled',
  efforts: [],
  sampling: true,
  forcedTools: true,
  structured: false,
  inlineSystem: false,
  prefill: true,
  fast: false,
}
const FOUR: ModelLimits = { ...OLD, budget: true, maxTokens: 64_000 }
const FOUR_FIVE: ModelLimits = { ...FOUR, structured: true }
const FOUR_SIX: ModelLimits = {
  ...FOUR_FIVE,
  maxTokens: 128_000,
  adaptive: true,
  efforts: ['low', 'medium', 'high', 'max'],
  prefill: false,
}
const FOUR_SEVEN: ModelLimits = { ...FOUR_SIX, budget: false, efforts: ALL_EFFORTS, sampling: false }
const FIVE: ModelLimits = { ...FOUR_SEVEN, inlineSystem: true }
const FIVE_FIVE: ModelLimits = { ...FIVE, forcedTools: false, off: 'effort' }

/**
 * Newest first. A version ends where no further one- or two-digit number follows, so that `opus-4` is not `opus-4-9`:
 * what is newer than this table is to be found missing in it.
 */
const FAMILIES: readonly (readonly [name: RegExp, limits: ModelLimits])[] = [
  [version('opus-5-5'), { ...FIVE_FIVE, fast: true }],
  [version('sonnet-5-5'), { ...FIVE_FIVE, off: 'between_tools' }],
  [version('haiku-5-5'), { ...FIVE_FIVE, forcedTools: true, off: 'disabled' }],
  [version('(?:fable|mythos)-5-[12]'), FIVE_FIVE],
  [version('(?:fable|mythos)-(?:5|preview)'), { ...FIVE, off: 'effort' }],
  [version('(?:opus|sonnet|haiku)-5'), { ...FIVE, fast: true }],
  [version('opus-4-8'), { ...FIVE, fast: true }],
  [version('opus-4-7'), { ...FOUR_SEVEN, fast: true }],
  [version('opus-4-6'), { ...FOUR_SIX, fast: true }],
  [version('sonnet-4-6'), FOUR_SIX],
  [version('opus-4-5'), { ...FOUR_FIVE, efforts: ['low', 'medium', 'high'] }],
  [version('(?:sonnet|haiku)-4-5'), FOUR_FIVE],
  [version('opus-4-1'), { ...FOUR_FIVE, maxTokens: 32_000 }],
  [version('opus-4(?:-0)?'), { ...FOUR, maxTokens: 32_000 }],
  [version('sonnet-4(?:-0)?'), FOUR],
  [version('claude-3-7-sonnet'), FOUR],
  [/claude-3-5-/, OLD],
  [/claude-(?:3-|2|instant)/, { ...OLD, maxTokens: 4096 }],
]

function version(name: string): RegExp {
  return new RegExp(`${name}(?!-?\\d{1,2}(?!\\d))`)
}

/** A Claude that is not in the table is newer than it, and its newest family's abilities are the best guess. */
const NEWEST: ModelLimits = { ...FIVE_FIVE, known: false }

/** Other vendors' models behind an endpoint of this format: nothing is known to be refused. */
const FOREIGN: ModelLimits = {
  maxTokens: 32_000,
  known: false,
  foreign: true,
  adaptive: false,
  budget: true,
  off: 'disabled',
  efforts: [],
  sampling: true,
  forcedTools: true,
  structured: true,
  inlineSystem: false,
  prefill: true,
  fast: false,
}

/** @param model a model's name in any of its spellings (`claude-opus-4-8`, `anthropic.claude-opus-4-8-v1:0`) */
export function limitsOf(model: string): ModelLimits {
  const name = model.toLowerCase().replaceAll('.', '-')
  for (const [pattern, limits] of FAMILIES) if (pattern.test(name)) return limits
  return name.includes('claude') ? NEWEST : FOREIGN
}
