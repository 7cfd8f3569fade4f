import { describe, expect, it } from 'vitest'
import { checkStream } from '../../src/formats/openai-chat/grammar.ts'
import { type GrammarWatch, watchGrammar } from '../../src/pipeline/grammar-watch.ts'
import { flowOf, iterate } from '../../src/stream/flow.ts'

const chunk = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const WHOLE = [chunk({ role: 'assistant', content: 'a' }, null), chunk({}, 'stop'), 'data: [DONE]\n\n']

async function watched(frames: readonly string[]) {
  const reports: (readonly [string, boolean])[] = []
  const warnings: unknown[] = []
  const watch: GrammarWatch = { share: 1, report: (...report) => reports.push(report) }
  const ignore = (): void => {}
  const log = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (_: string, fields?: object) => warnings.push(fields),
  }
  const out: string[] = []
  const flow = watchGrammar(flowOf(frames), checkStream(), { format: 'openai-chat', watch, log })
  for await (const piece of iterate(flow)) out.push(piece)
  return { out, reports, warnings }
}

describe('a stream that is watched', () => {
  it('passes unchanged and is reported as valid', async () => {
    expect(await watched(WHOLE)).toEqual({ out: WHOLE, reports: [['openai-chat', true]], warnings: [] })
  })

  it('passes unchanged when it breaks its grammar, which is reported and logged once', async () => {
    const broken = [...WHOLE.slice(0, 2), chunk({ content: 'late' }, null), 'data: [DONE]\n\n']
    const { out, reports, warnings } = await watched(broken)
    expect(out).toEqual(broken)
    expect(reports).toEqual([['openai-chat', false]])
    expect(warnings).toMatchObject([{ format: 'openai-chat', violation: expect.any(String) }])
  })

  it('is not whole without its end', async () => {
    expect((await watched(WHOLE.slice(0, 2))).reports).toEqual([['openai-chat', false]])
  })
})
