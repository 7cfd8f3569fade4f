/** The stream half of a wire format that has no streams. The engine never asks for it; if it did, it would be told. */
import type { ErrorView } from './error-view.ts'
import type { StreamDecoder, StreamEncoder, StreamObserver } from './wire-format.ts'

const NOT_STREAMED: ErrorView = {
  kind: 'server',
  status: 500,
  code: 'not_streamed',
  message: 'Replies of this format are not streamed.',
}

export function decodeNoStream(): StreamDecoder {
  return { frame: () => [], end: () => [{ type: 'error', error: NOT_STREAMED }] }
}

export function encodeNoStream(): StreamEncoder {
  return { event: () => '', losses: [] }
}

export function observeNoStream(): StreamObserver {
  return { frame: () => 'error', observation: { error: NOT_STREAMED } }
}
