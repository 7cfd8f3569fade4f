/** What was asked for cannot be done, and the message says why: for a person, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
