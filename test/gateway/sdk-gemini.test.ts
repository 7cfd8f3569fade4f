/** Google's SDK cannot tell the gateway from Google. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RecordedCase, recordedCases } from '../support/traffic.ts'
import { all, Beside } from './sdk/beside.ts'
import { google } from './sdk/gemini-client.ts'

let beside: Beside
beforeAll(async () => {
  beside = await Beside.start('gemini')
})
afterAll(() => beside[Symbol.asyncDispose]())

// An error that is framed as an event comes as JSON from the gateway.
const isFramedError = ({ status, responseText }: RecordedCase): boolean =>
  status >= 400 && responseText.startsWith('data:')
const RECORDED = recordedCases('gemini').filter(
  recorded => /enerateContent$/.test(recorded.path) && !isFramedError(recorded),
)
const MODEL = 'gemini-2.5-flash'

describe('recorded answers', () => {
  it.each(RECORDED)('$name', async recorded => {
    const ask = { model: MODEL, contents: 'hi' }
    await beside.both(recorded, async url => {
      const { models } = google(url, 'v1beta')
      return recorded.wantsStream ? all(await models.generateContentStream(ask)) : models.generateContent(ask)
    })
  })
})

describe('beside contents', () => {
  it('counts tokens', async () => {
    const counted = await beside.both({ json: { totalTokens: 42 } }, url =>
      google(url, 'v1beta').models.countTokens({ model: MODEL, contents: 'hi' }),
    )
    expect(counted).toEqual({ totalTokens: 42 })
  })

  it('lists models page by page', async () => {
    const json = { models: [{ name: 'models/gemini-a', displayName: 'A' }] }
    const list = await beside.both({ json }, async url =>
      all(await google(url, 'v1beta').models.list({ config: { pageSize: 5 } })),
    )
    expect(list).toEqual([expect.objectContaining({ name: 'models/gemini-a' })])
  })

  it('retrieves one model', async () => {
    const json = { name: 'models/gemini-a', displayName: 'A' }
    const model = await beside.both({ json }, url => google(url, 'v1beta').models.get({ model: 'gemini-a' }))
    expect(model).toMatchObject({ name: 'models/gemini-a' })
  })

  it('embeds one text and several', async () => {
    const json = { embeddings: [{ values: [1, 2] }], embedding: { values: [1, 2] } }
    for (const contents of ['one', ['one', 'two']]) {
      const reply = await beside.both({ json }, url =>
        google(url, 'v1beta').models.embedContent({ model: 'gemini-embedding-001', contents }),
      )
      expect(reply).toMatchObject({ embeddings: [{ values: [1, 2] }] })
    }
  })
})
