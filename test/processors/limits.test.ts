import type { Tool, Turn } from 'sluice'
import { testProcessor } from 'sluice/testing'
import { expect, test } from 'vitest'
import limits from '../../processors/limits.ts'

const user: Turn = { role: 'user', parts: [{ type: 'text', text: 'hi' }] }
const system: Turn = { role: 'system', parts: [{ type: 'text', text: 'be brief' }] }
const tool: Tool = { kind: 'function', name: 'look_up' }

testProcessor(test, 'limits', limits, {
  accepts: ['', 'max_tools = 0', 'max_input_bytes = "1MiB"', 'default_output_tokens = 100'],
  rejects: {
    'max_output_tokens = 0': 'max_output_tokens: must be at least 1',
    'max_output_tokens = 1.5': 'must be a whole number',
    'max_input_bytes = 1024': 'size in quotes',
    'on_exceed = "cut"': 'must be one of "clamp", "refuse"',
    'max_output_tokens = 10\ndefault_output_tokens = 11': 'default_output_tokens is over max_output_tokens',
  },
  calls: {
    'lets everything through where nothing is limited': {
      call: { maxOutputTokens: 1_000_000 },
      expect({ sent, reply, decoded }) {
        expect(sent[0]?.maxOutputTokens).toBe(1_000_000)
        expect(reply?.headers).toEqual({})
        expect(decoded).toBe(0)
      },
    },
    'lowers the cap of a call that asks for too much, and says so': {
      options: 'max_output_tokens = 100',
      call: { maxOutputTokens: 101 },
      expect({ sent, reply, decoded }) {
        expect(sent[0]?.maxOutputTokens).toBe(100)
        expect(reply?.headers).toEqual({ 'x-sluice-max-output-tokens': '100' })
        expect(decoded).toBe(0)
      },
    },
    'leaves a lower cap alone': {
      options: 'max_output_tokens = 100\ndefault_output_tokens = 10',
      call: { maxOutputTokens: 100 },
      expect({ sent, reply }) {
        expect(sent[0]?.maxOutputTokens).toBe(100)
        expect(reply?.headers).toEqual({})
      },
    },
    'gives a call without a cap the limit': {
      options: 'max_output_tokens = 100',
      expect: ({ sent }) => expect(sent[0]?.maxOutputTokens).toBe(100),
    },
    'gives a call without a cap the default': {
      options: 'max_output_tokens = 100\ndefault_output_tokens = 10',
      expect: ({ sent }) => expect(sent[0]?.maxOutputTokens).toBe(10),
    },
    'refuses a call that asks for too much when it is told to': {
      options: 'max_output_tokens = 100\non_exceed = "refuse"',
      calls: [{ maxOutputTokens: 100 }, { maxOutputTokens: 101 }],
      expect({ calls, failure, sent }) {
        expect(calls[0]?.reply?.status).toBe(200)
        expect(failure).toMatchObject({ status: 400, code: 'too_many_output_tokens' })
        expect(failure).toHaveProperty('message', 'The call asks for up to 101 output tokens; at most 100 are allowed.')
        expect(sent).toHaveLength(1)
      },
    },
    'caps nothing but generation': {
      options: 'max_output_tokens = 100',
      replies: [{ tokens: 1 }],
      call: { operation: 'count-tokens', maxOutputTokens: 500 },
      expect: ({ sent }) => expect(sent[0]?.maxOutputTokens).toBe(500),
    },
    'refuses a body that is too large': {
      options: 'max_input_bytes = "1KiB"',
      calls: [{ prompt: 'x'.repeat(800) }, { prompt: 'x'.repeat(1024) }],
      expect({ calls, failure, decoded }) {
        expect(calls[0]?.reply?.status).toBe(200)
        expect(failure).toMatchObject({ status: 413, code: 'input_too_large', kind: 'too-large' })
        expect(decoded).toBe(0)
      },
    },
    'counts messages, but not the system message': {
      options: 'max_messages = 2',
      calls: [
        { conversation: { turns: [system, user, user] } },
        { conversation: { turns: [system, user, user, user] } },
      ],
      expect({ calls, failure }) {
        expect(calls[0]?.reply?.status).toBe(200)
        expect(failure).toMatchObject({ status: 400, code: 'too_many_messages' })
        expect(failure).toHaveProperty('message', 'The call has 3 messages; at most 2 are allowed.')
      },
    },
    'counts tools': {
      options: 'max_tools = 0',
      calls: [{}, { conversation: { tools: [tool] } }],
      expect({ calls, failure }) {
        expect(calls[0]?.reply?.status).toBe(200)
        expect(failure).toMatchObject({ status: 400, code: 'too_many_tools' })
      },
    },
    'counts alternative answers': {
      options: 'max_candidates = 1',
      calls: [{}, { conversation: { candidates: 1 } }, { conversation: { candidates: 2 } }],
      expect({ calls, failure }) {
        expect(calls.map(call => call.reply?.status)).toEqual([200, 200, undefined])
        expect(failure).toMatchObject({ status: 400, code: 'too_many_candidates' })
      },
    },
    'has nothing to say about a list of models': {
      options: 'max_input_bytes = "1B"\nmax_tools = 0',
      replies: [{ models: [] }],
      call: { operation: 'list-models' },
      expect: ({ reply }) => expect(reply?.status).toBe(200),
    },
  },
})
