/** What a model does not take is left out of what is sent for it, in every format, and told as a loss. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Conversation, ToolChoice } from '../../src/formats/conversation.ts'
import { withinCapabilities, withinSampling } from '../../src/formats/within-capabilities.ts'
import type { CapabilityChanges } from '../../src/models/capabilities.ts'
import { encodeTargetFor } from '../support/encode-target.ts'
import { type FormatName, formats } from './cases/convert.ts'

const GENERATING: readonly FormatName[] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini']
const TOOLS = ['look', 'other'].map(name => ({ kind: 'function' as const, name, schema: '{"type":"object"}' }))

function conversation(changes: Partial<Conversation> = {}): Conversation {
  return { turns: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }], tools: TOOLS, sampling: {}, ...changes }
}

function capabilitiesWith(changes: CapabilityChanges) {
  const { capabilities } = encodeTargetFor('', { operation: 'generate', model: 'm', stream: false, provider: 'p' })
  return { ...capabilities, ...changes }
}

function sent(format: FormatName, source: Conversation, changes: CapabilityChanges) {
  const place = { operation: 'generate', model: 'm', stream: false, provider: 'p' } as const
  const target = { ...place, capabilities: capabilitiesWith(changes) }
  const { body, losses } = formats[format].encodeRequest(source, target)
  return { body, lost: losses.map(({ path, action }) => `${path} ${action}`) }
}

describe.each(GENERATING)('%s', format => {
  test('a wish beyond what the model gives is cut to it', () => {
    const { body, lost } = sent(format, conversation({ maxOutputTokens: 7777 }), { max_output_tokens: 5555 })
    expect([body.includes('7777'), body.includes('5555')]).toEqual([false, true])
    expect(lost).toContain('maxOutputTokens approximated')
  })

  test('a smaller wish is left as it is', () => {
    const { body, lost } = sent(format, conversation({ maxOutputTokens: 4444 }), { max_output_tokens: 5555 })
    expect(body).toContain('4444')
    expect(lost).toEqual([])
  })

  test.each<[string, ToolChoice]>([
    ['some tool', { mode: 'required' }],
    ['one tool', { mode: 'named', name: 'look', kind: 'function' }],
  ])('%s cannot be forced', (_name, toolChoice) => {
    const forced = sent(format, conversation({ toolChoice }), { forced_tools: true })
    const { body, lost } = sent(format, conversation({ toolChoice }), { forced_tools: false })
    expect(body).not.toBe(forced.body)
    expect(body).not.toMatch(/"required"|"any"|"ANY"|"tool_choice":\{"type":"(?:tool|function)"/)
    expect(lost).toContain('toolChoice approximated')
  })

  test('sampling parameters are left out', () => {
    const { body, lost } = sent(format, conversation({ sampling: { temperature: 0.25 } }), { sampling: 'never' })
    expect(body).not.toContain('temperature')
    expect(lost).toContain('sampling.temperature dropped')
  })
})

describe('sampling without reasoning', () => {
  const sampling = { temperature: 0.5, topP: 0.9 }
  const left = (reasoning?: Conversation['reasoning']): readonly string[] => {
    const lost: string[] = []
    const losses = { dropped: (path: string) => lost.push(path), approximated: () => {} }
    withinSampling(
      conversation({ sampling, ...(reasoning && { reasoning }) }),
      capabilitiesWith({ sampling: 'without_reasoning' }),
      losses,
    )
    return lost
  }

  test.each([[undefined], [{ effort: 'none' as const }], [{ mode: 'disabled' as const }]])(
    'is kept with %j',
    reasoning => {
      expect(left(reasoning)).toEqual([])
    },
  )

  test.each([[{ effort: 'low' as const }], [{ budget: 1000 }], [{ mode: 'adaptive' as const }]])(
    'is left out with %j',
    reasoning => {
      expect(left(reasoning)).toEqual(['sampling.temperature', 'sampling.topP'])
    },
  )
})

test('what changes is told, and what is not told has not changed', () => {
  const choice = fc.constantFrom<ToolChoice | undefined>(
    undefined,
    { mode: 'auto' },
    { mode: 'none' },
    { mode: 'required', allowed: ['look'] },
    { mode: 'named', name: 'look', kind: 'function' },
  )
  fc.assert(
    fc.property(choice, fc.option(fc.nat(100)), fc.nat(100), fc.boolean(), (toolChoice, tokens, limit, mayForce) => {
      const source = conversation({
        ...(toolChoice && { toolChoice }),
        ...(tokens !== null && { maxOutputTokens: tokens }),
      })
      const told: string[] = []
      const note = (path: string): void => void told.push(path)
      const capabilities = capabilitiesWith({ max_output_tokens: limit, forced_tools: mayForce })
      const result = withinCapabilities(source, capabilities, { dropped: note, approximated: note })
      const changed = (['toolChoice', 'maxOutputTokens'] as const).filter(key => result[key] !== source[key])
      expect(told.toSorted()).toEqual(changed.toSorted())
      expect({ ...result, toolChoice: 0, maxOutputTokens: 0 }).toEqual({ ...source, toolChoice: 0, maxOutputTokens: 0 })
    }),
  )
})
