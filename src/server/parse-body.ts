import { isUtf8 } from 'node:buffer'
import { refusal } from '../errors.ts'
import { TopLevelError } from '../json/top-level.ts'
import { Body } from '../pipeline/body.ts'

/**
 * Bytes → checked JSON body.
 * @throws Refusal 415 for another media type, 400 for what is not JSON of an object
 */
export function parseBody(bytes: Buffer, headers: Readonly<Record<string, string | undefined>>): Body {
  checkMediaType(headers)
  if (!isUtf8(bytes)) throw refusal('malformed_json', 'The body is not valid UTF-8.')
  const body = Body.of(bytes)
  // Sluice and the provider might each believe another one of the two (reliability.md, T11).
  const [twice] = scanned(body)
  if (twice !== undefined) {
    throw refusal('malformed_json', `"${twice.slice(0, 64)}" stands in the body more than once.`, {
      param: twice.slice(0, 64),
    })
  }
  return body
}

/** @returns keys that stand there more than once */
function scanned(body: Body): readonly string[] {
  try {
    return body.duplicates
  } catch (error) {
    if (!(error instanceof TopLevelError)) throw error
    if (error.message.startsWith('expected an object')) {
      throw refusal('malformed_json', 'The body must be a JSON object.')
    }
    throw refusal('malformed_json', `The body is not valid JSON: ${error.message}.`)
  }
}

function checkMediaType(headers: Readonly<Record<string, string | undefined>>): void {
  const type = headers['content-type']
  if (type === undefined || type === 'application/json') return
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
