import type { Body } from './body.ts'

export interface AskedUsage {
  readonly bytes: Buffer
  /** The client did not ask for the usage frame, so it is not to see it. */
  readonly hideUsage: boolean
}

/**
 * OpenAI Chat streams tell their usage only when asked (`stream_options.include_usage`). The question goes to the end
 * of the body, so that no prompt prefix changes and prompt caches stay warm.
 */
export function askForUsage(body: Body): AskedUsage {
  const options = isRecord(body.value) ? body.value.stream_options : undefined
  if (isRecord(options)) {
    if (options.include_usage === true) return { bytes: body.bytes, hideUsage: false }
    const asking = JSON.stringify({ ...options, include_usage: true })
    return { bytes: body.with('stream_options', asking).bytes, hideUsage: true }
  }
  return { bytes: body.with('stream_options', '{"include_usage":true}').bytes, hideUsage: true }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
