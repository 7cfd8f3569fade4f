/** Codex offers a tool that looks for further tools of its own; no other format has one. */
import { describe, expect, test } from 'vitest'
import anthropicMessages from '../../src/formats/anthropic-messages/format.ts'
import type { Conversation, HostedTool, Tool } from '../../src/formats/conversation.ts'
import gemini from '../../src/formats/gemini/format.ts'
import openaiChat from '../../src/formats/openai-chat/format.ts'
import { encodeTargetFor } from '../support/encode-target.ts'

const FORMATS = { 'anthropic-messages': anthropicMessages, gemini, 'openai-chat': openaiChat }
const READ: Tool = {
  kind: 'function',
  name: 'read',
  schema: '{"type":"object","properties":{"path":{"type":"string"}}}',
}

function searchBy(execution: string): HostedTool {
  const json = JSON.stringify({ type: 'tool_search', execution, parameters: { type: 'object' } })
  return { kind: 'hosted', format: 'openai-responses', name: 'tool_search', json }
}

function encode(name: keyof typeof FORMATS, tools: readonly Tool[]) {
  const conversation: Conversation = {
    turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
    tools,
    toolChoice: { mode: 'auto' },
    sampling: {},
  }
  const target = encodeTargetFor(name, { model: 'm', provider: 'p', stream: false, operation: 'generate' })
  const { body, losses } = FORMATS[name].encodeRequest(conversation, target)
  return { body, lost: losses.map(({ path, action }) => `${action} ${path}`) }
}

describe.each(['anthropic-messages', 'gemini', 'openai-chat'] as const)('%s', name => {
  test('a search by the client is left out, and said to be', () => {
    const { body, lost } = encode(name, [searchBy('client'), READ])
    expect(body).toContain('"read"')
    expect(body).not.toContain('tool_search')
    expect(body).not.toContain('includeServerSideToolInvocations')
    expect(lost).toEqual(['dropped tools[0]'])
  })

  test('no tools are left when it was the only one', () => {
    expect(encode(name, [searchBy('client')]).body).not.toContain('"tools"')
  })

  test('a search by the provider is refused: the model relies on it', () => {
    expect(() => encode(name, [searchBy('server'), READ])).toThrow('tool_search')
  })
})
