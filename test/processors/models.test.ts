import { type CallSketch, type Seen, testProcessor } from 'sluice/testing'
import { expect, test } from 'vitest'
import models from '../../processors/models.ts'

const providers = { main: 'openai-chat', other: 'anthropic-messages' }

/** `model -> model@provider` of each call, or the code of its refusal. */
function routes({ calls, sent }: Seen): readonly string[] {
  let passed = 0
  return calls.map(({ failure }) => {
    if (failure) return String((failure as { code?: unknown }).code)
    const call = sent[passed++]
    return `${call?.model}@${call?.provider}`
  })
}

function asking(...names: readonly string[]): readonly CallSketch[] {
  return names.map(model => ({ model }))
}

function listing(sketch: CallSketch = {}): CallSketch {
  return { operation: 'list-models', model: '', ...sketch }
}

testProcessor(test, 'models', models, {
  accepts: ['', 'list = ["a"]', 'default = { provider = "main" }', 'rules = [{ match = "*", provider = "main" }]'],
  rejects: {
    'rules = [{ model = "a" }]': 'rules[0].match: is missing',
    'rules = [{ match = "a", provder = "main" }]': 'did you mean "provider"',
    'rules = [{ match = "a", model = "b-*" }]': 'match "a" must have exactly one',
    'rules = [{ match = "a-*-*", model = "b-*" }]': 'match "a-*-*" must have exactly one',
    'rules = [{ match = "a-*", model = "*-*" }]': 'more than one "*"',
    'aliases = { big = "" }': 'must not be empty',
    'default = { model = "a" }\non_unknown = "refuse"': 'exclude each other',
    'on_unknown = "drop"': 'must be one of "pass", "refuse"',
  },
  calls: {
    'passes on what it does not know': {
      providers,
      calls: asking('gpt-5'),
      expect: seen => {
        expect(routes(seen)).toEqual(['gpt-5@main'])
        expect(seen.decoded).toBe(0)
      },
    },
    'sends a model where the first rule that fits says': {
      options: `rules = [
        { match = "claude-haiku-*", model = "gpt-5-mini" },
        { match = "claude-*", provider = "other" },
        { match = "*", model = "never" },
      ]`,
      providers,
      calls: asking('claude-haiku-4-5', 'claude-opus-4-5'),
      expect: seen => expect(routes(seen)).toEqual(['gpt-5-mini@main', 'claude-opus-4-5@other']),
    },
    'carries over what the star stood for': {
      options: `rules = [
        { match = "claude-*", model = "anthropic/claude-*" },
        { match = "*-latest", model = "*" },
        { match = "*", model = "other/*" },
      ]`,
      calls: asking('claude-haiku', 'gpt-5-latest', 'x', 'claude-$&', 'claude-'),
      expect: seen =>
        expect(routes(seen).map(route => route.split('@')[0])).toEqual([
          'anthropic/claude-haiku',
          'gpt-5',
          'other/x',
          'anthropic/claude-$&',
          'anthropic/claude-',
        ]),
    },
    'looks aliases up before the rules, and once': {
      options: `aliases = { big = "gpt-5", huge = "big" }
        rules = [{ match = "gpt-*", provider = "other" }]`,
      providers,
      calls: asking('big', 'huge', 'toString', '__proto__'),
      expect: seen => expect(routes(seen)).toEqual(['gpt-5@other', 'big@main', 'toString@main', '__proto__@main']),
    },
    'keeps a slice of bytes when only the model changes': {
      options: 'aliases = { big = "gpt-5" }',
      call: { model: 'big', prompt: 'ünïcode  spaces' },
      expect({ sent, decoded }) {
        expect(sent[0]?.body?.bytes.toString('utf8')).toContain('"model":"gpt-5","stream":false')
        expect(decoded).toBe(0)
      },
    },
    'refuses what it does not know when it is told to': {
      options: `aliases = { big = "gpt-5" }
        list = ["listed"]
        rules = [{ match = "claude-*" }]
        on_unknown = "refuse"`,
      calls: asking('big', 'listed', 'claude-x', 'gpt-5', 'other'),
      expect: seen => {
        expect(routes(seen)).toEqual([
          'gpt-5@main',
          'listed@main',
          'claude-x@main',
          'model_not_found',
          'model_not_found',
        ])
        expect(seen.failure).toMatchObject({ status: 404, param: 'model' })
        expect(seen.failure).toHaveProperty(
          'message',
          'The model "other" does not exist or you do not have access to it.',
        )
      },
    },
    'sends what fits no rule to the default, and keeps the model of what it knows by name': {
      options: `aliases = { big = "gpt-5" }
        default = { provider = "other", model = "fallback" }
        rules = [{ match = "claude-*" }]`,
      providers,
      calls: asking('unheard-of', 'big', 'claude-x'),
      expect: seen => expect(routes(seen)).toEqual(['fallback@other', 'gpt-5@other', 'claude-x@main']),
    },
    'keeps a restricted key from the models and providers that are not for it': {
      options: `rules = [{ match = "claude-*", provider = "other" }]`,
      providers,
      calls: [
        { model: 'claude-x', identity: { name: 'a', providers: ['main'] } },
        { model: 'claude-x', identity: { name: 'a', providers: ['other'] } },
        { model: 'gpt-5', identity: { name: 'a', models: ['claude-*'] } },
        { model: 'claude-x', identity: { name: 'a', models: ['claude-*'] } },
      ],
      expect: seen =>
        expect(routes(seen)).toEqual(['model_not_found', 'claude-x@other', 'model_not_found', 'claude-x@other']),
    },
    'answers the model list with the names that it knows': {
      options: `aliases = { big = "gpt-5" }
        list = ["gpt-5", "exact"]
        rules = [{ match = "exact" }, { match = "claude-*" }]`,
      call: listing(),
      expect({ reply, sent }) {
        expect(reply?.models).toEqual([{ id: 'big' }, { id: 'exact' }, { id: 'gpt-5' }])
        expect(sent).toHaveLength(0)
      },
    },
    'hides from the list what the key may not use': {
      options: `list = ["gpt-5", "claude-x", "gpt-4"]
        rules = [{ match = "claude-*", provider = "other" }, { match = "never-used" }]`,
      providers,
      calls: [
        listing({ identity: { name: 'a', models: ['gpt-*'] } }),
        listing({ identity: { name: 'a', providers: ['other'] } }),
        listing({ identity: { name: 'a', models: ['none'] } }),
      ],
      expect({ calls }) {
        const names = calls.map(({ reply }) => reply?.models?.map(({ id }) => id))
        expect(names).toEqual([['gpt-5', 'gpt-4'], ['claude-x'], []])
      },
    },
    'passes the request for a list on where it knows no names': {
      options: 'rules = [{ match = "claude-*", model = "gpt-5" }]',
      replies: [{ models: [{ id: 'of-the-provider' }] }],
      call: listing(),
      expect({ reply }) {
        expect(reply?.models).toEqual([{ id: 'of-the-provider' }])
      },
    },
    'takes a hostile name quickly': {
      options: 'rules = [{ match = "*a*a*a*a*a*a*a*b", model = "x" }]',
      calls: asking('a'.repeat(5000)),
      expect: ({ sent }) => expect(sent[0]?.model).toHaveLength(5000),
    },
  },
})
