import type { Answer, Call, CallChanges, Client, FieldChange, Format, Log, Operation, Reply } from '../contract.ts'
import type { Amendment } from '../formats/amendment.ts'
import { mayHoldCarrier } from '../formats/carrier.ts'
import type { Conversation } from '../formats/conversation.ts'
import type { Loss } from '../formats/losses.ts'
import type { EncodeTarget } from '../formats/wire-format.ts'
import { answerReply } from './answer.ts'
import { Body } from './body.ts'
import type { CallState } from './call-state.ts'
import { detached } from './detached.ts'
import { type Exchange, formatOf } from './exchange.ts'
import { withFields } from './field-changes.ts'
import type { Lifetime } from './lifetime.ts'
import { spliced } from './spliced.ts'
import { withKeptState } from './state-keeping.ts'
import { isStateful } from './stateful.ts'

/** What an encoder gives. */
type Encoded = Pick<CallState, 'headers' | 'losses' | 'amendment'> & { readonly body: Body }

/** The engine's `Call`: two views of one request, each made from the other only when somebody looks. */
export class EngineCall implements Call {
  readonly exchange: Exchange
  readonly #state: CallState
  #conversation: Conversation | undefined
  #client: Client | undefined
  #encoded: Encoded | undefined

  private constructor(exchange: Exchange, state: CallState) {
    this.exchange = exchange
    this.#state = state
    this.#conversation = state.conversation
  }

  /** The call as the client made it. */
  static of(exchange: Exchange, provider: string): EngineCall {
    return new EngineCall(exchange, {
      format: exchange.format,
      model: exchange.head.model,
      provider: exchange.head.provider ?? provider,
      identity: undefined,
      alternatives: undefined,
      lifetime: exchange.lifetime,
      body: exchange.body,
      conversation: undefined,
      convertedFrom: undefined,
      losses: [],
      headers: {},
      amendment: undefined,
    })
  }

