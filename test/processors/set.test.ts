import { testProcessor } from 'sluice/testing'
import { expect, test } from 'vitest'
import set from '../../processors/set.ts'
import type { EngineCall } from '../../src/pipeline/call.ts'

function bodyOf(call: EngineCall | undefined): unknown {
  return JSON.parse(call?.body?.bytes.toString() ?? 'null')
}

testProcessor(test, 'set', set, {
  accepts: [
    '[[fields]]\npointer = "/a"\njson = "1.0"',
    '[[fields]]\npointer = "/a~1b/~0"\ntext = ""\nmode = "force"',
    '[[fields]]\npointer = "/a"\nmode = "remove"',
  ],
  rejects: {
    '': 'fields',
    'fields = []': 'must not be empty',
    '[[fields]]\npointer = "a"\njson = "1"': 'pointer',
    '[[fields]]\npointer = "/a~2"\njson = "1"': 'pointer',
    '[[fields]]\npointer = "/a"\njson = "red"': 'the json of /a is not JSON',
    '[[fields]]\npointer = "/a"': '/a needs exactly one of json, from and text',
    '[[fields]]\npointer = "/a"\njson = "1"\ntext = "1"': 'exactly one of json, from and text',
    '[[fields]]\npointer = "/a"\nmode = "remove"\ntext = "1"': '/a needs no value',
    '[[fields]]\npointer = "/model"\ntext = "m"': 'see the processor "models"',
    '[[fields]]\npointer = "/stream"\njson = "true"': '/stream cannot be set here',
    '[[fields]]\npointer = "/a"\nfrom = "secret"': 'must be one of "key", "team", "call", "pipeline"',
  },
  calls: {
    'writes a default only where there is no value': {
      options: `[[fields]]
        pointer = "/max_output_tokens"
        json = "10"`,
      calls: [{}, { maxOutputTokens: 0 }],
      expect({ sent, decoded }) {
        expect(sent.map(call => call.maxOutputTokens)).toEqual([10, 0])
        expect(decoded).toBe(0)
      },
    },
    'forces, removes and takes values of the call, in order': {
      options: `[[fields]]
        pointer = "/max_output_tokens"
        mode = "force"
        json = "10"
        [[fields]]
        pointer = "/conversation/metadata/key"
        from = "key"
        [[fields]]
        pointer = "/conversation/metadata/team"
        from = "team"
        [[fields]]
        pointer = "/conversation/metadata/call"
        from = "call"
        [[fields]]
        pointer = "/conversation/metadata/note"
        text = 'say "hi"'
        [[fields]]
        pointer = "/conversation/sampling"
        mode = "remove"`,
      call: { maxOutputTokens: 500, identity: { name: 'alice' }, conversation: { metadata: { note: 'own', a: 'b' } } },
      expect({ sent }) {
        expect(bodyOf(sent[0])).toMatchObject({
          max_output_tokens: 10,
          conversation: { metadata: { key: 'alice', call: 'call-1', note: 'own', a: 'b' } },
        })
        expect(JSON.stringify(bodyOf(sent[0]))).not.toMatch(/team|sampling/)
      },
    },
    'applies where all conditions do': {
      options: `[[fields]]
        pointer = "/x"
        json = "1"
        models = ["gpt-*", "o4"]
        keys = ["ci-*"]
        formats = ["openai-*"]`,
      calls: [
        { model: 'o4', identity: { name: 'ci-1' } },
        { model: 'claude', identity: { name: 'ci-1' } },
        { model: 'o4', identity: { name: 'alice' } },
        { model: 'o4' },
        { model: 'o4', identity: { name: 'ci-1' }, format: 'gemini' },
      ],
      expect: ({ sent }) =>
        expect(sent.map(call => 'x' in (bodyOf(call) as object))).toEqual([true, false, false, false, false]),
    },
    'refuses where the client sent no object': {
      options: `[[fields]]
        pointer = "/model/x"
        json = "1"`,
      expect({ failure, sent }) {
        expect(failure).toMatchObject({ status: 400, code: 'invalid_request', param: 'model' })
        expect(sent).toHaveLength(0)
      },
    },
    'has nothing to do for a list of models': {
      options: '[[fields]]\npointer = "/a"\njson = "1"',
      replies: [{ models: [] }],
      call: { operation: 'list-models' },
      expect: ({ reply }) => expect(reply?.status).toBe(200),
    },
  },
})
