import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { listProcessors } from '../../src/components/catalogue.ts'
import { clock } from '../../src/services/clock.ts'
import { fixture } from './fixture.ts'

test('lists the built-in processors and those beside the configuration, also broken ones', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'catalogue-'))
  await mkdir(join(folder, 'processors'))
  await cp(fixture('plain-object').file, join(folder, 'processors', 'auth.js'))
  await cp(fixture('bad-schema').file, join(folder, 'processors', 'broken.js'))
  const entries = await listProcessors(folder, clock)
  await rm(folder, { recursive: true })
  expect(entries.filter(({ source }) => source === 'built-in').map(({ name }) => name)).toContain('rate-limit')
  const droppedIn = entries.filter(({ source }) => source === 'dropped-in')
  expect(droppedIn.map(({ name, shadows, summary }) => ({ name, shadows, summary }))).toEqual([
    { name: 'auth', shadows: true, summary: 'Answers every call with a word.' },
    { name: 'broken', shadows: false, summary: undefined },
  ])
  expect(droppedIn[1]?.problems).toHaveLength(3)
})

test('lists no processor twice where the configuration lies beside the built-in ones', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const names = (await listProcessors(root, clock)).map(({ name }) => name)
  expect(names).toContain('auth')
  expect(new Set(names).size).toBe(names.length)
})
