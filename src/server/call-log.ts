import type { CallRecord } from './call-record.ts'

/**
 * One line for each call, when it is over: what it was, where it went, how it ended, what it used. No content, no
 * credential; the model is the client's own word and comes last.
 */
export function logCall({ exchange, status, outcome, error, usage, cost, finish, streamed }: CallRecord): void {
  const { trail, timings, head } = exchange
  const level = status >= 500 && error !== 'stopping' ? 'warn' : 'info'
  exchange.log[level]('call', {
    pipeline: exchange.pipeline,
    format: exchange.format,
    operation: head.operation,
    key: trail.key,
    provider: trail.provider === '' ? undefined : trail.provider,
    status,
    outcome,
    error,
    stream: streamed,
    ms: rounded(timings.elapsedMs),
    first_token_ms: timings.firstTokenMs === undefined ? undefined : rounded(timings.firstTokenMs),
    upstream_ms: rounded(timings.upstreamMs),
    attempts: trail.attempts > 1 ? trail.attempts : undefined,
    input_tokens: usage?.input,
    output_tokens: usage?.output,
    cost_usd: cost === undefined ? undefined : Number(cost.toPrecision(6)),
    finish,
    model: head.model,
    upstream_model: trail.model === '' || trail.model === head.model ? undefined : trail.model,
  })
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
