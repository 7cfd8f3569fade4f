import type { Operation } from '../../contract.ts'
import type { Writable } from '../../json/raw.ts'
import type { ModelCapabilities } from '../../models/capabilities.ts'
import type { MediaPart, Part, ToolCallPart, ToolResultPart } from '../conversation.ts'
import { flatName } from '../tool-names.ts'
import { wireId } from './call-ids.ts'
import type { Content } from './contents-encode.ts'
import { extensionMembersExcept, FORMAT } from './fields.ts'
import type { Losses } from './losses.ts'
import { encodeRequestMedia } from './media.ts'
import { HOSTED_FUNCTION } from './parts-decode.ts'
import { unsupported, type WirePart } from './parts-encode.ts'
import { encodeToolResult, noteResultLosses } from './tool-results.ts'

interface Answer {
  readonly callId: string
  readonly wire: WirePart
  readonly beside: readonly WirePart[]
}

/** The calls of one model content and the results that answer them, wherever these stand before the next one. */
export class AnswerGroup {
  /** Where in the contents the results belong. */
  readonly at: number
  readonly #capabilities: ModelCapabilities
  readonly #losses: Losses
  #calls: readonly ToolCallPart[] = []
  #answers: Answer[] = []

  constructor(at: number, capabilities: ModelCapabilities, losses: Losses) {
    this.at = at
    this.#capabilities = capabilities
    this.#losses = losses
  }

  /** Whether results have come. */
  get begun(): boolean {
    return this.#answers.length > 0
  }

  /** Takes note of a call, and of the result of one that Google has answered itself. */
  note(part: Part): void {
    if (part.type === 'tool-call') this.#calls = [...this.#calls, part]
    if (part.type === 'hosted-tool' && part.format === FORMAT && part.tool === HOSTED_FUNCTION) {
      this.#calls = this.#calls.filter(call => call.callId !== part.callId)
    }
  }

  /** @throws Refusal 400 when nobody knows which function it is the result of */
  result(part: ToolResultPart, path: string): void {
    const call = this.#calls.find(each => each.callId === part.callId)
    const name = call ? flatName(call) : part.name
    if (name === undefined || name === '') {
      throw unsupported(path, `answers the call "${part.callId}", which is not among the calls before it.`)
    }
    noteResultLosses(part, path, this.#losses)
    if (this.#answers.some(answer => answer.callId === part.callId)) {
      this.#losses.dropped(path, `the call "${part.callId}" is answered twice; the later answer counts`)
      this.#answers = this.#answers.filter(answer => answer.callId !== part.callId)
    }
    this.#answers.push(this.#encode(part, name, path))
  }

  #encode(part: ToolResultPart, name: string, path: string): Answer {
    const id = wireId(part.callId)
    const inside = (media: MediaPart): Writable => encodeRequestMedia(media, path)
    const { media_in_tool_results: mediaInside } = this.#capabilities
    const { functionResponse, beside } = encodeToolResult(part, name, id, mediaInside, inside)
    return {
      callId: part.callId,
      wire: { functionResponse, ...extensionMembersExcept(part.extensions, 'functionResponse') },
      beside: beside.map(media => encodeRequestMedia(media, path)),
    }
  }

  /**
   * The results as contents: one for all of them, and one for media that the model takes beside them only.
   * @throws Refusal 400 when calls have no results; a count of tokens may be asked all the same
   */
  contents(operation: Operation): readonly Content[] {
    const answered = new Set(this.#answers.map(answer => answer.callId))
    const missing = this.#calls.filter(call => !answered.has(call.callId))
    if (missing.length > 0 && operation === 'generate') {
      const ids = missing.map(call => `"${call.callId}"`).join(', ')
      throw unsupported('turns', `has no result for ${ids}. Add the results, or leave the calls out.`)
    }
    const order = this.#calls.map(call => call.callId)
    const sorted = this.#answers.toSorted((a, b) => rank(order, a.callId) - rank(order, b.callId))
    const beside = sorted.flatMap(answer => answer.beside)
    return [
      ...(sorted.length > 0 ? [userContent(sorted.map(answer => answer.wire))] : []),
      ...(beside.length > 0 ? [userContent(beside)] : []),
    ]
  }
}

function rank(order: readonly string[], callId: string): number {
  const at = order.indexOf(callId)
  return at < 0 ? order.length : at
}

function userContent(parts: WirePart[]): Content {
  return { role: 'user', parts, rest: {} }
}
