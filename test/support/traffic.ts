import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One recorded exchange with a real provider. */
export interface RecordedCase {
  /** `<format>/<case>` */
  readonly name: string
  readonly format: string
  readonly dialect: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly model: string | null
  readonly wantsStream: boolean
  readonly features: readonly string[]
  /** `raw`: exactly the bytes that were sent; anything else was written anew by the recorder. */
  readonly fidelity: { readonly request: string; readonly response: string }
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly requestText: string
  readonly status: number
  readonly responseHeaders: Readonly<Record<string, string>>
  readonly responseIsStream: boolean
  readonly responseText: string
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')
const SHARED = join(ROOT, '../shared/traffic')
const OWN = join(ROOT, 'test/traffic/recorded')

/** The whole collection where it is at hand, else the small selection in the repo; `SLUICE_TRAFFIC=own` wants that one. */
export const TRAFFIC = process.env.SLUICE_TRAFFIC !== 'own' && existsSync(SHARED) ? SHARED : OWN

/** Whether all of the collection is at hand: then its cases can be counted. */
export const isWholeCollection = TRAFFIC === SHARED

/** @param format a folder of the collection: a wire format, or `openai-compatible` */
export function recordedCases(format: string): RecordedCase[] {
  const folder = join(TRAFFIC, format)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map(name => readCase(format, name))
}

function readCase(format: string, name: string): RecordedCase {
  const folder = join(TRAFFIC, format, name)
  const request = JSON.parse(readFileSync(join(folder, 'request.meta.json'), 'utf8'))
  const response = JSON.parse(readFileSync(join(folder, 'response.meta.json'), 'utf8'))
  const body = response.stream ? 'response.sse' : 'response.json'
  return {
    name: `${format}/${name}`,
    format,
    dialect: request.dialect ?? format,
    method: request.method,
    path: request.path,
    query: request.query ?? '',
    model: request.model ?? null,
    wantsStream: request.wants_stream === true,
    features: request.features,
    fidelity: request.fidelity,
    requestHeaders: request.headers ?? {},
    requestText: readFileSync(join(folder, 'request.json'), 'utf8'),
    status: response.status,
    responseHeaders: response.headers ?? {},
    responseIsStream: response.stream === true,
    responseText: readFileSync(join(folder, body), 'utf8'),
  }
}
