/**
 * Every recorded exchange through every pair of formats, and back. Whatever is different on the other side must have
 * been told as a loss, or be one of the few differences that are none.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import type { Part } from '../../src/formats/conversation.ts'
import type { Loss } from '../../src/formats/losses.ts'
import type { Completion } from '../../src/formats/reply-events.ts'
import { Refusal } from '../../src/refusal.ts'
import { type Difference, explanationOf } from '../support/likeness.ts'
import { compareCompletions } from '../support/likeness-completion.ts'
import { compareConversations } from '../support/likeness-conversation.ts'
import { isWholeCollection, type RecordedCase } from '../support/traffic.ts'
import { isNormal } from './pairs-normal.ts'
import { PairTable, withTable } from './pairs-table.ts'
import {
  answered,
  conversationOf,
  eventsOfCase,
  gathered,
  generating,
  orRefusal,
  replyContext,
  SIDES,
  type Side,
  sendRequest,
  sendStream,
  sendWhole,
  streamedEvents,
} from './pairs-trip.ts'

const PAGE = fileURLToPath(new URL('../../docs/fidelity.md', import.meta.url))
const table = new PairTable()
const PAIRS = SIDES.flatMap(from =>
  SIDES.filter(to => to !== from).map(to => ({ name: `${from.name} → ${to.name}`, from, to })),
)

describe.each(PAIRS)('$name', ({ from, to }) => {
  const cases = generating(from)

  test('there are recordings to test with', () => {
    expect(cases.length).toBeGreaterThan(0)
  })

  test('calls say the same, there and back again, but for what was told', () => {
    const silent = cases.flatMap(each => named(each, () => callFaults(each, from, to)))
    expect(silent).toEqual([])
  })

  test('replies say the same, whole and streamed, there and back again, but for what was told', () => {
    const silent = cases.filter(answered).flatMap(each => named(each, () => replyFaults(each, from, to)))
    expect(silent).toEqual([])
  })
})

test.each(SIDES.slice(1))('a message thread is refused by $name so that the client sends everything again', side => {
  const thread = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], thread: { type: 'create' } }
  const [anthropic] = SIDES
  const conversation = anthropic && conversationOf(anthropic, JSON.stringify(thread))
  const refused = conversation && orRefusal(() => sendRequest(side, conversation))
  expect(refused).toMatchObject({
    status: 400,
    param: 'thread',
    details: expect.stringContaining('"error_code":"thread_unsupported_request"'),
  })
})

describe('the tables of docs/fidelity.md', () => {
  afterAll(() => {
    if (isWholeCollection && process.env.SLUICE_TABLES === 'print') console.info(tables())
  })

  test.runIf(isWholeCollection)('say what was counted (SLUICE_TABLES=update writes them anew)', () => {
    const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''
    if (process.env.SLUICE_TABLES === 'update') writeFileSync(PAGE, withTable(page, tables()))
    else expect(page).toBe(withTable(page, tables()))
  })
})

function tables(): string {
  return table.markdown(SIDES.map(({ name }) => name))
}

/** Gives whatever is wrong, or is thrown, the name of its case. */
function named(found: RecordedCase, act: () => readonly string[]): readonly string[] {
  try {
    return act().map(fault => `${found.name}: ${fault}`)
  } catch (cause) {
    throw new Error(found.name, { cause })
  }
}

function callFaults(found: RecordedCase, from: Side, to: Side): readonly string[] {
  const model = found.model ?? from.model
  const conversation = conversationOf(from, found.requestText, model)
  const there = orRefusal(() => sendRequest(to, conversation))
  const trip = { from: from.name, to: to.name, direction: 'call' } as const
  table.count(trip, found.features, there instanceof Refusal ? there : there.losses, path => at(conversation, path))
  if (there instanceof Refusal) return faultsOfRefusal(there)
  const back = orRefusal(() => sendRequest(from, there.to, { model }))
  return [
    ...told(compareConversations(conversation, there.to), there.losses),
    ...(back instanceof Refusal
      ? faultsOfRefusal(back)
      : told(compareConversations(there.to, back.to), back.losses).map(fault => `back: ${fault}`)),
  ]
}

/** The part at a canonical path. */
function at(root: unknown, path: string): Part | undefined {
  const steps = path.match(/[^.[\]]+/g) ?? []
  const found = steps.reduce<unknown>((node, step) => (node as Record<string, unknown> | undefined)?.[step], root)
  return found as Part | undefined
}

/** A client must be told what to leave out. */
function faultsOfRefusal({ status, code, param }: Refusal): readonly string[] {
  return status === 400 && param !== undefined && param !== '' ? [] : [`refused with ${status} ${code}, param ${param}`]
}

function told(differences: readonly Difference[], losses: readonly Loss[]): readonly string[] {
  return differences
    .filter(difference => !isNormal(difference) && explanationOf(difference, losses) === undefined)
    .map(({ path, kind, from = '', to = '' }) => `${path} ${kind}: ${from.slice(0, 200)} => ${to.slice(0, 200)}`)
}

function replyFaults(found: RecordedCase, from: Side, to: Side): readonly string[] {
  const events = eventsOfCase(from, found)
  const completion = gathered(events)
  const context = replyContext(to, bodyOfClient(found, from, to))
  // Half an answer and its error: the stream must be valid, and end in an error there, too.
  if (completion === undefined) return sendStream(to, events, context).to === undefined ? [] : ['the error got lost']
  if (completion.candidates.some(({ finish }) => finish.reason === 'malformed-tool-call')) return []
  const own = replyContext(from, found.requestText)
  const whole = sendWhole(to, completion, context)
  const trip = { from: from.name, to: to.name, direction: 'reply' } as const
  table.count(trip, found.features, whole.losses, path => at(completion.candidates[0], path))
  const streams = [events, streamedEvents(completion)].map(each => sendStream(to, each, context))
  return [whole, ...streams].flatMap(trip => [
    ...differing(completion, trip.to, trip.losses),
    ...backAgain(from, completion, trip.to, own).map(fault => `back: ${fault}`),
  ])
}

/** What a client of the other format would have asked. */
function bodyOfClient(found: RecordedCase, from: Side, to: Side): string {
  const asked = orRefusal(() => sendRequest(to, conversationOf(from, found.requestText)))
  return asked instanceof Refusal ? '{}' : asked.body
}

function backAgain(
  side: Side,
  first: Completion,
  there: Completion | undefined,
  context: ReturnType<typeof replyContext>,
): readonly string[] {
  if (there === undefined) return []
  const whole = sendWhole(side, there, context)
  const stream = sendStream(side, streamedEvents(there), context)
  return [whole, stream].flatMap(back => [
    ...differing(there, back.to, back.losses),
    // The client knows its tools by its own declarations, whatever they were called on the way.
    ...(JSON.stringify(callsOf(back.to)) === JSON.stringify(callsOf(first))
      ? []
      : ['its calls are not what they were']),
  ])
}

function callsOf(completion: Completion | undefined): unknown {
  const [candidate] = completion?.candidates ?? []
  return candidate?.parts.flatMap(part =>
    part.type === 'tool-call' ? [[part.kind, part.namespace ?? null, part.name]] : [],
  )
}

function differing(from: Completion, to: Completion | undefined, losses: readonly Loss[]): readonly string[] {
  return to === undefined ? ['the answer became an error'] : told(compareCompletions(from, to), losses)
}
