/** What providers of the four formats answer. */
import type { Act } from '../../support/upstream.ts'
import { ANTHROPIC } from './anthropic-says.ts'
import { CHAT } from './chat-says.ts'
import { GEMINI } from './gemini-says.ts'
import { RESPONSES } from './responses-says.ts'
import { firstHalf, type Speaker } from './speaker.ts'
import type { Spoken } from './stage.ts'
import type { Said } from './talk.ts'

/** The answer, whole or streamed. */
export function sayAs(format: Spoken, said: Said, stream: boolean): Act {
  const speaker = SPEAKERS[format]
  return stream ? { chunks: [speaker.stream(said)] } : { json: speaker.whole(said) }
}

/** A refusal with this status. */
export function refuseAs(format: Spoken, status: number, message: string): Act {
  return { status, json: SPEAKERS[format].error(status, message) }
}

/** The beginning of a stream that then says no more, or breaks. */
export function beginAs(format: Spoken, said: Said, ending: 'stall' | 'cut' | 'complete' = 'stall'): Act {
  const stream = SPEAKERS[format].stream(said)
  // Up to and including the first piece of text.
  const end = stream.indexOf('\n\n', stream.indexOf(firstHalf(said.text))) + 2
  return { chunks: [stream.slice(0, end)], ending }
}

const SPEAKERS: Readonly<Record<Spoken, Speaker>> = {
  'anthropic-messages': ANTHROPIC,
  'openai-chat': CHAT,
  'openai-responses': RESPONSES,
  gemini: GEMINI,
}
