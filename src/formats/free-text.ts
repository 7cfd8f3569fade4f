/**
 * Tools that take free text, where there are only functions: a function of one text, `input`, stands in for the tool
 * (conversion.md E49). Here the text comes out of the call's arguments again.
 */

/** The text of a call out of the object that stood in for it; whatever else came, as it came. */
export function unwrapInput(argumentsText: string): string {
  try {
    const value: unknown = JSON.parse(argumentsText)
    const isStandIn = typeof value === 'object' && value !== null && 'input' in value && typeof value.input === 'string'
    return isStandIn ? String(value.input) : argumentsText
  } catch {
    return argumentsText
  }
}
