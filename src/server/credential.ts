type Headers = Readonly<Record<string, string | undefined>>

/**
 * The key that a client presents, wherever its SDK puts it: `authorization: Bearer`, `x-api-key`, `x-goog-api-key`,
 * `api-key` or the query's `key`. Any route takes any of them (clients.md 1).
 */
export function credentialOf(headers: Headers, query: Headers): string | undefined {
  const bearer = headers.authorization?.match(/^Bearer +(\S+) *$/i)?.[1]
  const key = bearer ?? headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers['api-key'] ?? query.key
  return key === '' ? undefined : key
}
