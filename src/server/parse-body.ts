import { isUtf8 } from 'node:buffer'
import { refusal } from '../errors.ts'
import { Body } from '../pipeline/body.ts'

/**
 * Bytes → checked JSON body.
 * @throws Refusal 415 for another media type or a compressed body, 400 for what is not JSON of an object
 */
export function parseBody(bytes: Buffer, headers: Readonly<Record<string, string | undefined>>): Body {
  checkMediaType(headers)
  if (!isUtf8(bytes)) throw refusal('malformed_json', 'The body is not valid UTF-8.')
  const body = new Body(bytes)
  const value = parsed(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refusal('malformed_json', 'The body must be a JSON object.')
  }
  // Sluice and the provider might each believe another one of the two (reliability.md, T11).
  const [twice] = body.topLevel.duplicates
  if (twice !== undefined) {
    throw refusal('malformed_json', `"${twice.slice(0, 64)}" stands in the body more than once.`, {
      param: twice.slice(0, 64),
    })
  }
  return body
}

function parsed(body: Body): unknown {
  try {
    // Before the parser, which builds a million nested arrays without a murmur; this stops at the depth limit.
    void body.topLevel
    return body.value
  } catch (error) {
    const reason = error instanceof Error ? positionOf(error.message) : ''
    throw refusal('malformed_json', `The body is not valid JSON${reason}.`)
  }
}

/** Where it broke, without the client's own words that V8 quotes. */
function positionOf(message: string): string {
  const at = message.match(/at (?:position|offset) (\d+)/)?.[1]
  if (/deep|depth|nest/i.test(message)) return ': it is nested too deeply'
  return at === undefined ? '' : ` (at offset ${at})`
}

function checkMediaType(headers: Readonly<Record<string, string | undefined>>): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== '') {
    throw refusal('unsupported_media_type', 'Compressed bodies are not taken; send the body without content-encoding.')
  }
  const type = headers['content-type']
  if (type === undefined) return
  const [media = '', ...parameters] = type
    .toLowerCase()
    .split(';')
    .map(part => part.trim())
  const charset = parameters
    .find(parameter => parameter.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '')
  const isJson = media === 'application/json' || media.endsWith('+json') || media === ''
  if (!isJson || (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')) {
    throw refusal('unsupported_media_type', 'The body must be JSON in UTF-8: send content-type: application/json.')
  }
}
