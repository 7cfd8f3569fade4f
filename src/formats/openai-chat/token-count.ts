/**
 * Chat Completions has no endpoint that counts tokens, so no route leads here and no upstream answers so. The engine
 * may still have a count to say in this format; this body, made up by Sluice, is how.
 */
export function encodeTokenCount(tokens: number): string {
  return JSON.stringify({ object: 'token_count', tokens })
}
