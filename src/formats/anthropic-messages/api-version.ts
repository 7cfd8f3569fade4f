/**
 * The API's two versions. Since 2026-10-21 many optional fields of replies are required but nullable, and the official
 * SDK's types rely on them; in 2023-06-01 they are left out (Anthropic Messages API, SDK 1.x types).
 */
export type ApiVersion = '2023-06-01' | '2026-10-21'

const NULLABLE_SINCE = '2026-10-21'

/** The version that a client speaks, of its `anthropic-version` header. Later dates count as the newest. */
export function apiVersionOf(headers: Readonly<Record<string, string | undefined>>): ApiVersion {
  const date = headers['anthropic-version']
  return date !== undefined && date >= NULLABLE_SINCE ? '2026-10-21' : '2023-06-01'
}
