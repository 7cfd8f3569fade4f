import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Conversation, FunctionTool } from '../../src/formats/conversation.ts'
import type { ReplyEvent } from '../../src/formats/reply-events.ts'
import { acceptedName, nameRule, withAcceptedNames } from '../../src/formats/tool-names.ts'
import { encodeTargetFor } from '../support/encode-target.ts'
import { carry, decoded, type FormatName, formats, refusal } from './cases/convert.ts'
import { chat, claude, google, responses } from './cases/request-bodies.ts'

const RULE = nameRule('a-zA-Z0-9_-', 64)
const LONG = `mcp.${'server.'.repeat(11)}search-now`

function tool(name: string, more: Partial<FunctionTool> = {}): FunctionTool {
  return { kind: 'function', name, ...more }
}

function asking(...tools: readonly FunctionTool[]): Conversation {
  return { turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }], tools, sampling: {} }
}

function call(name: string): ReplyEvent {
  const part = { type: 'tool-call', kind: 'function', callId: 'c', name, arguments: '' } as const
  return { type: 'part-start', index: 0, candidate: 0, part }
}

/** What the client is told when the model calls tools by these names. */
function calledBack(conversation: Conversation, names: readonly string[]): readonly string[] {
  const amend = withAcceptedNames(conversation, RULE, {}).amendment?.() ?? (event => [event])
  return names
    .flatMap(name => amend(call(name)))
    .flatMap(event => (event.type === 'part-start' && event.part.type === 'tool-call' ? [event.part.name] : []))
}

function given(conversation: Conversation): readonly string[] {
  return withAcceptedNames(conversation, RULE, {}).conversation.tools.map(({ name }) => name)
}

describe('a name', () => {
  it.each([
    ['is left as it is where it is taken', 'get_weather', 'get_weather'],
    ['as long as it may be, too', 'a'.repeat(64), 'a'.repeat(64)],
    ['is the same with every version, for prompt caches', 'mcp.acme/search', 'mcp_acme_search_28c899ac90'],
    ['keeps what may stand in it', 'files/read all', expect.stringMatching(/^files_read_all_[0-9a-f]{10}$/)],
    ['keeps both of its ends', LONG, expect.stringMatching(/^mcp_server_.*_search-now_[0-9a-f]{10}$/)],
    ['is never empty', '', expect.stringMatching(/^__[0-9a-f]{10}$/)],
    ['begins with no digit or dash when it is made here', '-1.2', expect.stringMatching(/^_-1_2_[0-9a-f]{10}$/)],
  ])('%s', (_, name, expected) => {
    expect(acceptedName(name, RULE)).toEqual(expected)
    expect(acceptedName(name, RULE)).toBe(acceptedName(name, RULE))
  })

  it('that may begin with fewer characters than it may have is held to that', () => {
    const rule = nameRule('a-z0-9.', 128, 'a-z')
    expect(acceptedName('a1', rule)).toBe('a1')
    expect(acceptedName('1a', rule)).toMatch(/^_1a_[0-9a-f]{10}$/)
  })
})

const anyName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom('a', '.', '_', '/', '\ud83d'), maxLength: 90 }),
  fc.stringMatching(/^mcp\.[a-z.]{0,150}$/),
)

describe('any tools', () => {
  it('have names that are taken and distinct, and come back by their own', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyName, { minLength: 1, maxLength: 20 }), names => {
        const conversation = asking(...names.map(name => tool(name)))
        const called = given(conversation)
        for (const name of called) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
        expect(new Set(called).size).toBe(names.length)
        expect(calledBack(conversation, called)).toEqual(names)
      }),
    )
  })

  it('of a namespace come back by both of their names', () => {
    const conversation = asking(tool('search.now', { namespace: 'docs' }), tool('search', { namespace: 'docs' }))
    const [first = ''] = given(conversation)
    expect(first).toMatch(/^docs__search_now_/)
    expect(calledBack(conversation, [first, 'docs__search'])).toEqual(['docs__search.now', 'docs__search'])
  })

  it('are called by their own names where one is really called what stands for one of the past', () => {
    const name = acceptedName('a.b', RULE)
    const past = { type: 'tool-call', kind: 'function', callId: 'c', name: 'a.b', arguments: '{}' } as const
    const { turns, ...rest } = asking(tool(name))
    const conversation = { ...rest, turns: [...turns, { role: 'assistant', parts: [past] } as const] }
    expect(calledBack(conversation, [name])).toEqual([name])
  })

  it.each([
    ['one is called what stands for the other', ['a.b', acceptedName('a.b', RULE)], /"a\.b" and .* Rename/],
    ['the other one comes first', [acceptedName('a.b', RULE), 'a.b'], /Rename/],
    ['both have the same name', ['a.b', 'a.b'], /Two tools are called "a\.b"/],
  ])('are refused where %s (E41)', (_, names, message) => {
    const refused = refusal(() => withAcceptedNames(asking(...names.map(name => tool(name))), RULE, {}))
    expect(refused).toMatchObject({ status: 400, code: 'unsupported_by_target', param: 'tools[1].name' })
    expect(refused.message).toMatch(message)
  })

  it('stay the same object where nothing has to change, and where the client speaks the format itself', () => {
    const fine = asking(tool('look'))
    expect(withAcceptedNames(fine, RULE, {})).toEqual({ conversation: fine })
    const own = asking(tool('a.b'))
    expect(withAcceptedNames(own, RULE, { native: true }).conversation).toBe(own)
  })
})

