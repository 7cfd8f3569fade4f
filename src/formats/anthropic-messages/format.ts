/** Anthropic's Messages API, versions 2023-06-01 and 2026-10-21. */
import { writeJson } from '../../json/raw.ts'
import { topLevelCap } from '../token-cap.ts'
import type { RequestHead, RequestParts, Route, WireFormat } from '../wire-format.ts'
import { PING } from './block-frames.ts'
import { decodeError, encodeError, encodeStreamError } from './errors.ts'
import { isObject, stringAt } from './fields.ts'
import { checkStream } from './grammar.ts'
import { decodeModels, encodeModel, encodeModels } from './models.ts'
import { AnthropicStreamObserver, observeReply } from './observe.ts'
import { decodeReply } from './reply-decode.ts'
import { encodeReply } from './reply-encode.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { COUNT_TOKENS, GENERATE } from './schema.ts'
import { AnthropicStreamDecoder } from './stream-decode.ts'
import { AnthropicStreamEncoder } from './stream-encode.ts'
import { countedTokens } from './usage.ts'

const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/v1/messages', operation: 'generate' },
  { method: 'POST', path: '/v1/messages/count_tokens', operation: 'count-tokens' },
  { method: 'GET', path: '/v1/models', operation: 'list-models' },
  { method: 'GET', path: '/v1/models/{model}', operation: 'list-models' },
]

const format: WireFormat = {
  summary: "Anthropic's Messages API: messages, token counts and models.",
  routes: ROUTES,
  schemas: { generate: GENERATE, 'count-tokens': COUNT_TOKENS },
  modelIn: 'body',
  clientHeaders: ['anthropic-version'],
  maxOutputTokens: topLevelCap('max_tokens'),
  upstream: true,
  readHead,
  decodeRequest,
  encodeRequest,
  decodeReply,
  encodeReply,
  decodeStream: () => new AnthropicStreamDecoder(),
  encodeStream: context => new AnthropicStreamEncoder(context),
  checkStream,
  observeStream: () => new AnthropicStreamObserver(),
  observeReply,
  encodeError,
  decodeError,
  encodeStreamError,
  heartbeat: PING,
  encodeTokenCount: tokens => writeJson({ input_tokens: tokens }),
  decodeTokenCount: countedTokens,
  encodeModels,
  encodeModel,
  decodeModels,
}
export default format

function readHead({ route, pathModel, body }: RequestParts): RequestHead {
  const fields = isObject(body) ? body : {}
  return {
    operation: route.operation,
    model: stringAt(fields, 'model') ?? pathModel ?? '',
    stream: route.operation === 'generate' && fields.stream === true,
    framing: 'sse',
  }
}
