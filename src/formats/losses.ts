/** A thing that a conversion could not carry over as it was. Never silent: see `docs/architecture.md`, "Losses". */
export interface Loss {
  /** Where it stood in the source, as a dotted path: `messages[2].content[0].cache_control`. */
  readonly path: string
  /** `dropped`: it is gone. `approximated`: something close stands in its place. */
  readonly action: 'dropped' | 'approximated'
  /** Why, in a few words a person can act on: `Gemini has no logit_bias`. */
  readonly reason: string
}
