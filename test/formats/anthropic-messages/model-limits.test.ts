import { describe, expect, it } from 'vitest'
import { limitsOf } from '../../../src/formats/anthropic-messages/model-limits.ts'
import { recordedCases } from '../../support/traffic.ts'

describe('what is known of a model', () => {
  it.each([
    ['claude-opus-4-1-20250805', 32_000, true],
    ['claude-opus-4-20250514', 32_000, true],
    ['claude-opus-4-0', 32_000, true],
    ['anthropic.claude-sonnet-4-5-20250929-v1:0', 64_000, true],
    ['claude-sonnet-4@20250514', 64_000, true],
    ['anthropic/claude-haiku-4.5', 64_000, true],
    ['claude-3-5-sonnet-20241022', 8192, true],
    ['claude-3-opus-latest', 4096, true],
    ['us.anthropic.claude-opus-5-v1:0', 128_000, true],
    ['claude-sonnet-5-20260629', 128_000, true],
  ])('is found by any spelling of its name: %s', (name, maxTokens, known) => {
    expect(limitsOf(name)).toMatchObject({ maxTokens, known, foreign: false })
  })

  it.each([['claude-opus-4-9'], ['claude-opus-6'], ['claude-sonnet-5-7'], ['claude-zephyr-1']])(
    'is the newest family’s where the table is older than the model: %s (E281)',
    name => {
      expect(limitsOf(name)).toMatchObject({ known: false, foreign: false, adaptive: true, sampling: false })
    },
  )

  it.each([['MiniMax-M2.5'], ['glm-5'], ['gpt-3.5-turbo'], ['']])('is nothing for another vendor’s %s', name => {
    expect(limitsOf(name)).toMatchObject({ known: false, foreign: true, sampling: true })
  })

  const list = recordedCases('anthropic-messages').find(found => found.path === '/v1/models')
  it('agrees with what the API says of its models', () => {
    for (const model of JSON.parse(list?.responseText ?? '{"data":[]}').data) {
      const { thinking, effort } = model.capabilities
      const efforts = ['low', 'medium', 'high', 'xhigh', 'max'].filter(level => effort[level]?.supported === true)
      expect([model.id, limitsOf(model.id)]).toMatchObject([
        model.id,
        {
          maxTokens: model.max_tokens,
          known: true,
          adaptive: thinking.types.adaptive.supported,
          budget: thinking.types.enabled.supported,
          structured: model.capabilities.structured_outputs.supported,
          efforts,
        },
      ])
    }
  })
})
