/** Anthropic's SDK cannot tell the gateway from Anthropic. */
import type Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordedCases } from '../support/traffic.ts'
import { anthropic } from './sdk/anthropic-client.ts'
import { all, Beside } from './sdk/beside.ts'

let beside: Beside
beforeAll(async () => {
  beside = await Beside.start('anthropic-messages')
})
afterAll(() => beside[Symbol.asyncDispose]())

const RECORDED = recordedCases('anthropic-messages').filter(({ path }) => path.endsWith('/messages'))

type Params = Omit<Anthropic.MessageCreateParamsNonStreaming, 'stream'>

describe('recorded answers', () => {
  it.each(RECORDED)('$name', async recorded => {
    const { stream, ...params } = JSON.parse(recorded.requestText) as Params & { stream?: boolean }
    await beside.both(recorded, async url => {
      const { messages } = anthropic(url)
      return stream === true ? all(await messages.create({ ...params, stream: true })) : messages.create(params)
    })
  })

  it.each(RECORDED.filter(({ responseIsStream }) => responseIsStream))('$name, gathered by the SDK', async recorded => {
    const { stream: _, ...params } = JSON.parse(recorded.requestText) as Params & { stream?: boolean }
    await beside.both(recorded, url => anthropic(url).messages.stream(params).finalMessage())
  })
})

describe('beside messages', () => {
  it('counts tokens', async () => {
    const counted = await beside.both({ json: { input_tokens: 42 } }, url =>
      anthropic(url).messages.countTokens({ model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: 'hi' }] }),
    )
    expect(counted).toEqual({ input_tokens: 42 })
  })

  it('lists models page by page', async () => {
    const model = { type: 'model', id: 'claude-a', display_name: 'A', created_at: '2026-01-01T00:00:00Z' }
    const page = { data: [model], has_more: false, first_id: 'claude-a', last_id: 'claude-a' }
    const list = await beside.both({ json: page }, url => all(anthropic(url).models.list({ limit: 5, after_id: 'x' })))
    expect(list).toEqual([model])
  })

  it('retrieves one model', async () => {
    const model = { type: 'model', id: 'claude-a', display_name: 'A', created_at: '2026-01-01T00:00:00Z' }
    expect(await beside.both({ json: model }, url => anthropic(url).models.retrieve('claude-a'))).toEqual(model)
  })

  it('is told of an error in the middle of a stream', async () => {
    const start = {
      type: 'message_start',
      message: { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [] },
    }
    const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'Hel' } }
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    const frames = [start, block, error].map(each => `event: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`)
    const outcome = await beside.both({ chunks: frames }, async url =>
      all(
        await anthropic(url).messages.create({
          model: 'claude-sonnet-4-5',
          max_tokens: 10,
          messages: [{ role: 'user', content: 'hi' }],
          stream: true,
        }),
      ),
    )
    expect(outcome).toMatchObject({ thrown: expect.any(String), message: expect.stringContaining('Overloaded') })
  })
})
