/** Questions and answers between two processes that can send each other messages. */
import { asError } from '../stream/as-error.ts'

/** The other process, as `node:cluster` gives it: the primary's view of a worker, or a worker's own process. */
export interface Peer {
  send(message: object): unknown
  on(event: 'message', listener: (message: unknown) => void): unknown
}

/** Does what is asked. What it throws is thrown at the one who asked. */
export type Answerer<Question> = (question: Question) => unknown

interface Envelope {
  readonly line: 'ask' | 'answer' | 'failure'
  readonly id: number
  readonly content: unknown
}

interface Pending {
  readonly resolve: (answer: unknown) => void
  readonly reject: (reason: Error) => void
  readonly timer: NodeJS.Timeout
}

export class Line<Asked, Answered> {
  readonly #peer: Peer
  readonly #answer: Answerer<Answered>
  readonly #pending = new Map<number, Pending>()
  #asked = 0

  constructor(peer: Peer, answer: Answerer<Answered>) {
    this.#peer = peer
    this.#answer = answer
    peer.on('message', message => this.#take(message))
  }

  /** @throws Error when the other side fails at it, is gone, or does not answer in time */
  ask(question: Asked, timeoutMs: number): Promise<unknown> {
    const id = this.#asked++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#end(id)?.reject(new Error('the other process does not answer')), timeoutMs)
      this.#pending.set(id, { resolve, reject, timer })
      this.#send({ line: 'ask', id, content: question })
    })
  }

  /** The other process is gone: nobody will answer any more. */
  hangUp(): void {
    for (const id of this.#pending.keys()) this.#end(id)?.reject(new Error('the other process is gone'))
  }

  #send(envelope: Envelope): void {
    try {
      this.#peer.send(envelope)
    } catch (error) {
      this.#end(envelope.id)?.reject(asError(error))
    }
  }

  #take(message: unknown): void {
    if (!isEnvelope(message)) return
    const { line, id, content } = message
    if (line === 'ask') void this.#reply(id, content as Answered)
    else if (line === 'answer') this.#end(id)?.resolve(content)
    else this.#end(id)?.reject(new Error(String(content)))
  }

  async #reply(id: number, question: Answered): Promise<void> {
    try {
      this.#send({ line: 'answer', id, content: await this.#answer(question) })
    } catch (error) {
      this.#send({ line: 'failure', id, content: asError(error).message })
    }
  }

  #end(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    clearTimeout(pending?.timer)
    this.#pending.delete(id)
    return pending
  }
}

function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && 'line' in message && 'id' in message
}
