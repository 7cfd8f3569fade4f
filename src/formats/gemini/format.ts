import type { Operation } from '../../contract.ts'
import { writeJson } from '../../json/raw.ts'
import { Refusal } from '../../refusal.ts'
import { sseFrame } from '../../stream/sse.ts'
import type { RequestHead, RequestParts, Route, TokenCap, WireFormat } from '../wire-format.ts'
import { decodeError, encodeError, errorBody } from './errors.ts'
import { isRecord } from './fields.ts'
import { checkStream } from './grammar.ts'
import { decodeModels, encodeModel, encodeModels } from './models.ts'
import { GeminiStreamObserver, observeReply } from './observe.ts'
import { repeatModel } from './repeated-model.ts'
import { decodeReply } from './reply-decode.ts'
import { encodeReply } from './reply-encode.ts'
import { decodeRequest } from './request-decode.ts'
import { encodeRequest } from './request-encode.ts'
import { schemas } from './schema.ts'
import { GeminiStreamDecoder } from './stream-decode.ts'
import { GeminiStreamEncoder, HEARTBEAT } from './stream-encode.ts'

const METHODS: readonly (readonly [method: string, operation: Operation, stream?: boolean])[] = [
  ['generateContent', 'generate', false],
  ['streamGenerateContent', 'generate', true],
  ['countTokens', 'count-tokens'],
  ['embedContent', 'embed'],
  ['batchEmbedContents', 'embed'],
]

/** SDKs speak to `/v1beta`, the newest of them to `/v1`. */
const routes: readonly Route[] = ['/v1beta', '/v1'].flatMap((version): readonly Route[] => [
  ...METHODS.map(([method, operation, stream]) => ({
    method: 'POST' as const,
    path: `${version}/models/{model}:${method}`,
    operation,
    ...(stream === undefined ? {} : { stream }),
  })),
  { method: 'GET', path: `${version}/models`, operation: 'list-models' },
  { method: 'GET', path: `${version}/models/{model}`, operation: 'list-models' },
])

function readHead({ route, pathModel, query }: RequestParts): RequestHead {
  if (pathModel === undefined && route.operation !== 'list-models') {
    throw new Refusal(400, 'invalid_request', 'The model is missing from the path.', { param: 'model' })
  }
  const stream = route.stream ?? false
  return {
    operation: route.operation,
    model: pathModel ?? '',
    stream,
    // A stream is one JSON array unless server-sent events are asked for.
    framing: stream && query.alt !== 'sse' ? 'array' : 'sse',
  }
}

const maxOutputTokens: TokenCap = {
  read(body) {
    const config = configOf(body)
    const tokens = config?.maxOutputTokens ?? config?.max_output_tokens
    return tokens === undefined || tokens === null || !Number.isFinite(Number(tokens)) ? undefined : Number(tokens)
  },
  write(body, tokens) {
    const { max_output_tokens: _, ...config } = configOf(body) ?? {}
    const key = isRecord(body) && body.generation_config !== undefined ? 'generation_config' : 'generationConfig'
    return { key, json: JSON.stringify({ ...config, maxOutputTokens: tokens }) }
  },
}

function configOf(body: unknown): Readonly<Record<string, unknown>> | undefined {
  const config = isRecord(body) ? (body.generationConfig ?? body.generation_config) : undefined
  return isRecord(config) ? config : undefined
}

export default {
  summary: 'Google Gemini generateContent, its streams, token counts and embeddings.',
  routes,
  schemas,
  modelIn: 'path',
  repeatModel,
  clientHeaders: ['x-goog-api-key', 'x-goog-api-client'],
  upstream: true,
  readHead,
  maxOutputTokens,
  decodeRequest,
  encodeRequest,
  decodeReply,
  encodeReply,
  decodeStream: () => new GeminiStreamDecoder(),
  encodeStream: context => new GeminiStreamEncoder(context),
  checkStream,
  observeStream: () => new GeminiStreamObserver(),
  observeReply,
  encodeError,
  decodeError,
  encodeStreamError: (error, requestId) => sseFrame(errorBody(error, requestId)),
  heartbeat: HEARTBEAT,
  encodeTokenCount: tokens => writeJson({ totalTokens: tokens }),
  decodeTokenCount({ value }) {
    const tokens = isRecord(value) ? value.totalTokens : undefined
    return typeof tokens === 'number' && tokens >= 0 ? tokens : undefined
  },
  encodeModels,
  encodeModel,
  decodeModels,
} satisfies WireFormat
