import { validateHeaderValue } from 'node:http'
import fc from 'fast-check'
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
    'takes no part in the call itself': {
      options: ONE,
      call: { headers: { origin: APP } },
      expect: ({ reply, sent }) => {
        expect(sent).toHaveLength(1)
        expect(reply?.headers).toEqual({})
      },
    },
  },
})

async function headersFor(options: string, origin?: string) {
  const bench = await Workbench.open('cors', cors, { options })
  const headers = bench.processor.responseHeaders?.({ origin })
  await bench.close()
  return headers
}

test('cors lets a page of the origin read every response', async () => {
  expect(await headersFor(ONE, APP)).toEqual({
    vary: 'Origin',
    'access-control-allow-origin': APP,
    'access-control-expose-headers':
      'x-request-id, retry-after, retry-after-ms, x-should-retry, x-sluice-losses, x-sluice-fallback',
  })
})

test('cors lets no other page read it, and tells caches that it depends', async () => {
  for (const origin of ['https://evil.example', 'null', undefined]) {
    expect(await headersFor(ONE, origin)).toEqual({ vary: 'Origin' })
  }
})

test('cors lets every page read it when it is told to', async () => {
  const headers = await headersFor('origins = ["*"]\nexpose = []', 'https://anything.example')
  expect(headers).toEqual({ 'access-control-allow-origin': '*' })
})

test('cors says when a page may send credentials', async () => {
  const headers = await headersFor(`${ONE}\ncredentials = true`, APP)
  expect(headers?.['access-control-allow-credentials']).toBe('true')
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
