/**
 * How the many servers that speak Chat Completions differ in what they take (conversion.md A.2.8). Differences in what
 * they answer need no table: the decoders read all of them.
 */
import type { ServiceTier } from '../conversation.ts'
import { OPENAI_TIERS } from './service-tier.ts'

export interface Dialect {
  /** Fields of the body that have another name here: ours → theirs. */
  readonly rename: Readonly<Record<string, string>>
  /** Fields of the body, in our names, that this server refuses; they are left out and noted as losses. */
  readonly omit: readonly string[]
  /** Whether it knows the role `developer`; else `system` stands for it. */
  readonly developer: boolean
  /** `head`: its chat templates take one system message, at the beginning. */
  readonly system: 'anywhere' | 'head'
  /** Whether a user message may stand directly behind tool results. */
  readonly userAfterTool: boolean
  /** `short`: exactly nine letters and digits. */
  readonly callIds: 'any' | 'short'
  /** Where the reasoning settings stand: `reasoning_effort`, OpenRouter's `reasoning`, DeepSeek's `thinking`, nowhere. */
  readonly reasoning: 'effort' | 'object' | 'thinking' | 'none'
  /** Under which name earlier reasoning goes back to the model; `none`: it must not. */
  readonly replay: 'none' | 'reasoning_content' | 'reasoning' | 'thinking'
  /** Refuses assistant turns with tool calls that lack their reasoning; an empty one will do (conversion.md E105). */
  readonly replayRequired: boolean
  /** Tool results may hold images. */
  readonly toolMedia: boolean
  readonly video: boolean
  /** How a document is given by its address. */
  readonly documentUrl: 'none' | 'file_data' | 'document_url'
  /** How the end of a cacheable prefix is marked; `implicit`: not at all. */
  readonly cacheMarks: 'implicit' | 'breakpoint' | 'cache_control'
  /** The word for "call some tool". */
  readonly forcedTool: 'required' | 'any'
  /** Custom tools and `allowed_tools`. */
  readonly customTools: boolean
  /** What stands in `content` of an assistant turn that says nothing. */
  readonly noContent: null | ''
  /** Streams tell usage only when asked by `stream_options`; else they always do and refuse to be asked. */
  readonly streamOptions: boolean
  /** Goes on with a last assistant turn that is marked with `prefix`. */
  readonly prefix: boolean
  /** Sends Gemini's signatures along with tool calls and wants them back. */
  readonly thoughtSignatures: boolean
  /** Wants OpenRouter's `reasoning_details` back. */
  readonly reasoningDetails: boolean
  /** OpenAI itself, or a server that takes its own models' calls. */
  readonly openaiModels: boolean
  readonly serviceTiers: Readonly<Partial<Record<ServiceTier, string>>>
}

/** What most compatible servers have in common. What is known of one of them stands in the table. */
const COMPATIBLE: Dialect = {
  rename: { max_completion_tokens: 'max_tokens', safety_identifier: 'user' },
  omit: ['verbosity'],
  developer: false,
  system: 'anywhere',
  userAfterTool: true,
  callIds: 'any',
  reasoning: 'effort',
  replay: 'reasoning_content',
  replayRequired: false,
  toolMedia: false,
  video: false,
  documentUrl: 'none',
  cacheMarks: 'implicit',
  forcedTool: 'required',
  customTools: false,
  noContent: null,
  streamOptions: true,
  prefix: false,
  thoughtSignatures: false,
  reasoningDetails: false,
  openaiModels: false,
  serviceTiers: OPENAI_TIERS,
}

const OPENAI: Dialect = {
  ...COMPATIBLE,
  rename: {},
  omit: ['top_k'],
  developer: true,
  replay: 'none',
  cacheMarks: 'breakpoint',
  customTools: true,
  openaiModels: true,
}

const LOCAL: Dialect = {
  ...COMPATIBLE,
  system: 'head',
  omit: [...COMPATIBLE.omit, 'service_tier', 'store', 'metadata'],
}

/** A server of which nothing is known: many have chat templates that take one system message. */
const UNKNOWN: Dialect = { ...COMPATIBLE, system: 'head' }

const THINKING: Dialect = { ...COMPATIBLE, reasoning: 'thinking', omit: [...COMPATIBLE.omit, 'service_tier', 'store'] }

const TABLE: Readonly<Record<string, Dialect>> = {
  openai: OPENAI,
  azure: { ...OPENAI, omit: [...OPENAI.omit, 'safety_identifier'] },
  copilot: { ...OPENAI, customTools: false },
  compatible: UNKNOWN,
  alibaba: { ...COMPATIBLE, video: true },
  deepseek: { ...THINKING, replayRequired: true, prefix: true },
  gemini: { ...COMPATIBLE, replay: 'none', thoughtSignatures: true, omit: [...COMPATIBLE.omit, 'logit_bias', 'seed'] },
  groq: {
    ...COMPATIBLE,
    rename: { safety_identifier: 'user' },
    omit: ['verbosity', 'logit_bias', 'logprobs', 'top_logprobs', 'top_k', 'prompt_cache_key'],
    replay: 'reasoning',
    serviceTiers: { auto: 'auto', standard: 'on_demand', flex: 'flex', priority: 'performance' },
  },
  llamacpp: LOCAL,
  mistral: {
    ...COMPATIBLE,
    rename: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
    omit: [
      'logit_bias',
      'logprobs',
      'top_logprobs',
      'top_k',
      'service_tier',
      'store',
      'safety_identifier',
      'verbosity',
    ],
    userAfterTool: false,
    callIds: 'short',
    replay: 'thinking',
    toolMedia: true,
    documentUrl: 'document_url',
    forcedTool: 'any',
    noContent: '',
    streamOptions: false,
    prefix: true,
  },
  moonshot: { ...COMPATIBLE, replayRequired: true },
  ollama: { ...LOCAL, replay: 'reasoning', toolMedia: true, noContent: '' },
  openrouter: {
    ...COMPATIBLE,
    rename: { safety_identifier: 'user' },
    omit: ['store'],
    reasoning: 'object',
    replay: 'reasoning',
    toolMedia: true,
    video: true,
    documentUrl: 'file_data',
    cacheMarks: 'cache_control',
    developer: true,
    reasoningDetails: true,
  },
  perplexity: {
    ...LOCAL,
    omit: [...LOCAL.omit, 'seed', 'logit_bias', 'n', 'logprobs', 'top_logprobs'],
    replay: 'none',
  },
  sglang: LOCAL,
  vllm: { ...LOCAL, video: true },
  xai: { ...COMPATIBLE, omit: [...COMPATIBLE.omit, 'logit_bias', 'top_k', 'store'] },
  zhipu: { ...THINKING, video: true },
}

/** @param name a name of the table; a server that is not in it is taken for a compatible one. Default: OpenAI itself */
export function dialectOf(name = 'openai'): Dialect {
  return Object.hasOwn(TABLE, name) ? (TABLE[name] ?? UNKNOWN) : UNKNOWN
}
