/**
 * What goes to the client: the origin's own bytes where nobody changed anything, else bytes encoded from its events.
 */
import type { ModelEntry, ReplyEvent } from '../contract.ts'
import { CompletionBuilder } from '../formats/completion.ts'
import type { ErrorView } from '../formats/error-view.ts'
import type { Loss } from '../formats/losses.ts'
import type { ReplyContext } from '../formats/wire-format.ts'
import { modelNotFound, Refusal } from '../refusal.ts'
import { type Flow, iterate, mapFlow } from '../stream/flow.ts'
import { amendedEvents } from './amended.ts'
import { Encoding } from './encoding.ts'
import { batchFlow, changed, documentOf, eventFlow, noteEvent, wholeEvents } from './event-flow.ts'
import { type Exchange, formatOf } from './exchange.ts'
import { watchGrammar } from './grammar-watch.ts'
import { observed, observedBytes } from './observed.ts'
import type { WholeBody } from './origin.ts'
import { passThrough } from './pass-through.ts'
import type { EngineReply } from './reply.ts'
import { stateKeeper } from './state-keeping.ts'

export type Rendered =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | {
      readonly kind: 'stream'
      /** Whole frames. */
      readonly flow: Flow<Buffer | string>
      /** What to end the stream with when the flow fails. */
      failure(error: ErrorView): string
    }

export function render(reply: EngineReply): Rendered | Promise<Rendered> {
  const { body } = reply.origin
  if (!reply.stream) {
    const gathering = body.kind === 'stream' || (body.kind === 'events' && !Array.isArray(body.events))
    return gathering ? gather(reply) : { kind: 'whole', bytes: reply.whole().bytes }
  }
  const { exchange } = reply
  const format = formatOf(exchange.surroundings, reply.format)
  if (body.kind === 'stream' && isUntouched(reply)) {
    const failure = (error: ErrorView): string => format.encodeStreamError(error, exchange.id)
    return { kind: 'stream', flow: passThrough(reply, { ...body, flow: observed(reply, body.flow) }), failure }
  }
  const encoder = format.encodeStream(replyContext(exchange))
  return {
    kind: 'stream',
    flow: sampled(mapFlow(batchFlow(reply), new Encoding(encoder, reply.end)), reply),
    failure: error => encoder.event({ type: 'error', error }),
  }
}

/** One stream in many is held to its format's grammar on its way out. */
function sampled(flow: Flow<string>, { exchange, format }: EngineReply): Flow<string> {
  const watch = exchange.surroundings.grammarWatch
  const { checkStream } = formatOf(exchange.surroundings, format)
  const isLookedAt = watch && checkStream && exchange.head.framing === 'sse' && Math.random() < watch.share
  return isLookedAt ? watchGrammar(flow, checkStream(), { format, watch, log: exchange.log }) : flow
}

/** @returns the bytes of a reply that is to be given whole and whose origin is at hand */
export function renderWhole(reply: EngineReply): { bytes: Buffer; losses: readonly Loss[] } {
  const { origin, exchange } = reply
  const format = formatOf(exchange.surroundings, reply.format)
  const { body } = origin
  switch (body.kind) {
    case 'tokens':
      return encodedBytes(format.encodeTokenCount(body.tokens))
    case 'models':
      return encodedBytes(modelList(body.models, reply))
    case 'events':
      return complete(reply, body.events as readonly ReplyEvent[])
    case 'whole':
      reply.end.note(body.observation)
      if (isUntouched(reply)) return { bytes: observedBytes(reply, body), losses: [] }
      return translated(reply, body)
    default:
      throw new Error('a stream has to be gathered first')
  }
}

/** The same format, nothing changed, and framed as the client wants it: the bytes can go as they are. */
function isUntouched({ format, origin, changes, exchange }: EngineReply): boolean {
  const isChanged = origin.amendment !== undefined || changes.some(({ onlyLooks }) => !onlyLooks)
  return format === origin.format && !isChanged && exchange.head.framing === 'sse'
}

function translated(reply: EngineReply, body: WholeBody): { bytes: Buffer; losses: readonly Loss[] } {
  const { exchange, origin } = reply
  const to = formatOf(exchange.surroundings, reply.format)
  const from = formatOf(exchange.surroundings, origin.format)
  switch (exchange.head.operation) {
    case 'count-tokens':
      return encodedBytes(to.encodeTokenCount(from.decodeTokenCount(documentOf(body)) ?? 0))
    case 'list-models':
      return encodedBytes(modelList(from.decodeModels(documentOf(body)), reply))
    default:
      return complete(reply, wholeEvents(exchange, origin.format, body))
  }
}

/** The whole list, or the one model that the path names. @throws Refusal 404 when it is not among them */
function modelList(models: readonly ModelEntry[], { exchange, format }: EngineReply): string {
  const { encodeModel, encodeModels } = formatOf(exchange.surroundings, format)
  const name = exchange.request.pathModel
  if (name === undefined) return encodeModels(models)
  const model = models.find(({ id }) => id === name)
  if (!model) throw modelNotFound(name)
  return encodeModel(model)
}

/** Events → changes → one completion → one body. */
function complete(reply: EngineReply, events: readonly ReplyEvent[]): { bytes: Buffer; losses: readonly Loss[] } {
  const builder = new CompletionBuilder()
  const keep = stateKeeper(reply)
  for (const event of amendedEvents(events, reply.origin)) {
    noteEvent(reply.end, event)
    for (const each of changed(keep ? keep(event) : event, reply.changes)) builder.add(each)
  }
  return encodedCompletion(reply, builder)
}

/** Waits for the end of a stream that a client wants whole. */
async function gather(reply: EngineReply): Promise<Rendered> {
  const builder = new CompletionBuilder()
  for await (const event of iterate(eventFlow(reply))) builder.add(event)
  return { kind: 'whole', bytes: encodedCompletion(reply, builder).bytes }
}

function encodedCompletion(reply: EngineReply, builder: CompletionBuilder): { bytes: Buffer; losses: readonly Loss[] } {
  const { error } = builder
  if (error) throw new Refusal(error.status, error.code, error.message, error)
  const format = formatOf(reply.exchange.surroundings, reply.format)
  const { body, losses } = format.encodeReply(builder.completion(), replyContext(reply.exchange))
  return { bytes: Buffer.from(body), losses }
}

function encodedBytes(text: string): { bytes: Buffer; losses: readonly Loss[] } {
  return { bytes: Buffer.from(text), losses: [] }
}

function replyContext(exchange: Exchange): ReplyContext {
  const { keeping } = exchange.surroundings
  return {
    operation: exchange.head.operation,
    model: exchange.head.model,
    requestId: exchange.id,
    created: exchange.created,
    framing: exchange.head.framing,
    request: exchange.request,
    ...(keeping && { stateKey: keeping.key }),
  }
}
