import { expect, test } from 'vitest'
import { loadFile } from '../../src/components/load.ts'
import { type Planned, type Started, startProcessors } from '../../src/components/start.ts'
import type { Problem } from '../../src/config/problems.ts'
import { type Processor, type ProcessorDefinition, type Tools, UpstreamError } from '../../src/contract.ts'
import { type LogLine, recordingLog } from '../../src/testing/recorder.ts'
import { Workbench } from '../../src/testing/workbench.ts'
import { fixture } from './fixture.ts'
import { hurriedClock } from './hurried-clock.ts'

const lines: LogLine[] = []
const host = { clock: hurriedClock, log: recordingLog(lines) }

/** A processor that writes down what happens to it. */
function diary(entries: string[], name: string, more: Partial<Processor> = {}): ProcessorDefinition {
  return {
    summary: 'Keeps a diary.',
    options: { type: 'object', properties: {}, additionalProperties: false },
    examples: [],
    setup: () => {
      entries.push(`set up ${name}`)
      return {
        handle: (call, next) => next(call),
        close: () => {
          entries.push(`close ${name}`)
        },
        ...more,
      }
    },
  }
}

function planned(label: string, definition: ProcessorDefinition): Planned {
  const problem = (message: string): Problem => ({ file: 'config.toml', key: label, message })
  return { definition, tools: { label } as Tools<unknown>, problem }
}

async function fromFixture(name: string): Promise<Planned> {
  const loaded = await loadFile(fixture(name), hurriedClock)
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  return planned(name, loaded.processor.definition)
}

async function started(plan: readonly Planned[]): Promise<Started> {
  const outcome = await startProcessors(plan, host)
  if ('problems' in outcome) throw new Error(JSON.stringify(outcome.problems))
  return outcome.started
}

async function problemsOf(plan: readonly Planned[]): Promise<readonly string[]> {
  const outcome = await startProcessors(plan, host)
  if (!('problems' in outcome)) throw new Error('was started')
  return outcome.problems.map(({ key, message }) => `${key}: ${message}`)
}

test('sets up in the order of the plan, and closes in reverse, once', async () => {
  const entries: string[] = []
  const { processors, close } = await started(['a', 'b', 'c'].map(name => planned(name, diary(entries, name))))
  expect(processors).toHaveLength(3)
  await Promise.all([close(), close()])
  await close()
  expect(entries).toEqual(['set up a', 'set up b', 'set up c', 'close c', 'close b', 'close a'])
})

test('a failure closes again what was set up, and every problem is reported at once', async () => {
  const entries: string[] = []
  const plan = [
    planned('a', diary(entries, 'a')),
    await fromFixture('setup-throws'),
    planned('b', diary(entries, 'b')),
    await fromFixture('setup-hangs'),
    await fromFixture('setup-returns-nothing'),
  ]
  expect(await problemsOf(plan)).toEqual([
    'setup-throws: could not be set up: the key file is missing',
    'setup-hangs: could not be set up: not done within 10 s; what does its setup wait for?',
    'setup-returns-nothing: its setup did not return a processor: an object with the function "handle"',
  ])
  expect(entries).toEqual(['set up a', 'set up b', 'close b', 'close a'])
})

test('a processor that is ready too late is closed', async () => {
  const closed = Promise.withResolvers<void>()
  const ready = Promise.withResolvers<Processor>()
  const late: ProcessorDefinition = { ...diary([], 'late'), setup: () => ready.promise }
  expect(await problemsOf([planned('late', late)])).toHaveLength(1)
  ready.resolve({ handle: (call, next) => next(call), close: () => closed.resolve() })
  await closed.promise
})

test('a processor that cannot be closed, or never finishes to, does not keep the others from closing', async () => {
  lines.length = 0
  const entries: string[] = []
  const plan = [
    planned('first', diary(entries, 'first')),
    await fromFixture('close-throws'),
    await fromFixture('close-hangs'),
    planned('last', diary(entries, 'last')),
  ]
  const { close } = await started(plan)
  await close()
  expect(entries).toEqual(['set up first', 'set up last', 'close last', 'close first'])
  expect(lines.map(({ fields }) => `${fields.processor}: ${fields.reason}`)).toEqual([
    'close-hangs: not done within 5 s',
    'close-throws: the door is stuck',
  ])
})

/** What becomes of a call that meets a fixture. */
async function meeting(name: string): Promise<string> {
  const loaded = await loadFile(fixture(name), hurriedClock)
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const { definition } = loaded.processor
  const impatient: ProcessorDefinition = {
    ...definition,
    setup: async tools => ({ ...(await definition.setup(tools)), deadlineMs: 20 }),
  }
  const bench = await Workbench.open(name, impatient, {})
  try {
    const { failure } = await bench.run({})
    return failure instanceof UpstreamError ? failure.failure : String(failure)
  } catch (broken) {
    return broken instanceof Error ? broken.message : String(broken)
  } finally {
    await bench.close()
  }
}

const MISBEHAVIOURS: Readonly<Record<string, string>> = {
  'throws-undefined': 'threw a bare undefined',
  'throws-a-trap': 'threw an object that throws when it is looked at',
  'answers-early': 'answered while next() was still running; did it forget to await it?',
  'never-answers': 'took longer than its deadline of 20 ms',
  'forgets-to-return': 'did not return a reply; return what next() gave, or call.answer(…)',
  'changes-the-call': 'threw TypeError: Cannot',
}

for (const [name, words] of Object.entries(MISBEHAVIOURS)) {
  test(`a processor that ${name.replaceAll('-', ' ')} is contained, and told so`, async () => {
    expect(await meeting(name)).toContain(`processor "test" ${words}`)
  })
}

test('a processor that calls next() after it has answered reaches no provider', async () => {
  const loaded = await loadFile(fixture('calls-next-late'), hurriedClock)
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const bench = await Workbench.open('late', loaded.processor.definition, {})
  const { reply } = await bench.run({})
  await new Promise<void>(resolve => setImmediate(resolve))
  expect(reply?.text).toBe('first')
  expect(bench.script.sent).toHaveLength(0)
  expect(bench.log.map(line => line.message)).toEqual(['processor "test" called next() after it had answered'])
  await bench.close()
})

test('a processor without imports answers and refuses like any other', async () => {
  const loaded = await loadFile(fixture('plain-object'), hurriedClock)
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const bench = await Workbench.open('plain', loaded.processor.definition, { options: 'word = "moin"' })
  expect((await bench.run({})).reply?.text).toBe('moin')
  expect((await bench.run({ model: 'tomorrow' })).failure).toMatchObject({ status: 403, code: 'not_today' })
  await bench.close()
})
