/** Differences between two bodies that mean the same: each with the reason why it is none. */

import type { Completion } from '../../../src/formats/reply-events.ts'

type Fields = Record<string, unknown>

/** Takes out of a request what may differ. */
export function likeRequest(body: Fields): unknown {
  const { messages, max_tokens, max_completion_tokens, functions, tools, stop, stream, n, ...rest } = body
  return {
    ...withoutNulls(rest),
    // The same limit under its old and its new name; each dialect knows one of them.
    max_tokens: max_completion_tokens ?? max_tokens,
    // `functions` are the old way to declare tools.
    tools: [
      ...((tools as Fields[] | undefined) ?? []).map(tool => ({
        type: tool.function ? 'function' : tool.type,
        ...tool,
      })),
      ...((functions as Fields[] | undefined) ?? []).map(declared => ({ type: 'function', function: declared })),
    ],
    tool_choice: likeChoice(rest.tool_choice),
    // One word or a list of one.
    stop: typeof stop === 'string' ? [stop] : stop,
    // Not to stream is the default.
    stream: stream === true,
    n,
    messages: (messages as Fields[]).map(likeMessage),
  }
}

function likeChoice(choice: unknown): unknown {
  // Mistral's word for `required`; a function may be named without its type.
  if (choice === 'any') return 'required'
  return typeof choice === 'object' && choice !== null ? { type: 'function', ...choice } : choice
}

function likeMessage(message: Fields): unknown {
  const { content, tool_calls, reasoning_content, reasoning, ...rest } = withoutNulls(message)
  return {
    ...rest,
    // Servers take either name; many clients send both.
    reasoning: reasoning_content ?? reasoning,
    content: likeContent(content, message),
    tool_calls: (tool_calls as Fields[] | undefined)?.map(({ index: _index, ...call }) => call),
  }
}

function likeContent(content: unknown, message: Fields): unknown {
  // Nothing said: null, absent and empty are the same beside tool calls.
  if (message.role === 'assistant' && (content === undefined || content === '')) return ''
  // No parts say as much as an empty text.
  if (Array.isArray(content) && content.length === 0) return ''
  if (!Array.isArray(content)) return content
  const parts = (content as Fields[]).map(likePart)
  const [first] = parts
  // A text alone is the same as a list of one text.
  return parts.length === 1 && first && first.type === 'text' && Object.keys(first).length === 2 ? first.text : parts
}

function likePart(part: Fields): Fields {
  const image = part.image_url
  const file = part.file
  // OpenAI refuses a file without a name, so it gets one.
  if (typeof file === 'object' && file !== null) return { ...part, file: { filename: 'document.pdf', ...file } }
  // Mistral takes the address alone.
  return typeof image === 'string' ? { ...part, image_url: { url: image } } : part
}

/** Takes out of a reply what may differ. */
export function likeReply(body: Fields): unknown {
  // Required by the format, but left out by Copilot.
  const { choices, created: _created, object: _object, usage, ...rest } = body
  return { ...withoutNulls(rest), usage: usage ?? undefined, choices: (choices as Fields[]).map(likeReplyChoice) }
}

function likeReplyChoice(choice: Fields): unknown {
  const { message, logprobs, ...rest } = withoutNulls(choice)
  const {
    content,
    annotations,
    reasoning,
    reasoning_content,
    padding: _padding,
    tool_calls,
    ...said
  } = withoutNulls(message as Fields)
  return {
    ...rest,
    logprobs: likeLogprobs(logprobs as Fields | undefined),
    message: {
      ...said,
      ...thinkingOf(content, reasoning_content ?? reasoning),
      // An empty list cites nothing.
      annotations: Array.isArray(annotations) && annotations.length > 0 ? annotations : undefined,
      tool_calls: (tool_calls as Fields[] | undefined)?.map(({ index: _index, ...call }) => call),
    },
  }
}

/** Mistral's content with thinking in it says the same as text with `reasoning_content`. */
function thinkingOf(content: unknown, reasoning: unknown): Fields {
  if (!Array.isArray(content))
    return { content: content === '' ? undefined : content, reasoning: reasoning === '' ? undefined : reasoning }
  const parts = content as Fields[]
  const thinking = parts.flatMap(part => (part.thinking as Fields[] | undefined) ?? [])
  return {
    content: parts.map(part => part.text ?? '').join(''),
    reasoning: thinking.map(chunk => chunk.text).join(''),
  }
}

function likeLogprobs(logprobs: Fields | undefined): unknown {
  if (logprobs === undefined) return undefined
  const content = (logprobs.content as Fields[]).map(token => ({ top_logprobs: [], ...token }))
  return { content }
}

/** `null` means "not set". */
function withoutNulls(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

/** Takes out of a gathered stream what may differ. */
export function likeCompletion({ created: _created, candidates, ...rest }: Completion): unknown {
  return {
    ...rest,
    // The gateway's clock where the provider gave no time.
    // The provider's word is replaced by the format's own.
    candidates: candidates.map(({ finish, ...candidate }) => ({ ...candidate, finish: { ...finish, raw: '' } })),
  }
}
