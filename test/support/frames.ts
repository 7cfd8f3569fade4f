import { type SseFrame, SseParser } from '../../src/stream/sse.ts'

/** The frames of a whole stream of server-sent events. An unfinished last one is among them. */
export function framesOf(text: string): readonly SseFrame[] {
  const parser = new SseParser()
  const frames = parser.push(Buffer.from(text))
  const rest = parser.end()
  return rest === undefined ? frames : [...frames, rest]
}
