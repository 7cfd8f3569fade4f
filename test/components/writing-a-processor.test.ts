/** The code in the guide works as it stands there. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadFile } from '../../src/components/load.ts'
import type { ReplyEvent } from '../../src/contract.ts'
import { clock } from '../../src/services/clock.ts'
import { type CallSketch, Workbench, type World } from '../../src/testing/test-processor.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** A user's project with this package installed. */
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guide-'))
  const guide = await readFile(join(ROOT, 'docs/writing-a-processor.md'), 'utf8')
  for (const [, name = '', code = ''] of guide.matchAll(/```[jt]s\n\/\/ (\S+)\n(.*?)```/gs)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), code)
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await mkdir(join(folder, 'node_modules'))
  await symlink(ROOT, join(folder, 'node_modules/sluice'))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function benchOf(name: string, world: World): Promise<Workbench> {
  const file = join(folder, 'processors', `${name}.js`)
  const loaded = await loadFile({ name, file, source: 'path', shadows: false }, clock)
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  return Workbench.open(name, loaded.processor.definition, world)
}

async function replyOf(name: string, world: World, sketch: CallSketch) {
  const bench = await benchOf(name, world)
  const { reply } = await bench.run(sketch)
  await bench.close()
  return reply
}

test('all processors of the guide load', async () => {
  const script = join(ROOT, 'test/components/load-in-node.ts')
  const { stdout } = await run(process.execPath, [script, folder, 'greet', 'topic', 'shout', 'brief'])
  expect(JSON.parse(stdout).outcomes).toEqual({
    greet: { source: 'dropped-in', summary: 'Answers the model "hello" itself.' },
    topic: { source: 'dropped-in', summary: 'Refuses calls that mention a forbidden word.' },
    shout: { source: 'dropped-in', summary: 'Says everything in capital letters.' },
    brief: { source: 'dropped-in', summary: 'Ends a streamed reply after so many characters.' },
  })
})

test('greet answers its model, and passes others on', async () => {
  expect((await replyOf('greet', {}, { model: 'hello' }))?.text).toBe('Hello!')
  expect((await replyOf('greet', {}, { model: 'other' }))?.text).toBe('ok')
})

test('shout shouts, streamed and whole', async () => {
  const replies = [{ text: 'quiet' }]
  expect((await replyOf('shout', { replies }, { stream: true }))?.text).toBe('QUIET')
  expect((await replyOf('shout', { replies }, { stream: false }))?.text).toBe('QUIET')
})

test('brief cuts a stream and lets the provider go', async () => {
  const events: readonly ReplyEvent[] = [
    { type: 'start', id: 'r', model: 'm' },
    { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
    { type: 'text-delta', index: 0, text: 'abc' },
    { type: 'text-delta', index: 0, text: 'def' },
    { type: 'text-delta', index: 0, text: 'ghi' },
    { type: 'part-end', index: 0 },
    { type: 'finish', candidate: 0, reason: 'stop' },
    { type: 'end' },
  ]
  const bench = await benchOf('brief', { options: 'characters = 4', replies: [{ events }] })
  const { reply } = await bench.run({ stream: true })
  expect(reply?.text).toBe('abcd')
  expect(reply?.events?.at(-2)).toMatchObject({ type: 'finish', reason: 'length' })
  expect(bench.script.cancelled).toBe(1)
  await bench.close()
})

test('the test of the guide passes under the test runner of Node', async () => {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'test/topic.test.ts'], {
    cwd: folder,
    env: environment,
  })
  expect(stdout).toMatch(/# fail 0\n/)
  expect(stdout).toMatch(/# pass 6\n/)
})

test('the processors of the guide pass the type check', async () => {
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { typeRoots: [join(ROOT, 'node_modules/@types')] },
      include: ['processors', 'test'],
    }),
  )
  const tsc = run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: folder })
  // Files of this package are checked with it: what is wrong in them is not the guide's fault.
  const { stdout } = await tsc.catch((failed: { stdout: string }) => failed)
  expect(stdout.split('\n').filter(line => /^(processors|test)\//.test(line))).toEqual([])
})
