/** What a provider of each format was asked, read from the request that arrived there. Independent of the code under test. */
import type { UpstreamRequest } from '../../support/upstream.ts'
import type { Spoken } from './stage.ts'
import type { Call, Question, Tool, Turn } from './talk.ts'

type Json = Readonly<Record<string, unknown>>

/** @throws Error when the request is not in the shape of the format */
export function heardBy(format: Spoken, request: UpstreamRequest): Question {
  return HEARERS[format](request.json() as Json)
}

const HEARERS: Readonly<Record<Spoken, (body: Json) => Question>> = {
  'anthropic-messages': body => {
    const calls: Call[] = []
    return question(
      blocksOf(body.system).map(textOf).join(''),
      list(body.messages).map(message => anthropicTurn(message, calls)),
      list(body.tools).map(tool => ({
        name: `${tool.name}`,
        description: `${tool.description}`,
        schema: tool.input_schema,
      })),
      at(body, 'output_config', 'format', 'schema'),
    )
  },
  'openai-chat': body => {
    const calls: Call[] = []
    const [system, others] = split(list(body.messages))
    return question(
      system.map(({ content }) => blocksOf(content).map(textOf).join('')).join(''),
      merged(others.map(message => chatTurn(message, calls))),
      list(body.tools).map(tool => {
        const { name, description, parameters } = at(tool, 'function') as Json
        return { name: `${name}`, description: `${description}`, schema: parameters }
      }),
      at(body, 'response_format', 'json_schema', 'schema'),
    )
  },
  'openai-responses': body => {
    const calls: Call[] = []
    const [system, others] = split(
      typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : list(body.input),
    )
    return question(
      [body.instructions ?? '', ...system.map(({ content }) => blocksOf(content).map(textOf).join(''))].join(''),
      merged(others.map(item => responsesTurn(item, calls))),
      list(body.tools).map(({ name, description, parameters }) => ({
        name: `${name}`,
        description: `${description}`,
        schema: parameters,
      })),
      at(body, 'text', 'format', 'schema'),
    )
  },
  gemini: body => {
    const calls: Call[] = []
    return question(
      list(at(body, 'systemInstruction', 'parts'))
        .map(textOf)
        .join(''),
      list(body.contents).map(content => geminiTurn(content, calls)),
      list(body.tools)
        .flatMap(tool => list(tool.functionDeclarations))
        .map(({ name, description, parametersJsonSchema, parameters }) => ({
          name: `${name}`,
          description: `${description}`,
          schema: parametersJsonSchema ?? parameters,
        })),
      at(body, 'generationConfig', 'responseJsonSchema') ?? at(body, 'generationConfig', 'responseSchema'),
    )
  },
}

interface HeardTool extends Omit<Tool, 'schema'> {
  readonly schema: unknown
}

function question(system: string, turns: readonly Turn[], tools: readonly HeardTool[], schema: unknown): Question {
  return {
    ...(system !== '' && { system }),
    turns,
    ...(tools.length > 0 && { tools: tools as readonly Tool[] }),
    ...(schema !== undefined && { schema: schema as object }),
  }
}

function anthropicTurn({ role, content }: Json, calls: Call[]): Turn {
  const blocks = blocksOf(content)
  if (role === 'assistant')
    return assistant(
      blocks,
      used(blocks, 'tool_use', calls, ({ id, name, input }) => [id, name, input]),
    )
  const results = blocks.filter(({ type }) => type === 'tool_result')
  if (results.length > 0) {
    return {
      results: results.map(block => answered(calls, block.tool_use_id, blocksOf(block.content).map(textOf).join(''))),
    }
  }
  return user(blocks, block => at(block, 'source', 'data'))
}

function chatTurn(message: Json, calls: Call[]): Turn {
  if (message.role === 'tool') {
    return { results: [answered(calls, message.tool_call_id, blocksOf(message.content).map(textOf).join(''))] }
  }
  const blocks = blocksOf(message.content)
  if (message.role === 'user') return user(blocks, block => inDataUrl(at(block, 'image_url', 'url')))
  return assistant(
    blocks,
    used(list(message.tool_calls), 'function', calls, call => [
      call.id,
      at(call, 'function', 'name'),
      parsed(at(call, 'function', 'arguments')),
    ]),
  )
}

