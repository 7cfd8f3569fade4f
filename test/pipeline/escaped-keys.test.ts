import { expect, it } from 'vitest'
import { Body } from '../../src/pipeline/body.ts'

it('reads a key that is written with an escape, whatever keys another client has sent before', () => {
  const poison = Body.of(Buffer.from('{"a":1,"mode\\\\":1}'))
  const body = Body.of(Buffer.from('{"a":1,"mode\\u006c":"gpt-5","tools":[{"a":1,"mode\\u006c":2}]}'))
  expect(poison.value).toEqual({ a: 1, 'mode\\': 1 })
  expect(body.value).toEqual({ a: 1, model: 'gpt-5', tools: [{ a: 1, model: 2 }] })
})
