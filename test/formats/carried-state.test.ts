/** Carriers of reasoning state that cannot be opened are told, whichever format they came in and wherever they go. */
import { expect, test } from 'vitest'
import { sealState } from '../../src/formats/carrier.ts'
import { carry, type Fields, type FormatName } from './cases/convert.ts'

const KEY = Buffer.alloc(32, 1)
const STATES = [{ scheme: 'anthropic.signature', value: 'c2ln', issuer: { provider: 'upstream' } }] as const

function carrier(key: Buffer): string {
  return sealState({ at: 'self', of: 'reasoning', states: STATES }, key) ?? ''
}

/** What a client of each format sends back with its second turn. */
const ASKED: readonly (readonly [FormatName, (sealed: string) => Fields])[] = [
  [
    'anthropic-messages',
    signature => ({
      model: 'm',
      max_tokens: 9,
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature },
            { type: 'text', text: 'Ho' },
          ],
        },
        { role: 'user', content: 'Go on' },
      ],
    }),
  ],
  [
    'openai-chat',
    data => ({
      model: 'm',
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: 'Ho',
          reasoning_content: 'Hm.',
          reasoning_details: [{ type: 'reasoning.encrypted', data, format: 'unknown', index: 0 }],
        },
        { role: 'user', content: 'Go on' },
      ],
    }),
  ],
  [
    'openai-responses',
    encrypted_content => ({
      model: 'm',
      input: [
        { role: 'user', content: 'Hi' },
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content },
        { role: 'assistant', content: 'Ho' },
        { role: 'user', content: 'Go on' },
      ],
    }),
  ],
  [
    'gemini',
    sealed => ({
      contents: [
        { role: 'user', parts: [{ text: 'Hi' }] },
        {
          role: 'model',
          parts: [
            { text: 'Hm.', thought: true, thoughtSignature: Buffer.from(sealed).toString('base64') },
            { text: 'Ho' },
          ],
        },
        { role: 'user', parts: [{ text: 'Go on' }] },
      ],
    }),
  ],
]

test.each(ASKED)('%s: state sealed with another key is a loss, and goes nowhere', (from, body) => {
  const forged = carrier(Buffer.alloc(32, 2))
  for (const to of ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const) {
    const { text, lost } = carry(from, to, body(forged), { stateKey: KEY })
    expect([to, lost]).toEqual([to, expect.arrayContaining(['turns[1].sealed_state dropped'])])
    expect(text).not.toContain('sealed_state')
    expect(text).not.toContain(forged)
  }
})

test.each(ASKED)('%s: state that was sealed here is none', (from, body) => {
  const { lost } = carry(from, 'anthropic-messages', body(carrier(KEY)), { stateKey: KEY })
  expect(lost.filter(loss => loss.includes('sealed_state'))).toEqual([])
})
