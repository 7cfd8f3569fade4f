/** A stream that goes to the client byte for byte, watched by the format's observer. */
import type { FrameSign, StreamObserver } from '../formats/wire-format.ts'
import type { Flow, Stage } from '../stream/flow.ts'
import { mapFlow } from '../stream/flow.ts'
import { FrameCutter } from '../stream/frame-cutter.ts'
import { type SseFrame, SseParser } from '../stream/sse.ts'
import { transportError } from '../upstream/failure.ts'
import { formatOf } from './exchange.ts'
import type { OriginBody } from './origin.ts'
import type { EngineReply } from './reply.ts'

type StreamBody = Extract<OriginBody, { kind: 'stream' }>

export function passThrough(
  reply: EngineReply,
  { flow, hideUsage }: StreamBody,
): { flow: Flow<Buffer | string>; atBoundary(): boolean } {
  const watch = new Watch(reply)
  const stage = hideUsage ? hiding(watch) : watching(watch)
  return { flow: mapFlow(flow, stage), atBoundary: () => watch.atBoundary }
}

/** Feeds frames to the observer and keeps what it has seen. */
class Watch {
  readonly #reply: EngineReply
  readonly #observer: StreamObserver
  readonly parser = new SseParser()
  #whole = false
  #failed = false

  constructor(reply: EngineReply) {
    this.#reply = reply
    this.#observer = formatOf(reply.exchange.surroundings, reply.format).observeStream()
  }

  get atBoundary(): boolean {
    return this.parser.atBoundary
  }

  see(frame: SseFrame): FrameSign {
    const sign = this.#observer.frame(frame)
    if (sign === 'terminal') this.#whole = true
    if (sign === 'error') this.#failed = true
    if (sign === 'terminal' || sign === 'error' || sign === 'usage') this.#reply.end.note(this.#observer.observation)
    return sign
  }

  /** The upstream has ended. @throws UpstreamError when it ended too early */
  close(): void {
    const last = this.parser.end()
    if (last) this.see(last)
    this.#reply.end.note(this.#observer.observation)
    if (!this.#whole && !this.#failed) throw transportError('truncated', this.#reply.origin.provider)
  }
}

function watching(watch: Watch): Stage<Buffer, Buffer> {
  return {
    item: chunk => {
      for (const frame of watch.parser.push(chunk)) watch.see(frame)
      return [chunk]
    },
    end: () => {
      watch.close()
      return []
    },
  }
}

/** Holds unfinished frames back, because whether one is to be hidden shows only at its end. */
function hiding(watch: Watch): Stage<Buffer, Buffer> {
  const cutter = new FrameCutter()
  const shown = (frame: Buffer): boolean => !watch.parser.push(frame).some(each => watch.see(each) === 'usage')
  return {
    item: chunk => cutter.push(chunk).filter(shown),
    end: () => {
      const rest = cutter.rest()
      for (const frame of watch.parser.push(rest)) watch.see(frame)
      watch.close()
      return rest.length === 0 ? [] : [rest]
    },
  }
}
