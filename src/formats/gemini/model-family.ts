/** What must be known of a model before a request can be written for it. An unknown model counts as the newest. */
export interface ModelFamily {
  /** Main version: 2 for `gemini-2.5-pro`; `Infinity` where the name tells none. */
  readonly generation: number
  readonly gemma: boolean
  readonly thinking: Thinking
}

/**
 * How the depth of thinking is set (conversion.md C.5; ai.google.dev, "Gemini thinking"):
 * by level from Gemini 3 on, by a budget of tokens in 2.5, not at all before.
 */
export type Thinking =
  | { readonly by: 'level'; readonly levels: readonly Level[] }
  | { readonly by: 'budget'; readonly min: number; readonly max: number; readonly canDisable: boolean }
  | { readonly by: 'nothing' }

export type Level = 'minimal' | 'low' | 'medium' | 'high'

interface Row {
  readonly match: RegExp
  readonly thinking: Thinking
}

// First match wins. Image and speech models do not think, except the image models from 3 on, whose level is fixed.
const ROWS: readonly Row[] = [
  { match: /^gemma|embedding|-tts|-image|^imagen|^veo|^learnlm|^aqa$/, thinking: { by: 'nothing' } },
  { match: /^gemini-(?:1|2\.0)/, thinking: { by: 'nothing' } },
  { match: /^gemini-2\.5-pro/, thinking: { by: 'budget', min: 128, max: 32_768, canDisable: false } },
  { match: /^gemini-2\.5-flash-lite/, thinking: { by: 'budget', min: 512, max: 24_576, canDisable: true } },
  { match: /^gemini-(?:2\.5|robotics-er-1\.5)/, thinking: { by: 'budget', min: 1, max: 24_576, canDisable: true } },
  { match: /^gemini-3-pro/, thinking: { by: 'level', levels: ['low', 'high'] } },
  { match: /^gemini-3(?:\.[0-6])?-flash/, thinking: { by: 'level', levels: ['minimal', 'low', 'medium', 'high'] } },
]
const NEWEST: Thinking = { by: 'level', levels: ['low', 'medium', 'high'] }

/** @param model as in the path: with or without `models/` or a longer resource name before it */
export function modelFamily(model: string): ModelFamily {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  const version = /^gemini-(\d+)/.exec(name)?.[1]
  return {
    generation: version === undefined ? (ROWS[0]?.match.test(name) ? 0 : Number.POSITIVE_INFINITY) : Number(version),
    gemma: name.startsWith('gemma'),
    thinking: ROWS.find(row => row.match.test(name))?.thinking ?? NEWEST,
  }
}
