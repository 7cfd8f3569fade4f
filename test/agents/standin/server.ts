/**
 * A provider that stands in for the real ones: it asks for one tool call, a file read or a shell command of the agent's
 * own tools, and says the note's password once the result of that call is there. It refuses what the real ones refuse.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { anthropicMessages } from './anthropic-messages.ts'
import { gemini } from './gemini.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'
import { type Asked, type Fields, fieldsOf, type Says, type Speaker, STATE, textOf } from './speaker.ts'
import { chooseCall } from './tool-choice.ts'

const SPEAKERS: Readonly<Record<string, Speaker>> = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat('full'),
  'chat-compatible': openaiChat('plain'),
  'openai-responses': openaiResponses,
  gemini,
}

/** @param upstream a name of `UPSTREAMS` */
export function speakerOf(upstream: string): Speaker {
  const speaker = SPEAKERS[upstream]
  if (speaker === undefined) throw new Error(`there is no stand-in for ${upstream}`)
  return speaker
}

/** One request that arrived, and what came of it. */
export interface Turn {
  readonly url: string
  readonly text: string
  readonly asked: Asked
  readonly says: Says | undefined
  /** Whether reasoning of an earlier answer came back with the request. */
  readonly stateReturned: boolean
}

export interface StandIn extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** What has come since the last call of this function. */
  take(): readonly Turn[]
  /** The file that the next agent is to read, and what it has to find there. */
  expect(note: { readonly path: string; readonly password: string }): void
}

export async function startStandIn(speaker: Speaker): Promise<StandIn> {
  let turns: Turn[] = []
  let note = { path: 'note.txt', password: '' }
  let number = 0
  const server = createServer(async (message, response) => {
    const body = await bodyOf(message)
    const url = message.url ?? '/'
    if (!speaker.path.test(url)) return answerAside(speaker, message, response)
    const refusal = speaker.refuse?.(body.fields)
    if (refusal !== undefined) return writeJson(response, 400, refusal)
    const asked = speaker.read(body.fields, url)
    const says = decide(asked, note)
    const stateReturned = body.text.includes(STATE)
    const faults = typeof says === 'string' ? [...asked.faults, says] : asked.faults
    if (faults.length > 0 || typeof says === 'string') {
      turns.push({ url, text: body.text, asked: { ...asked, faults }, says: undefined, stateReturned })
      return writeJson(response, 400, speaker.error(faults.join('; ')))
    }
    turns.push({ url, text: body.text, asked, says, stateReturned })
    number += 1
    const answer = { says, model: textOf(body.fields.model) || 'stand-in', reasoning: asked.reasoning, number }
    if (!asked.stream) return writeJson(response, 200, speaker.whole(answer))
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(speaker.stream(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = turns
      turns = []
      return taken
    },
    expect(next) {
      note = next
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Side requests of agents (titles, summaries) bring no tools along: they get a text. */
function decide({ tools, result }: Asked, note: { path: string; password: string }): Says | string {
  if (result?.includes(note.password)) return { type: 'text', text: `The password is ${note.password}.` }
  if (result !== undefined) return `the tool result lacks the note: ${result.slice(0, 300)}`
  return tools.length === 0 ? { type: 'text', text: 'Reading a note' } : chooseCall(tools, note.path)
}

async function bodyOf(message: IncomingMessage): Promise<{ readonly text: string; readonly fields: Fields }> {
  const body = await text(message)
  return { text: body, fields: body === '' ? {} : fieldsOf(JSON.parse(body)) }
}

function answerAside(speaker: Speaker, { method = '', url = '' }: IncomingMessage, response: ServerResponse): void {
  const fields = speaker.aside(method, new URL(url, 'http://stand-in').pathname)
  writeJson(response, fields === undefined ? 404 : 200, fields ?? speaker.error(`nothing at ${method} ${url}`))
}

function writeJson(response: ServerResponse, status: number, fields: Fields): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(fields))
}
