/** The OpenAI Responses API as a wire format: `POST /v1/responses` and its token count. */
import type { JsonDocument } from '../../json/document.ts'
import { writeJson } from '../../json/raw.ts'
import type { ErrorView } from '../error-view.ts'
import { encodeOpenaiError, openaiCode } from '../openai-errors.ts'
import { topLevelCap } from '../token-cap.ts'
import type { RequestHead, RequestParts, WireFormat } from '../wire-format.ts'
import { decodeError } from './errors.ts'
import { isFields, numberOf } from './fields.ts'
import { checkStream } from './grammar.ts'
import { decodeModels, encodeModel, encodeModels } from './models.ts'
import { observeReply, ResponsesObserver } from './observe.ts'
import { decodeReply } from './reply-decode.ts'
import { encodeReply } from './reply-encode.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { SCHEMAS } from './schema.ts'
import { SseFrames } from './sse-frames.ts'
import { ResponsesStreamDecoder } from './stream-decode.ts'
import { errorFrames, HEARTBEAT, ResponsesStreamEncoder } from './stream-encode.ts'

const format: WireFormat = {
  summary: 'OpenAI Responses: POST /v1/responses, and its token count.',
  routes: [
    { method: 'POST', path: '/v1/responses', operation: 'generate' },
    { method: 'POST', path: '/v1/responses/input_tokens', operation: 'count-tokens' },
  ],
  schemas: SCHEMAS,
  modelIn: 'body',
  maxOutputTokens: topLevelCap('max_output_tokens'),
  upstream: true,
  readHead,
  decodeRequest,
  encodeRequest,
  decodeReply: document => decodeReply(document),
  encodeReply,
  decodeStream: () => new ResponsesStreamDecoder(),
  encodeStream: context => new ResponsesStreamEncoder(context),
  checkStream,
  observeStream: () => new ResponsesObserver(),
  observeReply: document => observeReply(document),
  encodeError: encodeOpenaiError,
  decodeError,
  encodeStreamError,
  heartbeat: HEARTBEAT,
  encodeTokenCount: tokens => JSON.stringify({ object: 'response.input_tokens', input_tokens: tokens }),
  decodeTokenCount,
  encodeModels,
  encodeModel,
  decodeModels,
}

export default format

function readHead({ route, body }: RequestParts): RequestHead {
  const fields = isFields(body) ? body : {}
  return {
    operation: route.operation,
    model: String(fields.model),
    stream: route.operation === 'generate' && fields.stream === true,
    framing: 'sse',
  }
}

function decodeTokenCount(document: JsonDocument): number | undefined {
  return isFields(document.value) ? numberOf(document.value.input_tokens) : undefined
}

/** For a stream that passed by unread: its id and numbers are not known here, and no client looks at them any more. */
function encodeStreamError(error: ErrorView, requestId: string): string {
  const response = {
    id: `resp_${requestId}`,
    object: 'response',
    created_at: 0,
    status: 'failed',
    error: { code: openaiCode(error), message: error.message },
    incomplete_details: null,
    model: '',
    output: [],
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
  }
  return errorFrames(new SseFrames(), error, writeJson(response))
}
