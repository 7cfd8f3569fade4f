/** Anything thrown → what a client is told, in its own format. The only place that turns an error into an answer. */
import type { Log } from '../contract.ts'
import { refusal } from '../errors.ts'
import type { WireFormat } from '../formats/wire-format.ts'
import { StepFailure } from '../pipeline/step-failure.ts'
import { Refusal, UpstreamError } from '../refusal.ts'
import { asError } from '../stream/as-error.ts'

export interface FailureResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** What was thrown, as a refusal. A bug tells the client its call's id and nothing else; the log has the rest. */
export function asRefusal(thrown: unknown, id: string, log: Log): Refusal {
  const error = asError(thrown)
  if (error instanceof Refusal && isErrorStatus(error.status)) return error
  const step = error instanceof StepFailure ? { processor: error.step, fault: error.fault } : {}
  const { message, stack } = wordsOf(error)
  log.error(message, { ...step, stack })
  return refusal('internal_error', `The gateway failed. Its log has more under the call id ${id}.`, { cause: error })
}

/** What the log is told of an error, whose members may throw in their turn. */
function wordsOf(error: Error): { readonly message: string; readonly stack?: string | undefined } {
  try {
    const { message } = error
    return { message, stack: error instanceof StepFailure ? asError(error.cause ?? error).stack : error.stack }
  } catch {
    return { message: 'an error was thrown that throws when it is looked at' }
  }
}

/** A processor may make a refusal of anything. */
function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= 599
}

/** @param format the client's; `undefined` when not even that is known */
export function failureResponse(
  error: Refusal,
  format: { readonly name: string; readonly wire: WireFormat } | undefined,
  id: string,
): FailureResponse {
  const { answer } = error instanceof UpstreamError ? error : { answer: undefined }
  const headers = { ...retryHeaders(error), ...error.headers }
  if (answer && answer.format === format?.name) {
    return { status: answer.status, headers: { ...answer.headers, ...headers }, body: answer.body }
  }
  if (!format) {
    const body = JSON.stringify({ error: { code: error.code, message: error.message }, request_id: id })
    return { status: error.status, headers: { ...JSON_TYPE, ...headers }, body: Buffer.from(body) }
  }
  const { status, body } = format.wire.encodeError(error, id)
  return { status, headers: { ...JSON_TYPE, ...headers }, body: Buffer.from(body) }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** Whole seconds for everybody, and the exact time for the SDKs that read it. */
function retryHeaders({ retryAfterMs }: Refusal): Record<string, string> {
  if (retryAfterMs === undefined || !Number.isFinite(retryAfterMs)) return {}
  return {
    'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))),
    'retry-after-ms': String(Math.max(0, Math.ceil(retryAfterMs))),
  }
}
