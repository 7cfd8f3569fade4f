/** `data:` URLs (RFC 2397), as images and files travel in Chat Completions. */

export interface InlineData {
  readonly mimeType?: string
  readonly base64: string
}

/**
 * Reads a base64 `data:` URL leniently: any case, further parameters, no MIME type.
 * @returns `undefined` for any other URL
 */
export function readDataUrl(url: string): InlineData | undefined {
  if (url.slice(0, 5).toLowerCase() !== 'data:') return undefined
  const comma = url.indexOf(',')
  if (comma < 0) return undefined
  const [type = '', ...parameters] = url
    .slice(5, comma)
    .split(';')
    .map(word => word.trim().toLowerCase())
  if (!parameters.includes('base64')) return undefined
  const base64 = url.slice(comma + 1)
  return type === '' ? { base64 } : { mimeType: type === 'image/jpg' ? 'image/jpeg' : type, base64 }
}

/** @param mimeType what to say when the type is not known */
export function writeDataUrl({ mimeType, base64 }: InlineData, unknown = 'application/octet-stream'): string {
  return `data:${mimeType ?? unknown};base64,${base64}`
}
