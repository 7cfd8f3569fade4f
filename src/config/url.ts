/**
 * What is wrong with an address of the web; `undefined` when nothing is. A credential must not stand in it, because
 * addresses are logged.
 */
export function urlFault(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return 'must be a URL that begins with "http://" or "https://"'
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return 'is not a valid URL'
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password; use api_key or headers'
  return undefined
}

/** As `urlFault`, for an address that paths are appended to. */
export function baseUrlFault(text: string): string | undefined {
  const fault = urlFault(text)
  if (fault !== undefined) return fault
  if (text.includes('?')) return 'must not hold a query ("?"): paths are appended to it'
  if (text.includes('#')) return 'must not hold a fragment ("#"): paths are appended to it'
  return undefined
}
