/**
 * Message threads: the API keeps the conversation, and a request that continues one holds only what is new. No other
 * format can do that; whoever cannot must say so in words that make the official SDK send everything again (beta
 * `message-threads-2026-08-12`, `ThreadUnsupportedRequestError`).
 */
import { Refusal } from '../../refusal.ts'

/** JSON text of the error's `details`: the SDK looks at `error_code` alone. */
export const THREAD_UNSUPPORTED_DETAILS = '{"error_code":"thread_unsupported_request","unsupported":null}'

/** The refusal of a request with a thread where threads cannot be kept. Its details reach the client as they are. */
export function threadUnsupported(): Refusal {
  return new Refusal(
    400,
    'thread_unsupported_request',
    'Message threads are not supported here. Send the whole conversation without "thread".',
    { param: 'thread', details: THREAD_UNSUPPORTED_DETAILS },
  )
}
