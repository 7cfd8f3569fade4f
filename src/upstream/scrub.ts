// What the keys of the large providers look like, and credentials in headers that an upstream may quote.
const KEY_LIKE =
  /\b(?:sk-[A-Za-z0-9_-]{12,}|AIza[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{12,}|xai-[A-Za-z0-9]{12,})|\bBearer\s+[A-Za-z0-9._~+/-]{12,}=*/g

/** Takes credentials out of a provider's own words: the one it was asked with, and whatever looks like one. */
export function scrubSecrets(text: string, key: string | undefined): string {
  const known = key === undefined || key.length < 4 ? text : text.replaceAll(key, '[secret]')
  return known.replace(KEY_LIKE, '[secret]')
}
