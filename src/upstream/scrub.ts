// What the keys of the large providers look like, and credentials in headers that an upstream may quote.
const KEY_LIKE =
  /\b(?:sk-[A-Za-z0-9_-]{12,}|AIza[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{12,}|xai-[A-Za-z0-9]{12,})|\bBearer\s+[A-Za-z0-9._~+/-]{12,}=*/g

/** A shorter value is a word, not a secret, and would be found everywhere. */
const SHORTEST = 8

/** Takes credentials out of a provider's own words: those it was asked with, and whatever looks like one. */
export function scrubSecrets(text: string, secrets: readonly string[]): string {
  // In a provider's words a secret stands as it is, or as JSON writes it.
  const known = secrets
    .filter(secret => secret.length >= SHORTEST)
    .flatMap(secret => [secret, JSON.stringify(secret).slice(1, -1)])
  return known.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text).replace(KEY_LIKE, '[secret]')
}
