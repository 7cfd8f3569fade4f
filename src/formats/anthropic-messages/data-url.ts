/** Data that came inside a URL or as base64, and what it really is. */

export interface DataUrl {
  readonly base64: string
  readonly mediaType?: string
}

/** Lenient about case, parameters and a missing type (RFC 2397). `undefined` for any other URL. */
export function parseDataUrl(url: string): DataUrl | undefined {
  if (!/^data:/i.test(url)) return undefined
  const comma = url.indexOf(',')
  if (comma < 0) return undefined
  const [mediaType = '', ...parameters] = url.slice('data:'.length, comma).split(';')
  const data = url.slice(comma + 1)
  const isBase64 = parameters.some(parameter => parameter.trim().toLowerCase() === 'base64')
  return {
    base64: isBase64 ? data : Buffer.from(percentDecoded(data), 'utf8').toString('base64'),
    ...(mediaType === '' ? {} : { mediaType: mediaType.trim().toLowerCase() }),
  }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** First bytes in base64 → type. The API refuses data that is not what it is declared to be, so the bytes decide. */
const SIGNATURES: readonly (readonly [prefix: string, mediaType: string])[] = [
  ['/9j/', 'image/jpeg'],
  ['iVBORw0KGgo', 'image/png'],
  ['R0lGOD', 'image/gif'],
  ['JVBERi', 'application/pdf'],
]

export function mediaTypeOf({ base64, mediaType }: DataUrl): string | undefined {
  for (const [prefix, found] of SIGNATURES) if (base64.startsWith(prefix)) return found
  // RIFF files hold sound as well: bytes 9 to 11, the end of "WEBP", tell.
  if (base64.startsWith('UklGR') && base64.startsWith('RUJQ', 12)) return 'image/webp'
  return mediaType === 'image/jpg' ? 'image/jpeg' : mediaType?.toLowerCase()
}