  get id(): string {
    return this.exchange.id
  }
  get pipeline(): string {
    return this.exchange.pipeline
  }
  get operation(): Operation {
    return this.exchange.head.operation
  }
  get format(): Format {
    return this.#state.format
  }
  get model(): string {
    return this.#state.model
  }
  get requestedModel(): string {
    return this.exchange.head.model
  }
  get stream(): boolean {
    return this.exchange.head.stream
  }
  get provider(): string {
    return this.#state.provider
  }
  get target(): Format {
    const spoken = this.exchange.surroundings.providers.get(this.#state.provider)?.format
    return spoken === undefined || spoken === '*' ? this.format : spoken
  }
  get client(): Client {
    const { identity } = this.#state
    if (!identity) return this.exchange.client
    this.#client ??= { ...this.exchange.client, identity }
    return this.#client
  }
  get size(): number {
    return this.body?.bytes.length ?? 0
  }
  get maxOutputTokens(): number | undefined {
    if (this.#state.conversation) return this.#state.conversation.maxOutputTokens
    const cap = formatOf(this.exchange.surroundings, this.format).maxOutputTokens
    return this.#state.body && cap?.read(this.#state.body.value)
  }
  get losses(): readonly Loss[] {
    return this.#encoded ? [...this.#state.losses, ...this.#encoded.losses] : this.#state.losses
  }
  get signal(): AbortSignal {
    return this.lifetime.signal
  }
  get deadline(): number | undefined {
    return this.lifetime.deadline
  }
  get alternatives(): number | undefined {
    return this.#state.alternatives
  }
  get stateful(): boolean {
    return isStateful(this)
  }
  get lifetime(): Lifetime {
    return this.#state.lifetime
  }
  get log(): Log {
    return this.exchange.log
  }

  get conversation(): Conversation {
    this.#conversation ??= this.#decoded()
    return this.#conversation
  }

  /** The request as it is to be sent, `undefined` where it has no body. Encodes a changed conversation. */
  get body(): Body | undefined {
    return this.#state.body ?? (this.#state.conversation ? this.#encode(this.#state.conversation).body : undefined)
  }

  /** Headers that go with the body. */
  get headers(): Readonly<Record<string, string>> {
    return this.#encoded?.headers ?? this.#state.headers
  }

  /** What the body asks to be done to the reply. Survives the decoding of that body: it may still hold what it is for. */
  get amendment(): Amendment | undefined {
    return this.#encoded?.amendment ?? this.#state.amendment
  }

  with({ fields, ...changes }: CallChanges): EngineCall {
    const call = this.#with(changes)
    return fields === undefined || fields.length === 0 ? call : call.#withFields(fields)
  }

  #with(changes: CallChanges): EngineCall {
    const { model = this.model, provider = this.provider, identity = this.#state.identity } = changes
    const { alternatives = this.#state.alternatives } = changes
    const state = { ...this.#state, model, provider, identity, alternatives, lifetime: this.#lifeFor(changes) }
    if (changes.identity) this.exchange.trail.identified(changes.identity.name)
    if (changes.conversation) {
      const conversation = capped(changes.conversation, changes.maxOutputTokens)
      return new EngineCall(this.exchange, { ...state, conversation, convertedFrom: undefined, body: undefined })
    }
    if (!state.body) {
      const conversation = state.conversation && capped(state.conversation, changes.maxOutputTokens)
      return new EngineCall(this.exchange, { ...state, conversation })
    }
    const body = spliced(state.body, changes, this)
    // The canonical view holds no model: it survives a new one, but not a new cap.
    if (changes.maxOutputTokens === undefined) {
      return new EngineCall(this.exchange, { ...state, body }).#knowing(this.#conversation)
    }
    return new EngineCall(this.exchange, { ...state, body, convertedFrom: undefined })
  }

  /** Fields exist on the wire only: a conversation that was changed is encoded first. */
  #withFields(fields: readonly FieldChange[]): EngineCall {
    const { body } = this
    if (!body) return this
    const { headers, losses, amendment } = this
    const changed = { body: withFields(body, fields), headers, losses, amendment }
    const state = { ...this.#state, ...changed, conversation: undefined, convertedFrom: undefined }
    return new EngineCall(this.exchange, state)
  }

  as(format: Format): EngineCall {
    if (format === this.format) return this
    if (this.operation === 'list-models') return new EngineCall(this.exchange, { ...this.#state, format })
    const conversation = this.#convertible()
    const unencoded = { format, conversation, convertedFrom: undefined, body: undefined }
    const call = new EngineCall(this.exchange, { ...this.#state, ...unencoded })
    // Whoever has no such thing answers out of the conversation or refuses; there is nothing to encode.
    if (!this.#isKnownTo(format)) return call
    const { body, losses, headers } = call.#encode(conversation)
    const { amendment } = call
    return new EngineCall(this.exchange, {
      ...call.#state,
      body,
      conversation: undefined,
      // Nothing that was decoded is held on to: a provider may take its time, and hardly anybody looks again.
      convertedFrom: this,
      headers,
      amendment,
      losses: [...this.losses, ...losses],
    })
  }

  /**
   * The call as a provider may have it: carriers of other providers' state, which a client got in earlier replies, mean
   * nothing to it, and would be refused as forged. The bytes of a call that has none stay as they are.
   */
  withoutCarriers(): EngineCall {
    const { body } = this.#state
    return body && mayHoldCarrier(body.unedited) ? this.with({ conversation: this.conversation }) : this
  }

  detach(signal: AbortSignal): EngineCall {
    const exchange = detached(this.exchange, signal)
    const call = new EngineCall(exchange, { ...this.#state, lifetime: exchange.lifetime })
    return call.#knowing(this.#conversation)
  }

  answer(answer: Answer): Reply {
    return answerReply(this.exchange, this.format, answer)
  }

  #lifeFor({ signal, deadline }: CallChanges): Lifetime {
    if (signal === undefined) return this.lifetime
    const lifetime = this.lifetime.within(signal)
    if (deadline !== undefined) lifetime.limitTo(deadline)
    return lifetime
  }

  #knowing(conversation: Conversation | undefined): EngineCall {
    this.#conversation = conversation
    return this
  }

  #isKnownTo(format: Format): boolean {
    return formatOf(this.exchange.surroundings, format).routes.some(({ operation }) => operation === this.operation)
  }

  /** The conversation in the words of any format, with the reasoning state that its client dropped. */
  #convertible(): Conversation {
    return withKeptState(this.#conversation ?? this.#decoded(), this)
  }

  #decoded(): Conversation {
    return this.#state.convertedFrom ? this.#state.convertedFrom.#convertible() : this.#decode()
  }

  #decode(): Conversation {
    const { body, model, format } = this.#state
    if (!body) return { turns: [], tools: [], sampling: {} }
    const { keeping } = this.exchange.surroundings
    const document = body.parsed()
    if (format === this.exchange.format) this.exchange.checkBody?.(document.value)
    return formatOf(this.exchange.surroundings, format).decodeRequest({
      operation: this.operation,
      model,
      stream: this.stream,
      document,
      headers: this.exchange.client.headers,
      ...(keeping && { stateKey: keeping.key }),
    })
  }

  #encode(conversation: Conversation): Encoded {
    if (!this.#encoded) {
      const {
        body,
        losses,
        headers = {},
        amendment,
      } = formatOf(this.exchange.surroundings, this.format).encodeRequest(conversation, this.#encodeTarget())
      this.#encoded = { body: Body.of(Buffer.from(body)), losses, headers, amendment }
    }
    return this.#encoded
  }

  #encodeTarget(): EncodeTarget {
    const { operation, model, stream, provider } = this
    const { providers, models } = this.exchange.surroundings
    const known = providers.get(provider)?.dialect
    const dialect = known === undefined ? {} : { dialect: known }
    const capabilities = models.capabilitiesOf({ model, provider, format: this.format, ...dialect })
    const native = this.format === this.exchange.format
    return { operation, model, stream, provider, native, capabilities, ...dialect }
  }
}

function capped(conversation: Conversation, maxOutputTokens: number | undefined): Conversation {
  return maxOutputTokens === undefined ? conversation : { ...conversation, maxOutputTokens }
}
