import { validateHeaderValue } from 'node:http'
import fc from 'fast-check'
import { Refusal } from 'sluice'
import { testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import cors from '../../processors/cors.ts'

const APP = 'https://app.example.com'
const ONE = `origins = ["${APP}"]`
const question = { origin: APP, method: 'POST', headers: 'authorization, content-type' }

testProcessor(test, 'cors', cors, {
  accepts: [ONE, 'origins = ["*"]', 'origins = ["http://localhost:3000"]\ncredentials = true'],
  rejects: {
    '': 'origins: is missing',
    'origins = []': 'must not be empty',
    'origins = ["app.example.com"]': 'write it like "https://app.example.com"',
    'origins = ["https://app.example.com/"]': 'write "https://app.example.com"',
    'origins = ["https://APP.example.com"]': 'write "https://app.example.com"',
    'origins = ["https://app.example.com:443"]': 'write "https://app.example.com"',
    'origins = ["null"]': 'is not an origin',
    'origins = ["https://*.example.com"]': 'name each origin',
    'origins = ["*"]\ncredentials = true': 'exclude each other',
    [`${ONE}\nmax_age = 600`]: 'duration in quotes',
    [`${ONE}\nheaders = ["a b"]`]: 'pattern',
    [`${ONE}\nmethods = ["DELETE"]`]: 'must be one of "GET", "POST"',
  },
  calls: {
    'lets a page of the origin read the reply': {
      options: ONE,
      call: { headers: { origin: APP } },
      expect({ reply }) {
        expect(reply?.headers).toEqual({
          vary: 'Origin',
          'access-control-allow-origin': APP,
          'access-control-expose-headers': 'x-request-id, retry-after, retry-after-ms, x-should-retry, x-sluice-losses',
        })
      },
    },
    'lets no other page read it, and tells caches that it depends': {
      options: ONE,
      calls: [{ headers: { origin: 'https://evil.example' } }, { headers: { origin: 'null' } }, {}],
      expect({ calls }) {
        for (const { reply } of calls) expect(reply?.headers).toEqual({ vary: 'Origin' })
      },
    },
    'adds to a vary header that is there': {
      options: ONE,
      replies: [{ text: 'ok', headers: { vary: 'Accept-Encoding' } }],
      call: { headers: { origin: APP } },
      expect: ({ reply }) => expect(reply?.headers.vary).toBe('Accept-Encoding, Origin'),
    },
    'lets every page read it when it is told to': {
      options: 'origins = ["*"]\nexpose = []',
      call: { headers: { origin: 'https://anything.example' } },
      expect: ({ reply }) => expect(reply?.headers).toEqual({ 'access-control-allow-origin': '*' }),
    },
    'lets a page read a refusal': {
      options: `${ONE}\ncredentials = true`,
      replies: [{ throws: new Refusal(429, 'rate_limited', 'Later.', { headers: { 'x-a': '1' }, retryAfterMs: 5 }) }],
      call: { headers: { origin: APP } },
      expect({ failure }) {
        expect(failure).toMatchObject({ status: 429, code: 'rate_limited', message: 'Later.', retryAfterMs: 5 })
        expect(failure).toMatchObject({
          headers: {
            'x-a': '1',
            'access-control-allow-origin': APP,
            'access-control-allow-credentials': 'true',
          },
        })
      },
    },
    'keeps a failure of a provider what it is': {
      options: ONE,
      replies: [{ failure: 'status_529', status: 529, retryAfterMs: 1000, unsent: true }],
      call: { headers: { origin: APP } },
      expect({ failure }) {
        expect(failure).toMatchObject({ failure: 'status_529', provider: 'main', unsent: true, retryAfterMs: 1000 })
        expect(failure).toMatchObject({ headers: { 'access-control-allow-origin': APP } })
      },
    },
  },
})

async function preflight(options: string, request: Parameters<NonNullable<Workbench['processor']['preflight']>>[0]) {
  const bench = await Workbench.open('cors', cors, { options })
  const headers = bench.processor.preflight?.(request)
  await bench.close()
  return headers
}

test('cors answers a preflight question of a page of the origin', async () => {
  expect(await preflight(`${ONE}\nmax_age = "90s"`, question)).toEqual({
    vary: 'Origin',
    'access-control-allow-origin': APP,
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-max-age': '90',
  })
})

test('cors answers no other question', async () => {
  expect(await preflight(ONE, { ...question, origin: 'https://evil.example' })).toBeUndefined()
  expect(await preflight(ONE, { ...question, origin: undefined })).toBeUndefined()
  expect(await preflight(ONE, { ...question, method: undefined })).toBeUndefined()
})

test('cors allows only the headers that it is told to', async () => {
  const headers = await preflight(`${ONE}\nheaders = ["authorization"]`, question)
  expect(headers?.['access-control-allow-headers']).toBe('authorization')
})

test('cors gives back nothing of a question that is no header name', async () => {
  const headers = await preflight(ONE, { ...question, headers: 'x-ok, bad name, x\r\nset-cookie: a=1, ünïcode,,' })
  expect(headers?.['access-control-allow-headers']).toBe('x-ok')
})

test('cors answers any question with headers that can be sent', async () => {
  const bench = await Workbench.open('cors', cors, { options: ONE })
  const text = fc.option(fc.string({ unit: 'binary', maxLength: 200 }), { nil: undefined })
  fc.assert(
    fc.property(text, text, fc.oneof(text, fc.constant(APP)), (method, headers, origin) => {
      const answer = bench.processor.preflight?.({ origin, method, headers })
      expect(answer === undefined).toBe(origin !== APP || method === undefined)
      for (const [name, value] of Object.entries(answer ?? {})) {
        expect(() => validateHeaderValue(name, value)).not.toThrow()
      }
    }),
  )
  await bench.close()
})
