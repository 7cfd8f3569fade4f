/** The simplest possible client: a provider, a model and a prompt in, a text out. */
import type { ModelEntry } from '../../contract.ts'
import { Refusal } from '../../refusal.ts'
import { sseFrame } from '../../stream/sse.ts'
import type { Conversation } from '../conversation.ts'
import type { ErrorView } from '../error-view.ts'
import { decodeError } from '../openai-chat/error-decode.ts'
import { compact, FieldReader, objectOf, stringOf } from '../openai-chat/fields.ts'
import { decodeNoStream, encodeNoStream, observeNoStream } from '../unstreamed.ts'
import type { DecodeInput, EncodedRequest, RequestHead, RequestParts, WireFormat } from '../wire-format.ts'
import { encodeReply } from './reply.ts'

const FORMAT = 'chat'

const text = { type: 'string', minLength: 1 }

const format: WireFormat = {
  summary: 'The simplest client: provider, model and prompt in, one text out.',
  routes: [{ method: 'POST', path: '/chat', operation: 'generate' }],
  schemas: {
    generate: {
      type: 'object',
      required: ['provider', 'model', 'prompt'],
      properties: { provider: text, model: text, prompt: { type: 'string' } },
    },
  },
  modelIn: 'body',
  namesProvider: true,
  upstream: false,
  readHead,
  decodeRequest,
  encodeRequest: refuseToBeTarget,
  decodeReply: () => [{ type: 'error', error: NOT_SPOKEN }],
  encodeReply,
  decodeStream: decodeNoStream,
  encodeStream: encodeNoStream,
  observeStream: observeNoStream,
  observeReply: () => ({}),
  encodeError: error => ({ status: error.status === 529 ? 503 : error.status, body: errorBody(error) }),
  decodeError,
  encodeStreamError: error => sseFrame(errorBody(error)),
  heartbeat: ': keep-alive\n\n',
  encodeTokenCount: tokens => JSON.stringify({ tokens }),
  decodeTokenCount: () => undefined,
  encodeModels: models => JSON.stringify({ models: models.map(nameOf) }),
  encodeModel: model => JSON.stringify({ model: nameOf(model) }),
  decodeModels: () => [],
}

export default format

function readHead({ route, body }: RequestParts): RequestHead {
  const fields = objectOf(body)
  return {
    operation: route.operation,
    model: field(fields?.model, 'model'),
    stream: false,
    framing: 'sse',
    provider: field(fields?.provider, 'provider'),
  }
}

function decodeRequest({ document }: DecodeInput): Conversation {
  const reader = new FieldReader(document, objectOf(document.value) ?? {})
  reader.skip('provider', 'model')
  const prompt = field(reader.take('prompt', stringOf), 'prompt')
  return compact({
    turns: [{ role: 'user' as const, parts: [{ type: 'text' as const, text: prompt }] }],
    tools: [],
    sampling: {},
    extensions: reader.extensions(FORMAT),
  })
}

function field(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw new Refusal(400, 'invalid_request', `"${name}" must be a string.`, { param: name })
}

const NOT_SPOKEN: ErrorView = {
  kind: 'server',
  status: 500,
  code: 'unsupported_by_target',
  message: 'No provider speaks this format.',
}

function refuseToBeTarget(): EncodedRequest {
  throw new Refusal(400, 'unsupported_by_target', 'No provider speaks the format "chat"; choose a provider of another.')
}

function errorBody({ code, message }: ErrorView): string {
  return JSON.stringify({ error: { code, message } })
}

function nameOf({ id }: ModelEntry): string {
  return id
}
