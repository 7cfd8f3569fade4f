/** Every case of the catalogue is decided, holds, and stands in docs/conversion-cases.md as it is decided here. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CaseSection } from './case.ts'

const files = readdirSync(new URL('.', import.meta.url)).filter(name => name.endsWith('.cases.ts'))
const modules = await Promise.all(files.map(name => import(`./${name}`) as Promise<{ default: CaseSection }>))
const sections = modules.map(module => module.default).sort((a, b) => a.order - b.order)
const page = new URL('../../../docs/conversion-cases.md', import.meta.url)
const BEGIN = '<!-- begin of the generated tables -->'
const END = '<!-- end of the generated tables -->'

for (const section of sections) {
  describe(section.title, () => {
    for (const { id, title, decision, prove } of section.cases) it(`${id} ${title}: ${decision}`, prove)
  })
}

it('no case is decided twice', () => {
  const ids = sections.flatMap(section => section.cases.map(each => each.id))
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
})

it('docs/conversion-cases.md says what is decided here', () => {
  const before = readFileSync(page, 'utf8')
  const after = `${before.slice(0, before.indexOf(BEGIN) + BEGIN.length)}\n${tables()}\n${before.slice(before.indexOf(END))}`
  if (process.env.SLUICE_TABLES === 'update') writeFileSync(page, after)
  else expect(before).toBe(after)
})

function tables(): string {
  return sections.map(({ title, cases }) => [`## ${title}`, '', ...rows(cases)].join('\n')).join('\n\n')
}

function rows(cases: CaseSection['cases']): string[] {
  const lines = cases.map(each => `| ${[each.id, each.title, each.decision, each.outcome].map(cell).join(' | ')} |`)
  return ['| # | what comes in | decision | what Sluice does |', '| --- | --- | --- | --- |', ...lines]
}

/** A bar would end the cell, also inside code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
