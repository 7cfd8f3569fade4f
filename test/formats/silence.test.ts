/** What agents say with every call and no other provider needs to hear is left out without a word. */
import { describe, expect, test } from 'vitest'
import anthropicMessages from '../../src/formats/anthropic-messages/format.ts'
import type { Conversation } from '../../src/formats/conversation.ts'
import gemini from '../../src/formats/gemini/format.ts'
import openaiChat from '../../src/formats/openai-chat/format.ts'
import openaiResponses from '../../src/formats/openai-responses/format.ts'
import type { DecodeInput, WireFormat } from '../../src/formats/wire-format.ts'
import { parseDocument } from '../../src/json/document.ts'
import { encodeTargetFor } from '../support/encode-target.ts'

function decoded(format: WireFormat, body: unknown): Conversation {
  const document = parseDocument(JSON.stringify(body))
  const input: DecodeInput = { operation: 'generate', model: 'm', stream: false, document, headers: {} }
  return format.decodeRequest(input)
}

function encoded(format: WireFormat, conversation: Conversation) {
  const target = encodeTargetFor('', { model: 'm', provider: 'p', stream: false, operation: 'generate' })
  return format.encodeRequest(conversation, target)
}

describe.each([
  ['openai-chat', openaiChat],
  ['openai-responses', openaiResponses],
  ['gemini', gemini],
])('to %s', (_, target) => {
  test("Claude Code's line for Anthropic's accounting", () => {
    const conversation = decoded(anthropicMessages, {
      model: 'm',
      max_tokens: 100,
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cch=1;' },
        { type: 'text', text: 'You are helpful.' },
      ],
      messages: [{ role: 'user', content: 'Hi' }],
    })
    const { body, losses } = encoded(target, conversation)
    expect(body).toContain('You are helpful.')
    expect(body).not.toContain('billing')
    expect(losses).toEqual([])
  })
})

describe.each([
  ['anthropic-messages', anthropicMessages],
  ['openai-responses', openaiResponses],
  ['gemini', gemini],
])('to %s', (_, target) => {
  const call = { id: 'call_1', type: 'function', function: { name: 'read', arguments: '{}' } }

  function losses(name: string): readonly string[] {
    const conversation = decoded(openaiChat, {
      model: 'm',
      max_completion_tokens: 100,
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'call_1', content: 'x', ...(name === 'tool' ? { name: 'read' } : {}) },
      ],
      tools: [{ type: 'function', function: { name: 'read', parameters: { type: 'object', properties: {} } } }],
    })
    return encoded(target, conversation).losses.map(({ path }) => path)
  }

  test('the name that a result repeats from its call', () => {
    expect(losses('tool')).toEqual(losses('nobody'))
  })
})
