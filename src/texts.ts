/** Where texts are in calls and replies, and the same calls and replies with other texts in them. */
import type { Conversation, Turn } from './formats/conversation.ts'
import type { ReplyEvent } from './formats/reply-events.ts'

/** @param path where the text is: `/turns/0/parts/1/text` @returns what is to stand there instead */
export type TextChange = (text: string, path: string) => string

/** The texts of something, and the same thing with others in their places. */
export interface Texts<T> {
  readonly texts: readonly FoundText[]
  /** As it is, with each run of text in one piece. */
  readonly whole: T
  /** @param replacements one for each text; `null` leaves it as it is */
  replaced(replacements: readonly (string | null)[]): T
}

export interface FoundText {
  readonly path: string
  readonly text: string
  /** Who has written it, where it is one of a turn. */
  readonly role?: Turn['role']
}

/** The texts of a call, its settings included. */
export function textsOfCall(conversation: Conversation): Texts<Conversation> {
  const roleOf = (path: string): Turn['role'] | undefined =>
    conversation.turns[Number(/^\/turns\/(\d+)\//.exec(path)?.[1])]?.role
  return textsOf(conversation, change => mapTexts(conversation, change), roleOf)
}

/** The texts of a whole reply. Of one that broke off, those that had come. */
export function textsOfReply(events: readonly ReplyEvent[]): Texts<readonly ReplyEvent[]> {
  const whole = inWholeTexts(events)
  return textsOf(whole, change => mapReplyTexts(whole, change))
}

/** @param map changes every text, in the same order every time; empty ones are passed over */
function textsOf<T>(
  whole: T,
  map: (change: TextChange) => T,
  roleOf: (path: string) => Turn['role'] | undefined = () => undefined,
): Texts<T> {
  const texts: FoundText[] = []
  map((text, path) => {
    const role = roleOf(path)
    if (text !== '') texts.push({ path, ...(role && { role }), text })
    return text
  })
  return {
    texts,
    whole,
    replaced(replacements) {
      let at = 0
      return map(text => (text === '' ? text : (replacements[at++] ?? text)))
    },
  }
}

/** Names that tie parts together, states that only their issuer reads, and bytes: no texts. */
const NO_TEXTS: readonly string[] = ['type', 'role', 'id', 'callId', 'itemId', 'fileId', 'base64', 'state', 'scheme']
/** Below these any name may hold anything. */
const FREE: readonly string[] = ['metadata', 'extensions']

/**
 * A conversation, a part or an event with every text in it changed, wherever somebody may have put one; the same object
 * where nothing has changed. Texts come in the same order every time.
 */
export function mapTexts<T>(value: T, change: TextChange, path = ''): T {
  return mapValue(value, change, path, false) as T
}

function mapValue(value: unknown, change: TextChange, path: string, isFree: boolean): unknown {
  if (typeof value === 'string') return change(value, path)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, each]) => {
    const isText = isFree || !NO_TEXTS.includes(key)
    return [key, isText ? mapValue(each, change, `${path}/${key}`, isFree || FREE.includes(key)) : each]
  })
  if (entries.every(([key, each]) => each === value[key as keyof typeof value])) return value
  return Array.isArray(value) ? entries.map(([, each]) => each) : Object.fromEntries(entries)
}

/** Log probabilities spell the text that they belong to: without them. */
export function withoutLogprobs(event: ReplyEvent): readonly ReplyEvent[] {
  if (event.type === 'logprobs') return []
  if (event.type !== 'part-start' || event.part.type !== 'text') return [event]
  const { logprobs: _, ...part } = event.part
  return [{ ...event, part }]
}

type Delta = Extract<ReplyEvent, { type: 'text-delta' | 'arguments-delta' }>

/** The events of a whole reply, with each run of text in one piece, and without log probabilities and pings. */
function inWholeTexts(events: readonly ReplyEvent[]): readonly ReplyEvent[] {
  const open = new Map<number, Delta>()
  const close = (index: number): readonly ReplyEvent[] => {
    const delta = open.get(index)
    open.delete(index)
    return delta ? [delta] : []
  }
  const closed = events.flatMap((event): readonly ReplyEvent[] => {
    switch (event.type) {
      case 'text-delta':
      case 'arguments-delta':
        open.set(event.index, { ...event, text: (open.get(event.index)?.text ?? '') + event.text })
        return []
      case 'part-end':
      case 'section-break':
        return [...close(event.index), event]
      case 'error':
      case 'end':
        return [...[...open.keys()].flatMap(close), event]
      case 'ping':
        return []
      default:
        return withoutLogprobs(event)
    }
  })
  // A reply that breaks off has no end.
  return [...closed, ...open.values()]
}

/** A reply with every text of its parts changed; what only tells of the reply, such as its model, stays. */
function mapReplyTexts(events: readonly ReplyEvent[], change: TextChange): readonly ReplyEvent[] {
  return events.map((event): ReplyEvent => {
    switch (event.type) {
      case 'part-start':
        return { ...event, part: mapTexts(event.part, change, `/parts/${event.index}`) }
      case 'text-delta':
        return { ...event, text: change(event.text, `/parts/${event.index}/text`) }
      case 'arguments-delta':
        return { ...event, text: change(event.text, `/parts/${event.index}/arguments`) }
      case 'citation':
        return { ...event, citation: mapTexts(event.citation, change, `/parts/${event.index}/citation`) }
      case 'raw':
        return { ...event, json: change(event.json, '/raw') }
      case 'finish':
        return event.explanation === undefined
          ? event
          : { ...event, explanation: change(event.explanation, '/finish/explanation') }
      default:
        return event
    }
  })
}
