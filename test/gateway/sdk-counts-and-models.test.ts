/** Token counts and model lists of a provider, as the SDK of another format gets them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Act } from '../support/upstream.ts'
import { anthropic } from './sdk/anthropic-client.ts'
import { all } from './sdk/beside.ts'
import { google } from './sdk/gemini-client.ts'
import { openai } from './sdk/openai.ts'
import { MODELS, SdkStage, SPOKEN, type Spoken } from './sdk/stage.ts'

let stage: SdkStage
beforeAll(async () => {
  stage = await SdkStage.start()
})
afterAll(() => stage[Symbol.asyncDispose]())

/** What a provider of each format answers; Chat Completions has no counts. */
const COUNTS: Readonly<Record<Spoken, Act | undefined>> = {
  'anthropic-messages': { json: { input_tokens: 42 } },
  'openai-chat': undefined,
  'openai-responses': { json: { object: 'response.input_tokens', input_tokens: 42 } },
  gemini: { json: { totalTokens: 42 } },
}

const COUNTERS: readonly (readonly [
  name: string,
  count: (url: string, model: string) => Promise<number | undefined>,
])[] = [
  [
    'Anthropic',
    async (url, model) => {
      const messages = [{ role: 'user' as const, content: 'How many tokens are these?' }]
      return (await anthropic(url).messages.countTokens({ model, messages })).input_tokens
    },
  ],
  [
    'OpenAI',
    async (url, model) =>
      (await openai(url).responses.inputTokens.count({ model, input: 'How many tokens are these?' })).input_tokens,
  ],
  [
    'Google',
    async (url, model) =>
      (await google(url).models.countTokens({ model, contents: 'How many tokens are these?' })).totalTokens,
  ],
]

describe.each(COUNTERS)('the SDK of %s counts tokens', (_, count) => {
  it.each(SPOKEN)('with a provider of %s', async to => {
    const before = stage.upstream.requests.length
    const answer = COUNTS[to]
    if (answer) stage.upstream.otherwise(answer)
    const tokens = await count(stage.urlTo(to), MODELS[to])
    if (answer) expect(tokens).toBe(42)
    else expect(tokens).toBeGreaterThan(3)
    expect(stage.upstream.requests.length - before).toBe(answer ? 1 : 0)
  })
})

it('an estimated count says so', async () => {
  const messages = [{ role: 'user' as const, content: 'How many tokens are these?' }]
  const asking = anthropic(stage.urlTo('openai-chat')).messages.countTokens({ model: 'gpt-4.1-mini', messages })
  expect((await asking.withResponse()).response.headers.get('x-sluice-token-count')).toBe('estimated')
})

const OPENAI_LIST = {
  object: 'list',
  data: [{ id: 'model-a', object: 'model', created: 1_700_000_000, owned_by: 'us' }],
}

const LISTS: Readonly<Record<Spoken, Act>> = {
  'anthropic-messages': {
    json: {
      data: [{ type: 'model', id: 'model-a', display_name: 'Model A', created_at: '2026-01-01T00:00:00Z' }],
      has_more: false,
      first_id: 'model-a',
      last_id: 'model-a',
    },
  },
  'openai-chat': { json: OPENAI_LIST },
  'openai-responses': { json: OPENAI_LIST },
  gemini: { json: { models: [{ name: 'models/model-a', displayName: 'Model A' }] } },
}

const LISTERS: readonly (readonly [name: string, list: (url: string) => Promise<(string | undefined)[]>])[] = [
  ['Anthropic', async url => (await all(anthropic(url).models.list())).map(({ id }) => id)],
  ['OpenAI', async url => (await all(openai(url).models.list())).map(({ id }) => id)],
  ['Google', async url => (await all(await google(url).models.list())).map(({ name }) => name?.replace('models/', ''))],
]

describe.each(LISTERS)('the SDK of %s lists models', (_, list) => {
  it.each(SPOKEN)('of a provider of %s', async to => {
    stage.upstream.otherwise(LISTS[to])
    expect(await list(stage.urlTo(to))).toEqual(['model-a'])
  })
})
