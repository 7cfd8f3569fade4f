/** Differences between two bodies that mean the same: each with the reason why it is none. */
import type { Completion } from '../../../src/formats/reply-events.ts'
import type { Fields } from './exchange.ts'

/** Takes out of a request what may differ. */
export function likeRequest(body: Fields): unknown {
  const { input, stream, tools, text, reasoning, ...rest } = withoutNulls(body)
  return {
    ...rest,
    // A list of one user message with one text says what a plain string says.
    input: typeof input === 'string' ? [likeItem({ role: 'user', content: input })] : (input as Fields[]).map(likeItem),
    // Not to stream is the default.
    stream: stream === true,
    // No tools at all, or none in the list.
    tools: (tools as Fields[] | undefined) ?? [],
    text: withoutNulls((text as Fields | undefined) ?? {}),
    reasoning: withoutNulls((reasoning as Fields | undefined) ?? {}),
  }
}

function likeItem(item: Fields): unknown {
  const { content, output, ...rest } = withoutNulls(item)
  const isMessage = item.type === undefined || item.type === 'message'
  return {
    // An item with a role is a message.
    ...(isMessage ? { type: 'message' } : {}),
    ...rest,
    ...(isMessage ? { content: likeContent(content, item.role === 'assistant') } : { content }),
    ...(output === undefined ? {} : { output: likeContent(output, false) }),
  }
}

/** A string is short for one text. */
function likeContent(content: unknown, assistant: boolean): unknown {
  if (typeof content === 'string')
    return content === '' ? [] : [likePart({ type: assistant ? 'output_text' : 'input_text', text: content })]
  return Array.isArray(content) ? content.map(likePart) : content
}

function likePart(part: Fields): unknown {
  // The list is empty where nothing is annotated.
  return part.type === 'output_text' ? { annotations: [], ...withoutNulls(part) } : withoutNulls(part)
}

/** Takes out of a reply what may differ. */
export function likeReply(body: Fields): unknown {
  const { output, usage, ...rest } = withoutNulls(body)
  // Fields that the provider left out are told with their defaults: typed clients insist on them.
  const {
    background,
    metadata,
    parallel_tool_calls,
    reasoning,
    service_tier,
    text,
    tool_choice,
    tools,
    store,
    ...told
  } = rest
  const { top_logprobs, truncation, ...own } = told
  return { ...own, usage, output: (output as Fields[]).map(likeOutputItem) }
}

function likeOutputItem(item: Fields): unknown {
  const { content, status, ...rest } = withoutNulls(item)
  return {
    ...rest,
    // OpenAI leaves the status of reasoning out, xAI tells it.
    status: item.type === 'reasoning' ? undefined : status,
    // An empty list of reasoning texts or none at all.
    content: Array.isArray(content) && content.length > 0 ? content.map(likeOutputPart) : undefined,
  }
}

function likeOutputPart(part: Fields): unknown {
  if (part.type !== 'output_text') return part
  const { logprobs, ...rest } = withoutNulls(part)
  // Lists are empty where there is nothing to tell.
  return { annotations: [], ...rest, logprobs: ((logprobs as Fields[] | undefined) ?? []).map(likeLogprob) }
}

/** OpenAI rounds in the last event what it told in full before; and -0 is 0. */
function likeLogprob({ logprob, ...rest }: Fields): unknown {
  return { ...rest, logprob: Math.round(Number(logprob) * 1e6) / 1e6 + 0 }
}

/** Takes out of a gathered stream what may differ. */
export function likeCompletion({ candidates, ...rest }: Completion): unknown {
  return {
    ...rest,
    candidates: candidates.map(({ index, parts, finish: { extensions: _, ...finish } }) => ({
      index,
      finish,
      parts,
    })),
  }
}

/** `null` means "not set". */
export function withoutNulls(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}
