/** What the stand-in provider needs to know of a wire format: what a request asks for, and how an answer is written. */

export type Fields = Readonly<Record<string, unknown>>

export interface OfferedTool {
  readonly name: string
  /** Codex groups tools: the call has to name the group as well. */
  readonly namespace?: string
  /** Names of the arguments; `undefined` for a tool that takes free text. */
  readonly parameters?: readonly string[]
  /** The text that tells the model what it does. */
  readonly description: string
}

export interface Asked {
  readonly stream: boolean
  readonly tools: readonly OfferedTool[]
  /** JSON text of the tool results that came since the model spoke last; `undefined` when there are none. */
  readonly result: string | undefined
  /** What a strict provider would refuse. */
  readonly faults: readonly string[]
  /** Whether the provider may send reasoning along. */
  readonly reasoning: boolean
}

export type Says =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'call'; readonly tool: OfferedTool; readonly input: Fields | string }

/** One answer to write. */
export interface Answer {
  readonly says: Says
  readonly model: string
  readonly reasoning: boolean
  /** Counts the answers of the stand-in: makes ids differ. */
  readonly number: number
}

export interface Speaker {
  /** The part of the path by which a request for an answer is known. */
  readonly path: RegExp
  read(body: Fields, url: string): Asked
  whole(answer: Answer): Fields
  /** The same answer as server-sent events. */
  stream(answer: Answer): string
  /** The refusal, with status 400, of what real providers may refuse and clients then say in another way. */
  refuse?(body: Fields): Fields | undefined
  /** The body of a refusal with status 400. */
  error(message: string): Fields
  /** Answers to questions beside that: token counts, model lists. `undefined`: 404. */
  aside(method: string, path: string): Fields | undefined
}

/** Stands for reasoning that only its issuer can read; whole base64, as Gemini wants it. */
export const STATE = 'c2x1aWNlLXN0YW5kLWluLXN0YXRl'
export const THOUGHT = 'The note has to be read first.'
export const PREFACE = 'Let me look.'

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a list; what is no list has none. */
export function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The names of the arguments that a JSON Schema declares. */
export function parameterNames(schema: unknown): readonly string[] {
  return Object.keys(fieldsOf(fieldsOf(schema).properties))
}

export function inputText(input: Fields | string): string {
  return typeof input === 'string' ? input : JSON.stringify(input)
}

/** Cut in two, so that whoever puts streams together has something to do. */
export function halves(text: string): readonly [string, string] {
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)]
}

/** Ids that were called and never answered, or answered and never called. */
export function pairingFaults(called: readonly string[], answered: readonly string[]): readonly string[] {
  return [
    ...called.filter(id => !answered.includes(id)).map(id => `call ${id} has no result`),
    ...answered.filter(id => !called.includes(id)).map(id => `result ${id} has no call`),
    ...(new Set(called).size === called.length ? [] : ['a call id is used twice']),
  ]
}

export function nameFaults(names: readonly string[], pattern: RegExp): readonly string[] {
  return [
    ...names.filter(name => !pattern.test(name)).map(name => `tool name ${name} is not allowed`),
    ...(new Set(names).size === names.length ? [] : ['two tools have one name']),
  ]
}

export function unknownFields(body: Fields, known: string): readonly string[] {
  const names = new Set(known.split(' '))
  return Object.keys(body)
    .filter(name => !names.has(name))
    .map(name => `unknown field ${name}`)
}