function responsesTurn(item: Json, calls: Call[]): Turn {
  if (item.type === 'function_call_output') {
    return { results: [answered(calls, item.call_id, blocksOf(item.output).map(textOf).join(''))] }
  }
  if (item.type === 'function_call') {
    return assistant(
      [],
      used([item], 'function_call', calls, ({ call_id, name, arguments: input }) => [call_id, name, parsed(input)]),
    )
  }
  const blocks = blocksOf(item.content)
  return item.role === 'assistant' ? assistant(blocks, []) : user(blocks, ({ image_url: url }) => inDataUrl(url))
}

/** Google pairs calls and results by id where there is one, else by name and order. */
function geminiTurn({ role, parts }: Json, calls: Call[]): Turn {
  const blocks = list(parts)
  if (role === 'model') {
    const made = blocks.flatMap(({ functionCall }) => (functionCall ? [functionCall as Json] : []))
    return assistant(
      blocks.filter(({ functionCall }) => functionCall === undefined),
      used(made, undefined, calls, ({ id, name, args }) => [id ?? `${name} ${calls.length}`, name, args ?? {}]),
    )
  }
  const results = blocks.flatMap(({ functionResponse }) => (functionResponse ? [functionResponse as Json] : []))
  if (results.length === 0) return user(blocks, block => at(block, 'inlineData', 'data'))
  const waiting = [...calls]
  return {
    results: results.map(({ id, name, response }) => {
      const index = waiting.findIndex(call => (id === undefined ? call.name === name : call.id === id))
      const [call] = waiting.splice(index, 1)
      if (!call) throw new Error(`the result ${name} ${id} belongs to no call`)
      return { call, output: response as Call['input'] }
    }),
  }
}

function user(blocks: readonly Json[], pngOf: (block: Json) => unknown): Turn {
  const png = blocks.map(pngOf).find(value => value !== undefined)
  const text = blocks.map(textOf).join('')
  return png === undefined ? { user: text } : { user: text, png: `${png}` }
}

function assistant(blocks: readonly Json[], calls: readonly Call[]): Turn {
  const text = blocks.map(textOf).join('')
  return calls.length > 0 ? { assistant: text, calls } : { assistant: text }
}

function used(
  blocks: readonly Json[],
  type: string | undefined,
  known: Call[],
  read: (block: Json) => readonly [id: unknown, name: unknown, input: unknown],
): Call[] {
  const made: Call[] = []
  for (const block of blocks) {
    if (type !== undefined && block.type !== type) continue
    const [id, name, input] = read(block)
    const call = { id: `${id}`, name: `${name}`, input: input as Call['input'] }
    made.push(call)
    known.push(call)
  }
  return made
}

function answered(calls: readonly Call[], id: unknown, text: string): { call: Call; output: Call['input'] } {
  const call = calls.find(each => each.id === id)
  if (!call) throw new Error(`the result ${id} belongs to no call`)
  return { call, output: parsed(text) as Call['input'] }
}

/** One turn may take several messages: a call and a result each. */
function merged(turns: readonly Turn[]): Turn[] {
  const all: Turn[] = []
  for (const turn of turns) {
    const last = all.at(-1)
    if (last && 'results' in last && 'results' in turn) {
      all[all.length - 1] = { results: [...last.results, ...turn.results] }
    } else if (last && 'assistant' in last && 'assistant' in turn) {
      const calls = [...(last.calls ?? []), ...(turn.calls ?? [])]
      all[all.length - 1] = { assistant: last.assistant + turn.assistant, ...(calls.length > 0 && { calls }) }
    } else all.push(turn)
  }
  return all
}

function split(messages: readonly Json[]): readonly [system: readonly Json[], others: readonly Json[]] {
  const isSystem = ({ role }: Json): boolean => role === 'system' || role === 'developer'
  return [messages.filter(isSystem), messages.filter(message => !isSystem(message))]
}

function blocksOf(content: unknown): readonly Json[] {
  if (content === undefined || content === null || content === '') return []
  return typeof content === 'string' ? [{ type: 'text', text: content }] : list(content)
}

function textOf({ text }: Json): string {
  return typeof text === 'string' ? text : ''
}

function inDataUrl(url: unknown): string | undefined {
  return typeof url === 'string' ? url.slice(url.indexOf(',') + 1) : undefined
}

function parsed(text: unknown): unknown {
  return JSON.parse(`${text}`)
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((node, key) => (node as Json | undefined)?.[key], value)
}
