/** Reply events → a stream of the Responses API (conversion.md A.3.3, C.9, E206 to E215). */

import { writeJson } from '../../json/raw.ts'
import type { ErrorView } from '../error-view.ts'
import type { Loss } from '../losses.ts'
import { openaiError } from '../openai-errors.ts'
import type { FinishEvent, ReplyEvent, StartEvent, Usage } from '../reply-events.ts'
import { MALFORMED_CALL, TRUNCATED } from '../reply-faults.ts'
import type { TextRun } from '../text-run.ts'
import type { ReplyContext, StreamEncoder } from '../wire-format.ts'
import { bagOf } from './fields.ts'
import { encodeFinish, type Status, unsaidOf } from './finish.ts'
import { LossList } from './loss-list.ts'
import { OutputEncoder } from './output-encode.ts'
import { Snapshot } from './snapshot.ts'
import { SseFrames } from './sse-frames.ts'

export const HEARTBEAT = ': keep-alive\n\n'

export class ResponsesStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext
  readonly #frames = new SseFrames()
  readonly #losses = new LossList()
  #snapshot: Snapshot | undefined
  #output: OutputEncoder | undefined
  #usage: Usage | undefined
  #finish: FinishEvent | undefined
  #ended = false
  #response = ''
  #rawSeen = false

  constructor(context: ReplyContext) {
    this.#context = context
  }

  get losses(): readonly Loss[] {
    return this.#losses.all
  }

  /** JSON text of the response as the terminal event told it; `''` until then. A whole reply is just that. */
  get response(): string {
    return this.#response
  }

  event(event: ReplyEvent): string {
    if (this.#ended) return ''
    switch (event.type) {
      case 'start':
        this.#usage = event.usage
        return this.#snapshot === undefined ? this.#start(event) : ''
      case 'ping':
        return HEARTBEAT
      case 'raw':
        if (!this.#rawSeen) this.#losses.dropped('raw', `events that only ${event.format} has`)
        this.#rawSeen = true
        return ''
      case 'usage':
        this.#usage = event.usage
        return ''
      case 'finish':
        if (event.candidate === 0) this.#finish = event
        return ''
      case 'end':
        return this.#begin() + (this.#finish === undefined ? this.#fail(TRUNCATED) : this.#end(this.#finish))
      case 'error':
        return this.#begin() + this.#fail(event.error)
      case 'embedding':
        return ''
      default: {
        const begun = this.#begin()
        return begun + (this.#output?.event(event) ?? '')
      }
    }
  }

  run(run: TextRun): string | undefined {
    return this.#ended ? undefined : this.#output?.run(run)
  }

  #begin(): string {
    return this.#snapshot === undefined ? this.#start({ type: 'start', id: '', model: '' }) : ''
  }

  #start(start: StartEvent): string {
    const id = responseId(start, this.#context)
    const snapshot = new Snapshot(start, id, this.#context)
    this.#snapshot = snapshot
    this.#output = new OutputEncoder(id, this.#context.request.body, this.#frames, this.#losses, this.#context.stateKey)
    const response = `"response":${snapshot.text({ status: 'in_progress', output: [] })}`
    return this.#frames.frame('response.created', response) + this.#frames.frame('response.in_progress', response)
  }

  #end(finish: FinishEvent): string {
    const output = this.#output
    if (output === undefined) return ''
    this.#noteFinish(finish)
    const explained = this.#explain(finish, output)
    const status = this.#statusOf(finish, output)
    if (status.event === 'response.failed') return explained + this.#fail(MALFORMED_CALL)
    const frames = explained + output.close(status.status === 'incomplete' ? 'incomplete' : 'completed')
    this.#ended = true
    this.#response = this.#text(status, finish)
    return frames + this.#frames.frame(status.event, `"response":${this.#response}`)
  }

  #noteFinish(finish: FinishEvent): void {
    const unsaid = unsaidOf(finish)
    if (unsaid !== undefined) this.#losses.approximated('finish', unsaid)
    if (finish.stopSequence !== undefined)
      this.#losses.dropped('finish.stopSequence', 'the Responses API does not tell which sequence stopped the answer')
    if (finish.reason === 'content-filter' && finish.explanation !== undefined)
      this.#losses.dropped('finish.explanation', 'the Responses API does not tell why a filter stopped the answer')
  }

  /** The reason for a refusal that the provider told beside its text is said as the API says it: as a refusal. */
  #explain(finish: FinishEvent, output: OutputEncoder): string {
    if (finish.reason !== 'refusal' || output.refused || finish.explanation === undefined) return ''
    if (output.said === finish.explanation) return ''
    return output.refuse(finish.explanation)
  }

  #statusOf(finish: FinishEvent, output: OutputEncoder): Status {
    // Refused without a word: the one form that does not look like a success.
    const silent = finish.reason === 'refusal' && !output.refused
    return encodeFinish(silent ? { ...finish, reason: 'content-filter' } : finish, bagOf(finish), output.isBegun)
  }

  #text(status: Status, finish: FinishEvent): string {
    return (
      this.#snapshot?.text({
        status: status.status,
        output: this.#output?.done ?? [],
        incompleteReason: status.incompleteReason,
        usage: this.#usage,
        bag: bagOf(finish),
      }) ?? ''
    )
  }

  /**
   * Both shapes that clients wait for: SDKs throw on `error`, Codex on `response.failed`. Items that are not done are
   * not said to be: a client would act on half a call.
   */
  #fail(error: ErrorView): string {
    this.#ended = true
    const state = { status: 'failed', output: this.#output?.done ?? [], error, usage: this.#usage }
    this.#response = this.#snapshot?.text(state) ?? ''
    return errorFrames(this.#frames, error, this.#response)
  }
}

/** @param response JSON text of the failed response */
export function errorFrames(frames: SseFrames, error: ErrorView, response: string): string {
  const object = { ...openaiError(error) }
  const { message, param, code } = object
  const members = writeJson({ code, message, param, error: object }).slice(1, -1)
  return frames.frame('error', members) + frames.frame('response.failed', `"response":${response}`)
}

/** The provider's own id, so that a client may refer to it; one with the look of another format's is dressed up. */
function responseId(start: StartEvent, context: ReplyContext): string {
  if (start.id === '') return `resp_${context.requestId}`
  return start.id.startsWith('chatcmpl-') || start.id.startsWith('msg_') ? `resp_${start.id}` : start.id
}
