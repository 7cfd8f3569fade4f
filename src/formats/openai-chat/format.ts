/** OpenAI Chat Completions, and what its many compatible servers make of it. */
import { Refusal } from '../../refusal.ts'
import { encodeOpenaiError } from '../openai-errors.ts'
import { topLevelCap } from '../token-cap.ts'
import type { RequestHead, RequestParts, WireFormat } from '../wire-format.ts'
import { decodeError } from './error-decode.ts'
import { encodeStreamError } from './errors.ts'
import { objectOf, wordOf } from './fields.ts'
import { checkStream } from './grammar.ts'
import { decodeModels, encodeModel, encodeModels } from './models.ts'
import { observeReply, observeStream } from './observe.ts'
import { decodeReply } from './reply-decode.ts'
import { encodeReply } from './reply-encode.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { GENERATE } from './schema.ts'
import { decodeStream } from './stream-decode.ts'
import { encodeStream, HEARTBEAT } from './stream-encode.ts'
import { askForUsage } from './stream-usage.ts'
import { encodeTokenCount } from './token-count.ts'

const format: WireFormat = {
  summary: 'OpenAI Chat Completions, as OpenAI and most other servers speak it.',
  routes: [
    { method: 'POST', path: '/v1/chat/completions', operation: 'generate' },
    { method: 'GET', path: '/v1/models', operation: 'list-models' },
    { method: 'GET', path: '/v1/models/{model}', operation: 'list-models' },
    // Where Azure's SDKs ask. A model that the body names as well counts.
    { method: 'POST', path: '/openai/deployments/{model}/chat/completions', operation: 'generate' },
  ],
  schemas: { generate: GENERATE },
  modelIn: 'body',
  maxOutputTokens: topLevelCap('max_completion_tokens', 'max_tokens'),
  upstream: true,
  readHead,
  askForUsage(body, dialect) {
    const json = askForUsage(objectOf(body)?.stream_options, dialect)
    return json === undefined ? undefined : { key: 'stream_options', json }
  },
  decodeRequest,
  encodeRequest,
  decodeReply,
  encodeReply,
  decodeStream,
  encodeStream,
  checkStream,
  observeStream,
  observeReply,
  encodeError: encodeOpenaiError,
  decodeError,
  encodeStreamError,
  heartbeat: HEARTBEAT,
  encodeTokenCount,
  decodeTokenCount: () => undefined,
  encodeModels,
  encodeModel,
  decodeModels,
}

export default format

/** @throws Refusal 400 when the body names no model */
function readHead({ route, pathModel, body }: RequestParts): RequestHead {
  const { operation } = route
  if (operation === 'list-models') return { operation, model: pathModel ?? '', stream: false, framing: 'sse' }
  const fields = objectOf(body)
  const model = wordOf(fields?.model)
  if (model === undefined) throw new Refusal(400, 'invalid_request', '"model" is missing.', { param: 'model' })
  return { operation, model, stream: fields?.stream === true, framing: 'sse' }
}
