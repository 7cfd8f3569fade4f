/** OpenAI's SDK cannot tell the gateway from OpenAI, in Chat Completions, Responses and embeddings. */
import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RecordedCase, recordedCases } from '../support/traffic.ts'
import { all, Beside } from './sdk/beside.ts'
import { openai } from './sdk/openai.ts'

const isGenerating = ({ method, path }: RecordedCase): boolean =>
  method === 'POST' && /\/(chat\/completions|responses)$/.test(path)
// Its request names the model in Azure's own path only.
const hasModel = ({ requestText }: RecordedCase): boolean => JSON.parse(requestText).model !== undefined

describe('Chat Completions', () => {
  let beside: Beside
  beforeAll(async () => {
    beside = await Beside.start('openai-chat')
  })
  afterAll(() => beside[Symbol.asyncDispose]())

  const recordings = [...recordedCases('openai-chat'), ...recordedCases('openai-compatible')].filter(
    recorded => isGenerating(recorded) && hasModel(recorded),
  )

  it.each(recordings)('recorded: $name', async recorded => {
    const { stream, ...params } = JSON.parse(recorded.requestText) as OpenAI.ChatCompletionCreateParamsNonStreaming
    await beside.both(recorded, async url => {
      const { completions } = openai(url).chat
      return stream ? all(await completions.create({ ...params, stream: true })) : completions.create(params)
    })
  })

  it('lists models', async () => {
    const model = { id: 'gpt-5', object: 'model', created: 1, owned_by: 'openai' }
    const list = await beside.both({ json: { object: 'list', data: [model] } }, url => all(openai(url).models.list()))
    expect(list).toEqual([model])
  })

  it('retrieves one model', async () => {
    const model = { id: 'gpt-5', object: 'model', created: 1, owned_by: 'openai' }
    expect(await beside.both({ json: model }, url => openai(url).models.retrieve('gpt-5'))).toEqual(model)
  })
})

describe('Responses', () => {
  let beside: Beside
  beforeAll(async () => {
    beside = await Beside.start('openai-responses')
  })
  afterAll(() => beside[Symbol.asyncDispose]())

  it.each(recordedCases('openai-responses').filter(isGenerating))('recorded: $name', async recorded => {
    const { stream, ...params } = JSON.parse(recorded.requestText) as OpenAI.Responses.ResponseCreateParamsNonStreaming
    await beside.both(recorded, async url => {
      const { responses } = openai(url)
      return stream ? all(await responses.create({ ...params, stream: true })) : responses.create(params)
    })
  })

  it('counts tokens', async () => {
    const json = { object: 'response.input_tokens', input_tokens: 42 }
    const counted = await beside.both({ json }, url =>
      openai(url).responses.inputTokens.count({ model: 'gpt-5', input: 'hi' }),
    )
    expect(counted).toEqual(json)
  })
})
