/** Reply events → a Chat completion stream (conversion.md A.2.3, D.11). */
import { type Writable, writeJson } from '../../json/raw.ts'
import type { ErrorView } from '../error-view.ts'
import type { Loss } from '../losses.ts'
import type { FinishEvent, ReplyEvent, StartEvent, Usage } from '../reply-events.ts'
import { MALFORMED_CALL, TRUNCATED } from '../reply-faults.ts'
import type { TextRun } from '../text-run.ts'
import type { ReplyContext, StreamEncoder } from '../wire-format.ts'
import { CandidateEncoder } from './candidate-encode.ts'
import { encodeStreamError } from './errors.ts'
import { objectOf } from './fields.ts'
import { FreeTextCalls } from './free-text-calls.ts'
import { Ledger } from './ledger.ts'
import { isLegacyClient, noteForeign, replyId } from './reply-parts.ts'
import { StateWriter } from './reply-state.ts'
import { residueOf } from './residue.ts'
import { encodeServiceTier } from './service-tier.ts'
import { encodeUsage } from './usage.ts'

export function encodeStream(context: ReplyContext): StreamEncoder {
  return new ChatStreamEncoder(context)
}

class ChatStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext
  readonly #ledger = new Ledger()
  readonly #states: StateWriter
  readonly #freeText: FreeTextCalls
  readonly #isLegacy: boolean
  readonly #includeUsage: boolean
  readonly #candidates = new Map<number, CandidateEncoder>()
  /** Which candidate a part belongs to. */
  readonly #owners = new Map<number, CandidateEncoder>()
  #usage: Usage | undefined
  /** All of a chunk before its choices, the same in every one. */
  #head = ''
  #done = false

  constructor(context: ReplyContext) {
    this.#context = context
    this.#states = new StateWriter(this.#ledger, context.stateKey)
    this.#freeText = new FreeTextCalls(context.request.body)
    this.#isLegacy = isLegacyClient(context)
    const streamOptions = objectOf(objectOf(context.request.body)?.stream_options)
    this.#includeUsage = streamOptions?.include_usage === true
  }

  get losses(): readonly Loss[] {
    return this.#ledger.losses
  }

  event(event: ReplyEvent): string {
    if (!this.#freeText.any) return this.#say(event)
    return this.#freeText
      .events(event)
      .map(each => this.#say(each))
      .join('')
  }

  run(run: TextRun): string | undefined {
    if (this.#freeText.any || this.#done || this.#head === '') return undefined
    const owner = this.#owners.get(run.index)
    if (owner && !owner.hasRole) return this.#firstRun(owner, run)
    const around = owner?.run(run)
    return around && run.framed(this.#beforeChoices() + around.before, around.after + this.#afterChoices())
  }

  /** The first choice of an answer says who speaks. */
  #firstRun(owner: CandidateEncoder, run: TextRun): string {
    const [first, others] = run.split()
    const said = this.#say(first)
    if (others === undefined) return said
    const rest = owner.hasRole ? this.run(others) : undefined
    return said + (rest ?? others.deltas.map(delta => this.#say(delta)).join(''))
  }

  #say(event: ReplyEvent): string {
    if (this.#done) return ''
    switch (event.type) {
      case 'start':
        return this.#start(event)
      case 'usage':
        this.#usage = event.usage
        return ''
      case 'ping':
        return HEARTBEAT
      case 'raw':
        noteForeign(event, this.#ledger)
        return ''
      case 'finish':
        return this.#finish(event)
      case 'end':
        return this.#end()
      case 'error':
        return this.#fail(event.error)
      case 'embedding':
        return ''
      case 'part-start':
        return this.#chunks(this.#owner(event), event)
      default:
        return this.#part(event)
    }
  }

  #start(event: StartEvent): string {
    this.#usage = event.usage ?? this.#usage
    this.#openHead(event)
    return ''
  }

  #openHead({ id, created }: Pick<StartEvent, 'id' | 'created'>): void {
    if (this.#head !== '') return
    const fields = writeJson({
      id: replyId(id, this.#context),
      object: 'chat.completion.chunk',
      created: created ?? this.#context.created,
      model: this.#context.model,
    })
    this.#head = `data: ${fields.slice(0, -1)}`
  }

  #owner({ index, candidate }: { readonly index: number; readonly candidate: number }): CandidateEncoder {
    const owner =
      this.#candidates.get(candidate) ?? new CandidateEncoder(candidate, this.#isLegacy, this.#ledger, this.#states)
    this.#candidates.set(candidate, owner)
    this.#owners.set(index, owner)
    return owner
  }

  #part(event: Extract<ReplyEvent, { index: number }>): string {
    const owner = this.#owners.get(event.index)
    return owner === undefined ? '' : this.#chunks(owner, event)
  }

  #chunks(owner: CandidateEncoder, event: Extract<ReplyEvent, { index: number }>): string {
    let text = ''
    for (const choice of owner.event(event)) text += this.#chunk(choice)
    return text
  }

  /**
   * @param choice JSON text of one choice
   * @param beside further members of the chunk, as JSON text without braces
   */
  #chunk(choice: string, beside = ''): string {
    if (this.#head === '') this.#openHead({ id: '' })
    return this.#beforeChoices() + choice + this.#afterChoices(beside)
  }

  #beforeChoices(): string {
    return `${this.#head},"choices":[`
  }

  #afterChoices(beside = ''): string {
    return `]${beside === '' ? '' : `,${beside}`}${this.#includeUsage ? ',"usage":null' : ''}}\n\n`
  }

  /** A chunk without choices. */
  #bare(fields: { readonly [key: string]: Writable }): string {
    return `${this.#head},"choices":[],${writeJson(fields).slice(1)}\n\n`
  }

  #finish(event: FinishEvent): string {
    const owner = this.#owner({ index: -1, candidate: event.candidate })
    const choices = owner.finish(event)
    if (choices === undefined) return this.#fail(MALFORMED_CALL)
    const last = choices.length - 1
    const beside = writeJson(residueOf(event).reply).slice(1, -1)
    return choices.map((choice, place) => this.#chunk(choice, place === last ? beside : '')).join('')
  }

  /** Only what is whole ends in `[DONE]`. */
  #end(): string {
    const candidates = [...this.#candidates.values()]
    if (candidates.length === 0 || !candidates.every(candidate => candidate.finished)) return this.#fail(TRUNCATED)
    this.#done = true
    return `${this.#lastChunk()}data: [DONE]\n\n`
  }

  #lastChunk(): string {
    if (!this.#includeUsage || this.#usage === undefined) return ''
    const tier = encodeServiceTier(this.#usage)
    return this.#bare({ usage: encodeUsage(this.#usage), ...(tier === undefined ? {} : { service_tier: tier }) })
  }

  #fail(error: ErrorView): string {
    this.#done = true
    return encodeStreamError(error)
  }
}

/** A comment: it keeps the connection open, and SDKs skip it. */
export const HEARTBEAT = ': keep-alive\n\n'
