/** What every processor of the folder keeps, whatever it does. A new file is held to it without being named here. */
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { exampleToml } from '../src/components/document.ts'
import { BUILT_IN_FOLDER, filesIn } from '../src/components/find.ts'
import { loadFile } from '../src/components/load.ts'
import { parseToml } from '../src/config/toml.ts'
import type { ReplyEvent } from '../src/contract.ts'
import type { OptionSchema } from '../src/options.ts'
import { clock } from '../src/services/clock.ts'
import { createMetrics } from '../src/services/metrics.ts'
import { sharedStore } from '../src/services/store.ts'
import { MemoryStore } from '../src/services/store-memory.ts'
import { recordingLog } from '../src/testing/recorder.ts'
import { optionsFrom } from '../src/testing/test-options.ts'
import { type CallSketch, Workbench, type World } from '../src/testing/test-processor.ts'
import { hurriedClock } from './components/hurried-clock.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const packageJson = JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')) as { dependencies: object }

/** Tests with a whole gateway in them. */
const gatewayTests = (await textsIn('test/gateway', 'test/processors')).filter(text =>
  text.includes('startTestGateway'),
)

async function textsIn(...folders: readonly string[]): Promise<readonly string[]> {
  const files = folders.flatMap(folder => readdirSync(`${ROOT}/${folder}`).map(file => `${ROOT}/${folder}/${file}`))
  return Promise.all(files.filter(file => file.endsWith('.test.ts')).map(file => readFile(file, 'utf8')))
}

/** Where a call needs something to be let through by the processor's first example. */
const WELCOME: Readonly<Record<string, CallSketch>> = {
  auth: { credential: 'a-long-random-key' },
  'auth-jwt': { identity: { name: 'let in before' } },
  models: { model: 'big' },
}

const brokenOff: readonly ReplyEvent[] = [
  { type: 'start', id: 'r', model: 'm' },
  { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
  { type: 'text-delta', index: 0, text: 'half a' },
]
const empty: readonly ReplyEvent[] = [
  { type: 'start', id: 'r', model: 'm' },
  { type: 'finish', candidate: 0, reason: 'stop' },
  { type: 'end' },
]

for (const file of await filesIn(BUILT_IN_FOLDER, 'built-in')) {
  const { name } = file
  const loaded = await loadFile(file, clock)
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const { definition } = loaded.processor
  const source = await readFile(file.file, 'utf8')
  const welcome = WELCOME[name] ?? {}
  const [example] = definition.examples

  async function onBench(world: World, run: (bench: Workbench) => Promise<void>): Promise<void> {
    const bench = await Workbench.open(name, definition, { options: example?.toml ?? '', ...world })
    try {
      await run(bench)
    } finally {
      await bench.close()
    }
  }

  describe(name, () => {
    test('says in one sentence what it does', () => {
      expect(definition.summary).toMatch(/^[A-Z][^.!?\n]*\.$/)
      expect(definition.summary.length).toBeLessThanOrEqual(120)
    })

    test('describes every option in sentences', () => {
      for (const { key, schema } of described(definition.options, 'options')) {
        expect(schema.description, key).toMatch(/^[A-Z`].*\.$/)
      }
    })

    test('has an example that can stand in a configuration', async () => {
      expect(example).toBeDefined()
      for (const { title, toml } of definition.examples) {
        const parsed = parseToml(exampleToml(name, toml), 'config.toml')
        if ('message' in parsed) throw new Error(`${title}: ${parsed.message}`)
        const [table] = (parsed.value.pipelines as { main: { processors: readonly object[] } }).main.processors
        const { value: alone } = parseToml(toml, 'options.toml') as { value: object }
        expect(table, title).toEqual({ use: name, ...alone })
        await onBench({ options: toml }, async () => {})
      }
    })

    test('can stand in a pipeline several times, with other options', async () => {
      const metrics = createMetrics()
      for (const [index, { toml }] of definition.examples.entries()) {
        const label = `${name}-${index}`
        await definition.setup({
          options: optionsFrom(definition, toml),
          label,
          pipeline: 'main',
          providers: new Map([['main', 'openai-chat']]),
          keyless: new Set(),
          files: { follow: async () => {} },
          log: recordingLog([]),
          metrics: metrics.forStep('main', label),
          store: sharedStore(new MemoryStore(hurriedClock)),
          prices: { cost: () => undefined },
          clock: hurriedClock,
          signal: new AbortController().signal,
        })
      }
    })

    test('can be closed without a call, and twice', async () => {
      await onBench({}, async bench => {
        await bench.processor.close?.()
        await bench.processor.close?.()
      })
    })

    for (const stream of [false, true]) {
      const how = stream ? 'streamed' : 'whole'

      test(`passes an empty reply through, ${how}`, async () => {
        await onBench({ replies: [{ events: empty }] }, async bench => {
          const { reply } = await bench.run({ ...welcome, stream })
          expect(reply?.events?.filter(({ type }) => type === 'finish')).toHaveLength(1)
          expect(reply?.text).toBe('')
        })
      })

      test(`passes a failure before the first byte through, ${how}`, async () => {
        await onBench({ replies: [{ failure: 'status_400', status: 400 }] }, async bench => {
          const { failure } = await bench.run({ ...welcome, stream })
          expect(failure).toMatchObject({ status: 400, failure: 'status_400', provider: 'main' })
        })
      })

      test(`leaves when the client leaves, ${how}`, async () => {
        await onBench({ replies: [{ hangs: true }] }, async bench => {
          const { failure } = await bench.run({ ...welcome, stream, leaves: 'while-waiting' })
          expect(failure).toHaveProperty('message', 'the client left')
        })
      })
    }

    test('passes a reply through that breaks off, as one that broke off', async () => {
      await onBench({ replies: [{ events: brokenOff }] }, async bench => {
        const { reply } = await bench.run({ ...welcome, stream: true })
        expect(reply?.text).toBe('half a')
        expect(reply?.broken ?? reply?.events?.find(({ type }) => type === 'error')).toBeDefined()
      })
    })

    test('lets the provider go when the client stops reading', async () => {
      await onBench({ replies: [{ text: 'a long reply' }] }, async bench => {
        await bench.run({ ...welcome, stream: true, reads: 'half' })
        expect(bench.script.cancelled).toBe(1)
      })
    })

    test('has a test of its own', () => {
      expect(existsSync(`${ROOT}/test/processors/${name}.test.ts`)).toBe(true)
    })

    test('is tested over sockets in a whole gateway', () => {
      expect(gatewayTests.some(text => text.includes(`use = "${name}"`) || text.includes(`step('${name}'`))).toBe(true)
    })

    test('imports nothing but the contract, Node and packages', () => {
      for (const specifier of importsOf(source)) {
        const isAllowed =
          specifier === 'sluice' || specifier.startsWith('node:') || Object.hasOwn(packageJson.dependencies, specifier)
        expect(isAllowed, specifier).toBe(true)
      }
    })

    test('has at most 200 lines', () => {
      expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(200)
    })
  })
}

function* described(schema: OptionSchema, key: string): Generator<{ key: string; schema: OptionSchema }> {
  if (schema.type === 'array') yield* described(schema.items, `${key}[]`)
  if (schema.type !== 'object' || !('properties' in schema)) return
  for (const [name, property] of Object.entries(schema.properties)) {
    yield { key: `${key}.${name}`, schema: property }
    yield* described(property, `${key}.${name}`)
  }
}

function importsOf(source: string): readonly string[] {
  return [...source.matchAll(/(?:^|\s)(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
    ([, specifier = '']) => specifier,
  )
}
