/** Undoes what `content-encoding` says of a request's body (RFC 9110, 8.4). Codex compresses its calls with zstd. */
import type { Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { refusal } from '../errors.ts'

const CHUNK = { chunkSize: 64 * 1024 }

/** A window of 8 MiB is all that this coding may ask for (RFC 9659); a larger one would only fill the memory. */
const ZSTD = { ...CHUNK, params: { [constants.ZSTD_d_windowLogMax]: 23 } }

const CODINGS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', () => createGunzip(CHUNK)],
  ['x-gzip', () => createGunzip(CHUNK)],
  ['deflate', () => createInflate(CHUNK)],
  ['br', () => createBrotliDecompress(CHUNK)],
  ['zstd', () => createZstdDecompress(ZSTD)],
])

/**
 * The coding that a body is in; `undefined` when it is in none.
 * @throws Refusal 415 for one that is not known, or for several
 */
export function codingOf(header: string | undefined): string | undefined {
  const coding = header?.trim().toLowerCase() ?? ''
  if (coding === '' || coding === 'identity') return undefined
  if (CODINGS.has(coding)) return coding
  const known = [...CODINGS.keys()].filter(name => !name.startsWith('x-')).join(', ')
  throw refusal('unsupported_media_type', `The body may be compressed with one of ${known}, not with "${coding}".`)
}

/**
 * @param take told the size of each piece before it is kept; what it throws ends the work, so that a small body cannot
 *   become an endless one
 * @throws Refusal 400 when the bytes are not in this coding, or not all of them have come
 */
export async function decompressed(bytes: Buffer, coding: string, take: (bytes: number) => void): Promise<Buffer> {
  const decoder = CODINGS.get(coding)?.()
  if (decoder === undefined) throw new Error(`"${coding}" is no coding`)
  decoder.end(bytes)
  const chunks: Buffer[] = []
  for await (const piece of readable(decoder, coding)) {
    take(piece.length)
    chunks.push(piece)
  }
  return Buffer.concat(chunks)
}

/** The pieces, with an error that says what is wrong with the body. */
async function* readable(pieces: AsyncIterable<Buffer>, coding: string): AsyncIterable<Buffer> {
  try {
    yield* pieces
  } catch {
    throw refusal('malformed_json', `The body is not whole, or not compressed with ${coding} as its header says.`)
  }
}
