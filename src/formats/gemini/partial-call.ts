import type { OpaqueState, ToolCallPart } from '../conversation.ts'
import type { CallIds } from './call-ids.ts'
import type { Json } from './fields.ts'
import { PartialArguments } from './partial-arguments.ts'
import { signatureState } from './parts-decode.ts'

/**
 * A call that comes in pieces: the first has the name, each but the last says `willContinue`
 * (Vertex AI, `streamFunctionCallArguments`).
 */
export class PartialCall {
  readonly #name: string
  readonly #id: string | undefined
  readonly #state: readonly OpaqueState[]
  readonly #arguments = new PartialArguments()

  static begins({ willContinue, partialArgs }: Json): boolean {
    return willContinue === true || partialArgs !== undefined
  }

  /** @param part that the first piece stands in: a signature stands beside the call */
  constructor({ name, id }: Json, { thoughtSignature }: Json) {
    this.#name = typeof name === 'string' ? name : ''
    this.#id = typeof id === 'string' ? id : undefined
    this.#state = typeof thoughtSignature === 'string' ? [signatureState(thoughtSignature)] : []
  }

  /** @throws Error when a piece of the arguments has no place */
  add({ willContinue, partialArgs }: Json): 'going on' | 'complete' {
    if (!this.#arguments.add(partialArgs)) throw new Error('a piece of arguments has no place')
    return willContinue === true ? 'going on' : 'complete'
  }

  part(ids: CallIds): ToolCallPart {
    return {
      type: 'tool-call',
      callId: ids.call(this.#name, this.#id),
      name: this.#name,
      kind: 'function',
      arguments: this.#arguments.text(),
      ...(this.#state.length === 0 ? {} : { state: this.#state }),
    }
  }
}
