/** Every scenario with a handful of calls: answers are whole, tables are full. Times are not looked at. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { readArguments } from './arguments.ts'
import { bench, type Findings } from './bench.ts'
import { QUICK } from './effort.ts'
import { processorCases } from './processor-cases.ts'
import { markdown } from './report.ts'
import { SCENARIOS } from './scenarios.ts'
import { UsageError } from './usage-error.ts'

const MINUTES = 60_000

describe('the scenarios', () => {
  let findings: Findings
  beforeAll(async () => {
    findings = await bench(SCENARIOS, [], QUICK, () => {})
  }, 5 * MINUTES)

  test('can all be measured', () => {
    expect(findings.failures).toEqual({})
    expect(findings.tables.map(({ name }) => name)).toEqual([...new Set(SCENARIOS.map(({ table }) => table))])
  })

  test.each(SCENARIOS.map(({ name }) => name))('%s has samples, and every answer was whole', name => {
    const samples = findings.samples[name] ?? []
    expect(samples.length).toBeGreaterThan(0)
    for (const sample of samples) {
      expect(sample).not.toMatchObject({ done: 0 })
      if ('broken' in sample) expect(sample).toMatchObject({ broken: 0, failures: {} })
      if ('expected' in sample) expect(sample).toMatchObject({ tokens: sample.expected })
    }
  })

  test('fill their tables', () => {
    for (const { name, rows } of findings.tables) {
      expect(rows.length, name).toBeGreaterThan(0)
      for (const row of rows) {
        expect(Object.keys(row), name).toEqual(Object.keys(rows[0] ?? {}))
        for (const cell of Object.values(row)) expect(cell, name).not.toMatch(/^(|–)$|NaN|undefined|Infinity/)
      }
    }
  })

  test('are ready to paste, with date and versions', () => {
    const text = markdown(findings.tables, findings.occasion)
    expect(text.match(/^## /gm)).toHaveLength(findings.tables.length)
    expect(text).toContain(`${findings.occasion.date.slice(0, 10)}, Node ${process.versions.node}`)
  })
})

test('every processor is measured', async () => {
  const folder = fileURLToPath(new URL('../../processors', import.meta.url))
  const measured = new Set((await processorCases()).map(({ use }) => `${use}.ts`))
  expect([...measured].sort()).toEqual(readdirSync(folder).sort())
})

describe('the command line', () => {
  test('chooses scenarios by their names and by their tables', () => {
    const { chosen } = readArguments(['--only', 'stream,latency'], SCENARIOS)
    expect(chosen.map(({ name }) => name)).toEqual(['stream', 'latency-chat', 'latency-20k', 'latency-stream'])
    expect(readArguments([], SCENARIOS).chosen).toEqual(SCENARIOS)
  })

  test.each([
    [['--only', 'chat-1k,chat-2k'], /no "chat-2k"; there are the tables cost, .* chat-1k, chat-20k/],
    [['--only', ''], /there are the tables/],
    [['--peers', 'portkey,nobody'], /no peer "nobody"; there are portkey, ccr/],
    [['--rounds', '0'], /--rounds/],
    [['--seconds', 'long'], /--seconds wants a number/],
    [['--fast'], /--fast/],
  ])('refuses %j', (argv, words) => {
    expect(() => readArguments(argv, SCENARIOS)).toThrow(words)
    expect(() => readArguments(argv, SCENARIOS)).toThrow(UsageError)
  })
})