/** The same loop in each format: two tools, one of them must be called, was called before, and has answered. */
const LOOPS: Readonly<Record<'anthropic-messages' | 'openai-chat' | 'openai-responses' | 'gemini', object>> = {
  'anthropic-messages': claude.body({
    messages: [claude.hello, claude.said(claude.call('c1', {}, { name: LONG })), claude.asked(claude.result('c1'))],
    tools: [claude.tool(LONG), claude.tool('look')],
    tool_choice: { type: 'tool', name: LONG },
  }),
  'openai-chat': chat.body({
    messages: [chat.hello, chat.calls(chat.call('c1', '{}', LONG)), chat.result('c1')],
    tools: [chat.tool(LONG), chat.tool('look')],
    tool_choice: { type: 'function', function: { name: LONG } },
  }),
  'openai-responses': responses.body({
    input: [responses.hello, responses.call('c1', { name: LONG }), responses.result('c1')],
    tools: [responses.tool(LONG), responses.tool('look')],
    tool_choice: { type: 'function', name: LONG },
  }),
  gemini: google.body({
    contents: [google.hello, google.said(google.call(LONG)), google.asked(google.result(LONG))],
    tools: [{ functionDeclarations: [{ name: LONG }, { name: 'look' }] }],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [LONG] } },
  }),
}

/** How often the name stands in a request: declared, chosen, called and, for Gemini, answered. */
const PLACES: readonly (readonly [to: FormatName, pattern: RegExp, places: number])[] = [
  ['anthropic-messages', /^mcp_[\w-]{1,124}$/, 3],
  ['openai-chat', /^mcp_[\w-]{1,60}$/, 3],
  ['openai-responses', /^mcp_[\w-]{1,60}$/, 3],
  ['gemini', /^mcp\.[\w.-]{1,124}$/, 4],
]

describe.each(Object.entries(LOOPS) as [FormatName, object][])('a loop of a client of %s', (from, body) => {
  it.each(PLACES.filter(([to]) => to !== from))('has one name for a tool at %s, and no loss', (to, pattern, places) => {
    const { text, lost } = carry(from, to, body)
    const names = [...text.matchAll(/"(mcp[^"]*)"/g)].map(match => match[1] ?? '')
    expect(new Set(names).size).toBe(1)
    expect(names).toHaveLength(places)
    expect(names[0]).toMatch(pattern)
    expect(lost.filter(path => /name|tools\[0\]|toolChoice/.test(path))).toEqual([])
  })

  it('is written as it came for a provider of the same format, also when it is written anew', () => {
    const { model = 'm' } = body as { model?: string }
    const place = { operation: 'generate', stream: false, model, provider: 'up', native: true } as const
    const encoded = formats[from].encodeRequest(decoded(from, body), encodeTargetFor(from, place))
    expect(encoded.body.split(`"${LONG}"`)).toHaveLength(JSON.stringify(body).split(`"${LONG}"`).length)
    expect(encoded.amendment).toBeUndefined()
  })
})

describe('tools that a choice allows', () => {
  it('are allowed by their names at the provider', () => {
    const allowed = { mode: 'auto', tools: [{ type: 'function', function: { name: LONG } }] }
    const asked = chat.body({
      tools: [chat.tool(LONG), chat.tool('look')],
      tool_choice: { type: 'allowed_tools', allowed_tools: allowed },
    })
    const { body } = carry('openai-chat', 'openai-responses', asked)
    expect(body.tool_choice).toMatchObject({ tools: [{ name: acceptedName(LONG, RULE) }] })
  })
})

describe('tools that the client has found', () => {
  it('are told of by the names that they are offered by', () => {
    const found = { ...responses.tool(LONG), defer_loading: true }
    const search = { type: 'tool_search', execution: 'client', description: 'Finds tools', parameters: {} }
    const { body, text } = carry(
      'openai-responses',
      'openai-chat',
      responses.body({
        tools: [search],
        input: [
          responses.hello,
          { type: 'tool_search_call', call_id: 's1', execution: 'client', arguments: {}, status: 'completed' },
          { type: 'tool_search_output', call_id: 's1', execution: 'client', tools: [found], status: 'completed' },
        ],
      }),
    )
    const name = acceptedName(LONG, RULE)
    expect(body.tools).toMatchObject([{}, { function: { name } }])
    expect(text).toContain(`can be called now: ${name}.`)
  })
})
