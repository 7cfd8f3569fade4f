/** The harness finds what it promises to find. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Call, defineProcessor, type Processor, Refusal, type Reply, type Tools } from 'sluice'
import { type CallCase, type ProcessorTable, processorTests } from 'sluice/testing'
import { expect, test } from 'vitest'

type Handle = (call: Call, next: (call: Call) => Promise<Reply>, tools: Tools<unknown>) => Promise<Reply>

function processorThat(handle: Handle, more: Partial<Processor> = {}) {
  return defineProcessor({
    summary: 'Does what a test wants.',
    options: {
      type: 'object',
      additionalProperties: false,
      properties: { limit: { type: 'integer', minimum: 1, default: 1, description: 'A limit.' } },
    },
    examples: [],
    refusals: { declared: { status: 403, kind: 'permission', when: 'It says so.' } },
    setup: tools => ({ handle: (call, next) => handle(call, next, tools), ...more }),
  })
}

const passes = processorThat((call, next) => next(call))

/** What the only test of a table fails with; `undefined` when it passes. */
async function faultOf(definition: ReturnType<typeof processorThat>, table: Partial<ProcessorTable>) {
  const tests = processorTests('it', definition, { accepts: [], rejects: {}, calls: {}, ...table })
  expect(tests).toHaveLength(1)
  try {
    await tests[0]?.run()
    return undefined
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault)
  }
}

function calling(each: Partial<CallCase> = {}): Partial<ProcessorTable> {
  return { calls: { 'does it': { expect: () => {}, ...each } } }
}

test('a processor that keeps its contract passes', async () => {
  expect(await faultOf(passes, calling())).toBeUndefined()
  expect(await faultOf(passes, { accepts: ['limit = 2'] })).toBeUndefined()
  expect(await faultOf(passes, { rejects: { 'limit = 0': 'must be at least 1' } })).toBeUndefined()
})

test('options that should be refused and are not, or in other words', async () => {
  expect(await faultOf(passes, { accepts: ['limit = 0'] })).toContain('limit: must be at least 1')
  expect(await faultOf(passes, { rejects: { 'limit = 1': 'too small' } })).toContain('it was accepted')
  expect(await faultOf(passes, { rejects: { 'limit = 0': 'too small' } })).toContain('in other words than "too small"')
  expect(await faultOf(passes, { accepts: ['limit = '] })).toContain('syntax error')
})

test('what the expectation throws', async () => {
  const expectation = ({ reply }: { reply?: { text: string } }) => {
    if (reply?.text !== 'other') throw new Error(`it was ${reply?.text}`)
  }
  expect(await faultOf(passes, calling({ expect: expectation }))).toBe('it was ok')
})

test('a refusal that is not declared, or with another status', async () => {
  const undeclared = processorThat(async () => {
    throw new Refusal(403, 'surprise', 'No.')
  })
  expect(await faultOf(undeclared, calling())).toContain('the code "surprise", which its definition does not declare')
  const other = processorThat(async () => {
    throw new Refusal(400, 'declared', 'No.')
  })
  expect(await faultOf(other, calling())).toBe('refused with 400; it declares 403 for "declared"')
})

test('a conversation that is changed in place', async () => {
  const definition = processorThat((call, next) => {
    ;(call.conversation.turns as unknown[]).pop()
    return next(call)
  })
  expect(await faultOf(definition, calling())).toMatch(/^processor "test" threw TypeError: Cannot delete/)
})

test('options that are changed in place', async () => {
  const definition = processorThat((call, next, { options }) => {
    ;(options as { limit: number }).limit++
    return next(call)
  })
  expect(await faultOf(definition, calling())).toMatch(
    /^processor "test" threw TypeError: .*read only property 'limit'/,
  )
})

test("a caller's credential in the log or in a key of the store", async () => {
  const credential = 'the-key-of-a-caller'
  const logs = processorThat((call, next, { log }) => {
    log.info('called', { by: call.client.credential })
    return next(call)
  })
  const stores = processorThat(async (call, next, { store }) => {
    await store.add(`calls:${call.client.credential}`, 1, 1000)
    return next(call)
  })
  for (const definition of [logs, stores]) {
    expect(await faultOf(definition, calling({ call: { credential } }))).toContain('credential was written')
  }
})

test('a metric with a label that was not declared', async () => {
  const definition = processorThat((call, next, { metrics }) => {
    metrics.counter('calls_total', 'Calls.', { model: ['known'] }).add(1, { model: call.model })
    return next(call)
  })
  expect(await faultOf(definition, calling())).toContain('was given model="test-model", which it did not declare')
})

test('a close that throws', async () => {
  const definition = processorThat((call, next) => next(call), {
    close: () => {
      throw new Error('stuck')
    },
  })
  expect(await faultOf(definition, { accepts: [''] })).toBe('stuck')
})

test('it works with the test runner of Node', async () => {
  const file = fileURLToPath(new URL('./with-node-test.ts', import.meta.url))
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', file], {
    env: environment,
  })
  expect(stdout).toMatch(/# pass 3\n/)
  expect(stdout).toMatch(/# fail 0\n/)
})
