/** `request-id` is where Anthropic's SDK looks, `x-request-id` everybody else. */
export function requestIds(id: string): Record<string, string> {
  return { 'x-request-id': id, 'request-id': id }
}
