/** What a test needs of an SDK: a way to put one question, and what the SDK made of the answer. */
import type { Spoken } from './stage.ts'
import type { Question, Said } from './talk.ts'

export interface Watch {
  /** Aborted when the client is to leave. */
  readonly signal: AbortSignal
  /** Called with the first piece of a stream. */
  began?(): void
}

export interface SdkClient {
  readonly format: Spoken
  /** @param url where the gateway's pipeline is */
  ask(url: string, model: string, question: Question, stream: boolean, watch?: Watch): Promise<Said>
}

export const CLIENT_KEY = 'the-clients-key'

/** @throws Error when the SDK names an end that is none of these */
export function finishOf(
  word: string | null | undefined,
  words: Readonly<Record<string, Said['finish']>>,
): Said['finish'] {
  const finish = words[String(word)]
  if (finish === undefined) throw new Error(`the reply ended with ${word}`)
  return finish
}
