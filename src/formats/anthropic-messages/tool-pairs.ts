/**
 * Calls and results belong together: every call of an assistant message is answered at the beginning of the user message
 * that follows it, once, and no id is used twice (conversion.md E13, E37, E67 to E72, E83).
 */
import { Refusal } from '../../refusal.ts'
import type { ToolResultPart } from '../conversation.ts'
import { ORPHAN, resultAsText, SUPERSEDED } from '../tool-answers.ts'
import type { Placed } from './blocks-encode.ts'
import type { Encoding } from './encoding.ts'
import { acceptableCallId } from './ids.ts'
import type { PlannedMessage } from './messages-plan.ts'

/** The ids under which an original id's calls of one message are known, in their order. */
type Pending = Map<string, string[]>

/**
 * @param continues whether the calls of the first results may be in a thread that the provider holds
 * @throws Refusal 400 naming calls that nobody answered
 */
export function pairTools(
  messages: readonly PlannedMessage[],
  continues: boolean,
  encoding: Encoding,
): readonly PlannedMessage[] {
  const used = new Set<string>()
  let pending: Pending = new Map()
  let first = true
  const paired = messages.map(message => {
    if (message.role === 'system') return message
    if (message.role === 'assistant') {
      requireAnswered(pending)
      const renamed = message.parts.map(placed => renameCall(placed, used))
      pending = pendingOf(message, renamed)
      first = false
      return { ...message, parts: renamed }
    }
    const parts = answer(message.parts, pending, continues && first, encoding)
    first = false
    requireAnswered(pending)
    return { ...message, parts }
  })
  requireAnswered(pending)
  return paired
}

function renameCall(placed: Placed, used: Set<string>): Placed {
  const { part } = placed
  if (part.type !== 'tool-call') return placed
  const base = acceptableCallId(part.callId)
  let callId = base
  for (let again = 2; used.has(callId); again++) callId = `${base}_${again}`
  used.add(callId)
  return callId === part.callId ? placed : { ...placed, part: { ...part, callId } }
}

function pendingOf(message: PlannedMessage, renamed: readonly Placed[]): Pending {
  const pending: Pending = new Map()
  for (const [index, { part }] of message.parts.entries()) {
    const now = renamed[index]?.part
    if (part.type !== 'tool-call' || now?.type !== 'tool-call') continue
    const ids = pending.get(part.callId)
    if (ids === undefined) pending.set(part.callId, [now.callId])
    else ids.push(now.callId)
  }
  return pending
}

/** Results first and in their own order, then everything else. Takes what was answered out of `pending`. */
function answer(parts: readonly Placed[], pending: Pending, continues: boolean, encoding: Encoding): readonly Placed[] {
  const results = new Map<string, Placed>()
  const others: Placed[] = []
  const answered = new Map<string, string>()
  for (const placed of parts) {
    const { part } = placed
    if (part.type !== 'tool-result') {
      others.push(placed)
      continue
    }
    const id = pending.get(part.callId)?.shift() ?? answered.get(part.callId)
    if (id === undefined && !continues) {
      others.push(...orphan(part, placed.path, encoding))
      continue
    }
    const callId = id ?? acceptableCallId(part.callId)
    const earlier = results.get(callId)
    if (earlier !== undefined) encoding.log.dropped(earlier.path, SUPERSEDED)
    answered.set(part.callId, callId)
    results.set(callId, { ...placed, part: { ...part, callId } })
  }
  return [...results.values(), ...others]
}

/** A result whose call is gone (a client shortened its history) still tells the model something. */
function orphan(part: ToolResultPart, path: string, { log }: Encoding): readonly Placed[] {
  log.approximated(path, ORPHAN)
  const [head, ...content] = resultAsText(part)
  return [
    ...(head ? [{ part: head, path }] : []),
    ...content.map((inner, index) => ({ part: inner, path: `${path}.content[${index}]` })),
  ]
}

function requireAnswered(pending: Pending): void {
  const open = [...pending].flatMap(([original, ids]) => ids.map(() => original))
  if (open.length === 0) return
  throw new Refusal(
    400,
    'tool_result_missing',
    `Tool calls without a result: ${open.slice(0, 8).join(', ')}. Every call needs a result in the turn after it.`,
    { param: 'messages' },
  )
}
