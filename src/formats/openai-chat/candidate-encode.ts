/** One candidate of a reply → the choices of its chunks. */
import { type Writable, writeJson } from '../../json/raw.ts'
import type { Citation, Part } from '../conversation.ts'
import { GatheredText } from '../gathered-text.ts'
import type { FinishEvent, ReplyEvent } from '../reply-events.ts'
import type { TextRun } from '../text-run.ts'
import { type Around, CallEncoder } from './call-encode.ts'
import { encodeCitation } from './citations.ts'
import { encodeFinish, noteFinish } from './finish.ts'
import type { Ledger } from './ledger.ts'
import { encodeLogprobs } from './logprobs.ts'
import { encodeMedia, noteLost } from './reply-parts.ts'
import type { StateWriter } from './reply-state.ts'
import { residueOf } from './residue.ts'

type PartEvent = Extract<ReplyEvent, { index: number }>
type Field = 'content' | 'refusal' | 'reasoning_content'

/** A part that is open: its events wait until every earlier part of the same field has ended. */
interface Lane {
  readonly index: number
  readonly part: Part
  readonly field: Field
  readonly waiting: PartEvent[]
  /** How much text it has said. */
  length: number
  /** Sources of the text as a whole, which is known at its end. */
  readonly sources: Citation[]
  hasEnded: boolean
}

export class CandidateEncoder {
  readonly #candidate: number
  readonly #ledger: Ledger
  readonly #states: StateWriter
  readonly #calls: CallEncoder
  readonly #lanes: Lane[] = []
  #hasRole = false
  /** All text so far: citations count from its beginning. */
  readonly #text = new GatheredText()
  /** Where the open text part begins in it. */
  #textStart = 0
  #hasContent = false
  #refused = false
  #finished = false

  constructor(candidate: number, isLegacy: boolean, ledger: Ledger, states: StateWriter) {
    this.#states = states
    this.#candidate = candidate
    this.#ledger = ledger
    this.#calls = new CallEncoder(isLegacy, ledger, states)
  }

  get finished(): boolean {
    return this.#finished
  }

