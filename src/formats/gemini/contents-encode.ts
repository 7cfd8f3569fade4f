import type { Writable } from '../../json/raw.ts'
import type { Part, Turn } from '../conversation.ts'
import type { EncodeTarget } from '../wire-format.ts'
import { AnswerGroup } from './answer-group.ts'
import { extensionMembers, noteOf } from './fields.ts'
import type { Losses } from './losses.ts'
import { NO_SIGNATURE } from './parts-decode.ts'
import { encodeRequestPart, unsupported, type WirePart } from './parts-encode.ts'
import { GOES_ON } from './request-decode.ts'

export interface Content {
  readonly role: 'user' | 'model'
  parts: WirePart[]
  rest: Readonly<Record<string, Writable>>
  /** What the client said in the same content as the results before it. */
  readonly goesOn?: boolean
}

/**
 * Turns → `contents`. Three rules of the API shape it: a function's results stand in one content right after the
 * calls, as many as there were calls and in their order; instructions may stand only at the head; the first content is
 * the user's. Each decision looks at what came before only, so that a longer conversation begins with the same bytes.
 */
export class ContentsEncoder {
  readonly #target: EncodeTarget
  readonly #losses: Losses
  readonly #contents: Content[] = []
  /** The calls of the last model content, while their results may still come. */
  #answers: AnswerGroup | undefined

  constructor(target: EncodeTarget, losses: Losses) {
    this.#target = target
    this.#losses = losses
  }

  turn(turn: Turn, path: string): void {
    this.#losses.foreign(turn.extensions, path)
    // A result's name is that of its tool.
    if (turn.name !== undefined && turn.role !== 'tool')
      this.#losses.dropped(`${path}.name`, 'Gemini knows no names of participants')
    if (turn.role === 'assistant') this.#assistant(turn, path)
    else if (turn.role === 'system' || turn.role === 'developer') this.#instruction(turn, path)
    else this.#user(turn, path)
  }

  /** @throws Refusal 400 when calls were left without results */
  end(): readonly Content[] {
    this.#closeAnswers()
    if (this.#contents[0]?.role === 'model') {
      this.#losses.approximated('turns', 'Gemini wants the user to speak first, so an empty-handed turn was put there')
      this.#contents.unshift({ role: 'user', parts: [{ text: ' ' }], rest: {} })
    }
    return this.#contents
  }

  #assistant(turn: Turn, path: string): void {
    const parts = turn.parts.flatMap((part, at) => this.#encode(part, `${path}.parts[${at}]`))
    if (parts.length === 0) return
    if (this.#answers?.begun) this.#closeAnswers()
    let content = this.#contents.at(-1)
    if (content?.role === 'model') {
      content.parts.push(...parts)
    } else {
      this.#closeAnswers()
      content = { role: 'model', parts, rest: {} }
      this.#contents.push(content)
      this.#answers = new AnswerGroup(this.#contents.length, this.#target.capabilities, this.#losses)
    }
    content.rest = { ...content.rest, ...extensionMembers(turn.extensions) }
    for (const part of turn.parts) this.#answers?.note(part)
    if (this.#target.capabilities.thought_signatures) content.parts = withStandIn(content.parts)
  }

  #user(turn: Turn, path: string): void {
    const parts: WirePart[] = []
    turn.parts.forEach((part, at) => {
      const partPath = `${path}.parts[${at}]`
      if (part.type === 'tool-result') this.#answer(part, partPath)
      else parts.push(...this.#encode(part, partPath))
    })
    const goesOn = noteOf(turn.extensions, GOES_ON) !== undefined
    if (parts.length > 0) this.#push(parts, extensionMembers(turn.extensions), goesOn)
    else if (turn.parts.every(part => part.type === 'text')) {
      throw unsupported(path, 'is empty, and Gemini takes no empty turn.')
    }
  }

  #answer(part: Extract<Part, { type: 'tool-result' }>, path: string): void {
    this.#losses.foreign(part.extensions, path)
    this.#answers ??= new AnswerGroup(this.#contents.length, this.#target.capabilities, this.#losses)
    this.#answers.result(part, path)
  }

  /** An instruction in the middle keeps its place, so that the prompt before it stays the same. */
  #instruction(turn: Turn, path: string): void {
    const text = turn.parts
      .map(part => (part.type === 'text' ? part.text : ''))
      .filter(each => each !== '')
      .join('\n\n')
    turn.parts.forEach((part, at) => {
      if (part.type !== 'text')
        this.#losses.dropped(`${path}.parts[${at}]`, `Gemini has no ${part.type} in an instruction`)
    })
    if (text === '') return
    this.#losses.approximated(path, 'an instruction inside the conversation goes as a marked text of the user')
    this.#push([{ text: `<system-reminder>\n${text}\n</system-reminder>` }], {})
  }

  #push(parts: WirePart[], rest: Content['rest'], goesOn = false): void {
    this.#contents.push({ role: 'user', parts, rest, goesOn })
  }

  #encode(part: Part, path: string): readonly WirePart[] {
    return encodeRequestPart(part, path, this.#target, this.#losses)
  }

  #closeAnswers(): void {
    const group = this.#answers
    this.#answers = undefined
    if (!group) return
    const answers = group.contents(this.#target.operation)
    const next = this.#contents[group.at]
    const last = next?.goesOn === true ? answers.at(-1) : undefined
    if (next && last) last.parts = [...last.parts, ...next.parts]
    this.#contents.splice(group.at, last ? 1 : 0, ...answers)
  }
}

/**
 * From Gemini 3 on, the first call of a turn must carry a signature. One that has none came from elsewhere, and the
 * documented stand-in says so (ai.google.dev, "Thought signatures").
 */
function withStandIn(parts: readonly WirePart[]): WirePart[] {
  const first = parts.findIndex(part => part.functionCall !== undefined)
  return parts.map((part, at) => {
    return at === first && part.thoughtSignature === undefined ? { ...part, thoughtSignature: NO_SIGNATURE } : part
  })
}
