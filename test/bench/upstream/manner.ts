/** How the simulated provider answers. */
export interface Manner {
  /** In each answer. */
  readonly tokens: number
  /** Milliseconds between two tokens of a stream; 0 sends them as fast as they go. */
  readonly gapMs: number
  /** One write for each event instead of one for the whole stream; what `gapMs` does anyway. */
  readonly writesEach: boolean
}

/** What has come since it was asked last. */
export interface UpstreamCounts {
  readonly openai: number
  readonly anthropic: number
  /** Calls of which a part was missing, or that nobody understood. */
  readonly refused: number
}

/** In an answer, where nothing else is said. */
export const TOKENS = 200

export const AT_ONCE: Manner = { tokens: TOKENS, gapMs: 0, writesEach: false }
