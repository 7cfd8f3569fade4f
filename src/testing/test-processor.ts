/**
 * The test harness of a processor's author (`import { testProcessor } from "sluice/testing"`). It works with every test
 * runner that registers tests by `test(title, run)`: give it that function.
 */
import type { ProcessorDefinition, Store } from '../contract.ts'
import type { EngineCall } from '../pipeline/call.ts'
import type { Delivered } from './deliver.ts'
import type { ManualClock } from './manual-clock.ts'
import type { LogLine, Measurement } from './recorder.ts'
import type { CallSketch } from './test-call.ts'
import { type SeenCall, Workbench, type World } from './workbench.ts'

export type { Delivered } from './deliver.ts'
export { ManualClock } from './manual-clock.ts'
export type { LogLine, Measurement } from './recorder.ts'
export type { ScriptedReply } from './script.ts'
export type { CallSketch } from './test-call.ts'
export { type SeenCall, Workbench, type World } from './workbench.ts'

/** What a processor promises, as a table. */
export interface ProcessorTable {
  /** Options, in TOML, with which it can be set up. */
  readonly accepts: readonly string[]
  /** Options, in TOML, which it refuses → a part of what it says. */
  readonly rejects: Readonly<Record<string, string>>
  /** Calls, each with the title of a test. */
  readonly calls: Readonly<Record<string, CallCase>>
}

export interface CallCase extends World {
  /** The call; an ordinary one unless said otherwise. */
  readonly call?: CallSketch
  /** Instead of `call`: several, one after the other. */
  readonly calls?: readonly CallSketch[]
  /** Looks at what happened, and throws where it is not right. */
  expect(seen: Seen): void | Promise<void>
}

/** What happened in one case. */
export interface Seen {
  /** What the last client got. */
  readonly reply?: Delivered
  /** What the last call failed with, instead of a reply. */
  readonly failure?: unknown
  /** All calls, in order. */
  readonly calls: readonly SeenCall[]
  /** What the processor gave to `next`, in order. */
  readonly sent: readonly EngineCall[]
  readonly log: readonly LogLine[]
  readonly metrics: readonly Measurement[]
  readonly store: Store
  /** The keys that the processor used in the store. */
  readonly storeKeys: ReadonlySet<string>
  readonly clock: ManualClock
  /** How often somebody looked at the canonical view of a call. */
  readonly decoded: number
  /** Replies of providers that were let go of before their end. */
  readonly cancelled: number
}

export interface ProcessorTest {
  readonly title: string
  readonly run: () => Promise<void>
}

/** Registers the tests of a table with a test runner. */
export function testProcessor(
  test: (title: string, run: () => Promise<void>) => unknown,
  name: string,
  definition: ProcessorDefinition,
  table: ProcessorTable,
): void {
  for (const { title, run } of processorTests(name, definition, table)) test(title, run)
}

/** The tests of a table, for a runner of another kind. The definition's own examples are among them. */
export function processorTests(
  name: string,
  definition: ProcessorDefinition,
  table: ProcessorTable,
): readonly ProcessorTest[] {
  return [
    ...definition.examples.map(({ title, toml }) => ({
      title: `${name}: its example "${title}" works`,
      run: () => accept(name, definition, toml),
    })),
    ...table.accepts.map(toml => ({
      title: `${name} accepts ${oneLine(toml)}`,
      run: () => accept(name, definition, toml),
    })),
    ...Object.entries(table.rejects).map(([toml, words]) => ({
      title: `${name} rejects ${oneLine(toml)}`,
      run: () => reject(name, definition, toml, words),
    })),
    ...Object.entries(table.calls).map(([title, each]) => ({
      title: `${name} ${title}`,
      run: () => runCase(name, definition, each),
    })),
  ]
}

async function accept(name: string, definition: ProcessorDefinition, options: string): Promise<void> {
  const bench = await Workbench.open(name, definition, { options })
  await bench.close()
}

async function reject(name: string, definition: ProcessorDefinition, options: string, words: string): Promise<void> {
  let bench: Workbench
  try {
    bench = await Workbench.open(name, definition, { options })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (message.includes(words)) return
    throw new Error(`it was rejected in other words than "${words}": ${message}`, { cause: error })
  }
  await bench.close()
  throw new Error(`it was accepted, but should be rejected with "${words}"`)
}

async function runCase(name: string, definition: ProcessorDefinition, each: CallCase): Promise<void> {
  const bench = await Workbench.open(name, definition, each)
  try {
    for (const sketch of each.calls ?? [each.call ?? {}]) await bench.run(sketch)
    checkDiscretion(bench, each)
    await each.expect(seenAt(bench))
  } finally {
    await bench.close()
  }
}

/** A credential belongs neither into the log nor into the store. */
function checkDiscretion({ log, storeKeys }: Workbench, each: CallCase): void {
  const credentials = (each.calls ?? [each.call ?? {}]).flatMap(({ credential }) => credential ?? [])
  const written = [...storeKeys, ...log.map(line => JSON.stringify(line))]
  const leak = credentials.find(credential => credential !== '' && written.some(text => text.includes(credential)))
  if (leak !== undefined) throw new Error("a caller's credential was written into the log or into a key of the store")
}

function seenAt(bench: Workbench): Seen {
  const { log, measurements, store, storeKeys, clock, decoded, calls, script } = bench
  const { sent, cancelled } = script
  return { ...calls.at(-1), calls, sent, log, metrics: measurements, store, storeKeys, clock, decoded, cancelled }
}

function oneLine(toml: string): string {
  const line = toml.replaceAll(/\s*\n\s*/g, '; ').trim()
  if (line === '') return 'no options'
  return line.length > 90 ? `${line.slice(0, 89)}…` : line
}
