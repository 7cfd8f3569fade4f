/** OpenAI embeddings. */
import { Refusal } from '../../refusal.ts'
import { decodeError } from '../openai-chat/error-decode.ts'
import { encodeStreamError } from '../openai-chat/errors.ts'
import { objectOf, wordOf } from '../openai-chat/fields.ts'
import { decodeModels, encodeModel, encodeModels } from '../openai-chat/models.ts'
import { encodeTokenCount } from '../openai-chat/token-count.ts'
import { encodeOpenaiError } from '../openai-errors.ts'
import { decodeNoStream, encodeNoStream, observeNoStream } from '../unstreamed.ts'
import type { RequestHead, RequestParts, WireFormat } from '../wire-format.ts'
import { decodeReply, encodeReply, observeReply } from './reply.ts'
import { decodeRequest, encodeRequest } from './request.ts'
import { EMBED } from './schema.ts'

const format: WireFormat = {
  summary: 'OpenAI embeddings: texts or tokens in, vectors out.',
  routes: [
    { method: 'POST', path: '/v1/embeddings', operation: 'embed' },
    // Where Azure's SDKs ask.
    { method: 'POST', path: '/openai/deployments/{model}/embeddings', operation: 'embed' },
  ],
  schemas: { embed: EMBED },
  modelIn: 'body',
  upstream: true,
  readHead,
  decodeRequest,
  encodeRequest,
  decodeReply,
  encodeReply,
  decodeStream: decodeNoStream,
  encodeStream: encodeNoStream,
  observeStream: observeNoStream,
  observeReply,
  encodeError: encodeOpenaiError,
  decodeError,
  encodeStreamError,
  heartbeat: ': keep-alive\n\n',
  encodeTokenCount,
  decodeTokenCount: () => undefined,
  encodeModels,
  encodeModel,
  decodeModels,
}

export default format

/** @throws Refusal 400 when the body names no model */
function readHead({ route, body }: RequestParts): RequestHead {
  const model = wordOf(objectOf(body)?.model)
  if (model === undefined) throw new Refusal(400, 'invalid_request', '"model" is missing.', { param: 'model' })
  return { operation: route.operation, model, stream: false, framing: 'sse' }
}