  /** @returns JSON texts of choices, one a chunk */
  event(event: PartEvent): readonly string[] {
    if (this.#finished) return []
    if (event.type === 'part-start') return this.#begin(event.index, event.part)
    const call = this.#calls.event(event)
    if (call !== undefined) return call.map(delta => this.#choice(delta))
    const lane = this.#lanes.find(each => each.index === event.index)
    if (lane === undefined) return []
    lane.waiting.push(event)
    return this.#drain(lane.field)
  }

  /** Whether a choice has said who speaks. */
  get hasRole(): boolean {
    return this.#hasRole
  }

  /**
   * Many choices that say one text each.
   * @returns what stands around each text; `undefined` where its deltas have to be said one by one
   */
  run(run: TextRun): Around | undefined {
    if (this.#finished || !this.#hasRole) return undefined
    const text = this.#calls.run(run) ?? this.#runText(run)
    return text && { before: `${this.#beforeDelta()}${text.before}"`, after: `"${text.after}${afterDelta()}` }
  }

  #runText({ index, text }: TextRun): Around | undefined {
    const lane = this.#lanes.find(each => each.index === index)
    const isSpeaking = lane && lane === this.#lanes.find(({ field }) => field === lane.field)
    if (!isSpeaking) return undefined
    lane.length += text.length
    if (lane.field === 'content') this.#text.add(text)
    return { before: `"${lane.field}":`, after: '' }
  }

  /** @returns `undefined` when the answer must end in an error instead */
  finish(event: FinishEvent): readonly string[] | undefined {
    if (this.#finished) return []
    const choices = [
      ...this.#endLanes(),
      ...this.#calls.finish(event.reason === 'length').map(delta => this.#choice(delta)),
    ]
    const reason = encodeFinish(event.reason, {
      called: this.#calls.any,
      refused: this.#refused,
      content: this.#hasContent,
    })
    if (reason === undefined) return undefined
    this.#finished = true
    noteFinish(event, `candidates[${this.#candidate}].finish`, this.#ledger)
    const isSaid = this.#refused || this.#text.text === event.explanation
    const explained = event.reason === 'refusal' && !isSaid ? event.explanation : undefined
    if (explained !== undefined) choices.push(this.#choice(`"refusal":${JSON.stringify(explained)}`))
    const word = this.#calls.isLegacy && reason === 'tool_calls' ? 'function_call' : reason
    return [...choices, this.#lastChoice(event, word)]
  }

  #lastChoice(event: FinishEvent, word: string): string {
    const { choice, message } = residueOf(event)
    const beside = membersOf(choice)
    const content = this.#hasRole ? {} : { content: null }
    return this.#choice(membersOf({ ...content, ...message }), word, beside === '' ? '' : `${beside},`)
  }

  #begin(index: number, part: Part): readonly string[] {
    this.#hasContent = true
    this.#ledger.foreign(part.extensions, this.#path(index))
    switch (part.type) {
      case 'text':
        return this.#open(index, part, 'content', wholeText(index, part))
      case 'refusal':
        this.#refused = true
        return this.#open(index, part, 'refusal', textDeltas(index, part.text))
      case 'reasoning':
        return this.#open(index, part, 'reasoning_content', wholeReasoning(index, part))
      case 'tool-call':
        return this.#calls.begin(index, part, this.#path(index)).map(delta => this.#choice(delta))
      default:
        return this.#whole(part, this.#path(index))
    }
  }

  #whole(part: Part, path: string): readonly string[] {
    const details = this.#states.details(part, 0, part.state ?? [], path).map(text => this.#details(text))
    const encoded = part.type === 'media' ? encodeMedia(part) : undefined
    if (encoded !== undefined) return [this.#choice(membersOf(encoded)), ...details]
    noteLost(part, path, this.#ledger)
    return details
  }

  #details(items: string): string {
    return this.#choice(`"reasoning_details":${items}`)
  }

  #path(index: number): string {
    return `candidates[${this.#candidate}].parts[${index}]`
  }

  #open(index: number, part: Part, field: Field, whole: readonly PartEvent[]): readonly string[] {
    this.#lanes.push({ index, part, field, waiting: [...whole], length: 0, sources: [], hasEnded: false })
    return this.#drain(field)
  }

  /** Says what the first open part of a field has to say, and the following ones as far as those before have ended. */
  #drain(field: Field): readonly string[] {
    const choices: string[] = []
    for (;;) {
      const lane = this.#lanes.find(each => each.field === field)
      if (lane === undefined) return choices
      for (const event of lane.waiting.splice(0)) {
        if (event.type === 'part-end') choices.push(...this.#end(lane))
        else choices.push(...this.#say(lane, event))
      }
      if (!lane.hasEnded) return choices
      this.#lanes.splice(this.#lanes.indexOf(lane), 1)
      if (field === 'content') this.#textStart = this.#text.length
    }
  }

  #end(lane: Lane): readonly string[] {
    lane.hasEnded = true
    return lane.sources.flatMap(source => this.#cite(lane.index, source))
  }

  #endLanes(): string[] {
    const choices: string[] = []
    for (const lane of [...this.#lanes]) {
      lane.waiting.push({ type: 'part-end', index: lane.index })
      choices.push(...this.#drain(lane.field))
    }
    return choices
  }

  #say(lane: Lane, event: PartEvent): readonly string[] {
    const { field, part } = lane
    switch (event.type) {
      case 'text-delta':
        if (event.text === '') return []
        lane.length += event.text.length
        if (field === 'content') this.#text.add(event.text)
        return [this.#choice(`"${field}":${JSON.stringify(event.text)}`)]
      case 'section-break':
        lane.length += 2
        return [this.#choice(`"${field}":"\\n\\n"`)]
      case 'state': {
        const length = part.type === 'reasoning' ? lane.length : 0
        const details = this.#states.details(part, length, [event.state], this.#path(event.index))
        return details.map(text => this.#details(text))
      }
      case 'citation':
        if (event.citation.start !== undefined) return this.#cite(event.index, event.citation)
        lane.sources.push(event.citation)
        return []
      case 'logprobs':
        return [this.#choice('', null, `"logprobs":${writeJson(encodeLogprobs(event.logprobs))},`)]
      default:
        return []
    }
  }

  #cite(index: number, citation: Citation): readonly string[] {
    const encoded = encodeCitation(citation, this.#text.text, this.#textStart)
    if (encoded !== undefined) return [this.#choice(`"annotations":[${writeJson(encoded)}]`)]
    this.#ledger.dropped(`${this.#path(index)}.citations`, 'Chat Completions can only cite the web')
    return []
  }

  /**
   * @param delta members of the delta, as JSON text without braces
   * @param beside further members of the choice, each with a comma after it
   */
  #choice(delta: string, finish: string | null = null, beside = ''): string {
    const role = this.#hasRole ? '' : `"role":"assistant"${delta === '' ? '' : ','}`
    this.#hasRole = true
    return this.#beforeDelta() + role + delta + afterDelta(finish, beside)
  }

  #beforeDelta(): string {
    return `{"index":${this.#candidate},"delta":{`
  }
}

function afterDelta(finish: string | null = null, beside = ''): string {
  return `},${beside}"finish_reason":${JSON.stringify(finish)}}`
}

/** What a part that comes whole says, as the events that would have said it piece by piece. */
function wholeText(index: number, part: Extract<Part, { type: 'text' }>): readonly PartEvent[] {
  const logprobs: PartEvent[] = part.logprobs ? [{ type: 'logprobs', index, logprobs: part.logprobs }] : []
  const citations = (part.citations ?? []).map((citation): PartEvent => ({ type: 'citation', index, citation }))
  return [...textDeltas(index, part.text), ...logprobs, ...citations, ...stateEvents(index, part)]
}

function stateEvents(index: number, part: Part): readonly PartEvent[] {
  return (part.state ?? []).map((state): PartEvent => ({ type: 'state', index, state }))
}

function wholeReasoning(index: number, part: Extract<Part, { type: 'reasoning' }>): readonly PartEvent[] {
  const said = part.chunks.flatMap((chunk, place): PartEvent[] => [
    ...(place === 0 ? [] : [{ type: 'section-break' as const, index }]),
    ...textDeltas(index, chunk),
  ])
  return [...said, ...stateEvents(index, part)]
}

function textDeltas(index: number, text: string): readonly PartEvent[] {
  return text === '' ? [] : [{ type: 'text-delta', index, text }]
}

function membersOf(fields: { readonly [key: string]: Writable }): string {
  return writeJson(fields).slice(1, -1)
}
