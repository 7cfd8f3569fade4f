/** A step that returns the very promise that `next` gave it: it is done with its call, and no turn is spent on it. */
import { describe, expect, test } from 'vitest'
import type { Processor } from '../../src/contract.ts'
import { Refusal } from '../../src/contract.ts'
import { compose } from '../../src/pipeline/compose.ts'
import type { Step, StepObservation } from '../../src/pipeline/step.ts'
import { plainFormat } from '../../src/testing/plain-format.ts'
import { recordingLog } from '../../src/testing/recorder.ts'
import { Script } from '../../src/testing/script.ts'
import { testCall } from '../../src/testing/test-call.ts'

type Handle = Processor['handle']

/** The same step in the two ways in which one can be written. */
const ways: readonly (readonly [string, (handle: Handle) => Handle])[] = [
  ['returns it', handle => handle],
  ['awaits it', handle => async (call, next) => await handle(call, next)],
]

describe.each(ways)('a step that %s', (_, written) => {
  function scene(handles: readonly Handle[]) {
    const seen: string[] = []
    const steps = handles.map((handle, index): Step => {
      const label = `step${index}`
      const observe = ({ outcome }: StepObservation): unknown => seen.push(`${label} ${outcome}`)
      return { name: label, label, processor: { handle: written(handle) }, deadlineMs: 5000, observe }
    })
    const script = new Script([{ text: 'hello' }, { text: 'again' }], () => {})
    const format = plainFormat({ losses: {}, decoded: 0 })
    const world = { providers: { main: 'openai-chat' }, format, log: recordingLog([]), created: 1 }
    const { call } = testCall({}, 0, world)
    return { seen, script, run: () => compose(steps, script.next)(call) }
  }

  test('passes the reply of the provider on', async () => {
    const { run, script, seen } = scene([(call, next) => next(call), (call, next) => next(call)])
    expect(await run()).toBe(script.replies[0])
    expect(seen).toEqual(['step1 passed', 'step0 passed'])
  })

  test('passes a refusal of a step behind it on', async () => {
    const refuse: Handle = () => {
      throw new Refusal(403, 'forbidden', 'No.')
    }
    const { run, seen } = scene([(call, next) => next(call), refuse])
    await expect(run()).rejects.toMatchObject({ status: 403, code: 'forbidden' })
    expect(seen).toEqual(['step1 refused', 'step0 refused'])
  })

  test('is not blamed for what a step behind it has done', async () => {
    const fail: Handle = () => Promise.reject(new TypeError('no'))
    const { run, seen } = scene([(call, next) => next(call), fail])
    await expect(run()).rejects.toThrow('processor "step1" threw TypeError')
    expect(seen).toEqual(['step1 threw', 'step0 refused'])
  })

  test('has its first reply let go when it returns the second', async () => {
    const twice: Handle = async (call, next) => {
      await next(call)
      return next(call)
    }
    const { run, script } = scene([twice])
    expect(await run()).toBe(script.replies[1])
    expect(script.replies[0]?.end.outcome).toBe('abandoned')
  })

  test('must not return one call of next while another is running', async () => {
    const both: Handle = (call, next) => {
      const first = next(call)
      void next(call)
      return first
    }
    const { run, seen } = scene([both])
    await expect(run()).rejects.toThrow('answered while next() was still running')
    expect(seen).toEqual(['step0 answered-early'])
  })

  test('has its last call of next not taken for its answer while another is running', async () => {
    const both: Handle = (call, next) => {
      void next(call)
      return next(call)
    }
    const { run, seen, script } = scene([both])
    expect(await run()).toBe(script.replies[1])
    expect(seen).toEqual(['step0 passed'])
  })
})
