import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReplyEvent } from 'sluice'
import { type CallSketch, testProcessor, Workbench, type World } from 'sluice/testing'
import { afterAll, describe, expect, test } from 'vitest'
import log from '../../processors/log.ts'

const KEY = 'sk-proj-0123456789abcdefghijklmnop'
const folder = mkdtempSync(join(tmpdir(), 'sluice-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

testProcessor(test, 'log', log, {
  accepts: ['', 'record = ["prompt"]\nmask = []\nmax_text = "1KiB"\nmax_waiting = "1MiB"\nmodels = ["*"]'],
  rejects: {
    'share = -1': 'must be at least 0',
    'record = ["headers"]': 'must be one of "prompt", "reply"',
    'mask = ["name"]': 'must be one of "credential", "email", "card"',
    'file = ""': 'file',
  },
  calls: {
    'does nothing unless it is given a share': {
      options: `record = ["prompt", "reply"]\nfile = "${join(folder, 'missing', 'never.jsonl')}"`,
      expect({ reply, metrics, log: lines, decoded }) {
        expect(reply?.text).toBe('ok')
        expect([metrics, lines, decoded]).toEqual([[], [], 0])
      },
    },
    'leaves out models that it is not for': {
      options: 'share = 1\nmodels = ["gpt-*"]',
      expect: ({ metrics }) => expect(metrics).toEqual([]),
    },
    'drops lines for which there is no room, and counts them': {
      options: `share = 1\nmax_waiting = "10B"\nfile = "${join(folder, 'small.jsonl')}"`,
      expect: ({ metrics }) => expect(metrics.map(({ labels }) => labels.result)).toEqual(['dropped']),
    },
  },
})

let files = 0

/** Lets calls through and reads what was written. */
async function linesFor(options: string, calls: readonly CallSketch[], world: World = {}): Promise<readonly Line[]> {
  const file = join(folder, `calls-${files++}.jsonl`)
  const bench = await Workbench.open('log', log, { ...world, options: `share = 1\nfile = "${file}"\n${options}` })
  for (const call of calls) await bench.run(call)
  await bench.close()
  expect(statSync(file).mode & 0o777).toBe(0o600)
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
}

type Line = Readonly<Record<string, unknown>>

describe('log writes', () => {
  test('facts, and nothing of what was said', async () => {
    const usage = { input: 3, output: 2 }
    const identity = { name: 'alice', team: 'core' }
    const lines = await linesFor(
      '',
      [{ identity, prompt: 'secret words', stream: true }, { operation: 'list-models' }],
      {
        replies: [{ text: 'a reply', usage }, { models: [] }],
      },
    )
    expect(lines).toEqual([
      {
        time: '2030-01-01T00:00:00.000Z',
        call: 'call-1',
        pipeline: 'main',
        key: 'alice',
        team: 'core',
        operation: 'generate',
        format: 'openai-chat',
        requested_model: 'test-model',
        model: 'test-model',
        provider: 'main',
        stream: true,
        ms: 0,
        status: 200,
        outcome: 'completed',
        input_tokens: 3,
        output_tokens: 2,
      },
    ])
  })

  test('failures and calls that were left', async () => {
    const lines = await linesFor('', [{}, { stream: true, reads: 'half' }, {}], {
      replies: [{ failure: 'status_429', status: 429 }, { text: 'a long reply' }, { throws: new Error('a bug') }],
    })
    expect(lines.map(({ outcome, status, code }) => [outcome, status, code])).toEqual([
      ['failed', 429, 'upstream_failed'],
      ['abandoned', 200, undefined],
      ['failed', undefined, undefined],
    ])
  })

  test('what was said, masked, in pieces too', async () => {
    const events: readonly ReplyEvent[] = [
      { type: 'start', id: 'r', model: 'm' },
      { type: 'part-start', index: 0, candidate: 0, part: { type: 'text', text: '' } },
      ...['To bob@ex', 'ample.com: s', KEY.slice(1, 9), KEY.slice(9)].map(
        (text): ReplyEvent => ({ type: 'text-delta', index: 0, text }),
      ),
      { type: 'part-end', index: 0 },
      {
        type: 'part-start',
        index: 1,
        candidate: 0,
        part: { type: 'tool-call', callId: 'c', name: 'send', kind: 'function', arguments: '{"a":1}' },
      },
      { type: 'part-end', index: 1 },
      { type: 'finish', candidate: 0, reason: 'stop' },
      { type: 'end' },
    ]
    const [stream, whole] = await linesFor(
      'record = ["prompt", "reply"]\nwords = ["heron"]',
      [{ stream: true, prompt: `Project Heron, ${KEY}` }, {}],
      { replies: [{ events }] },
    )
    expect(stream?.prompt).toEqual([{ role: 'user', text: 'Project [removed], [removed]' }])
    expect(stream?.reply).toBe('To [removed]: [removed]\n[send] {"a":1}')
    expect(whole?.reply).toBe(stream?.reply)
  })

  test('the last messages and the beginning of the reply, as far as there is room', async () => {
    const turns = ['first', 'second', 'third'].map(text => ({
      role: 'user' as const,
      parts: [{ type: 'text' as const, text }],
    }))
    const [line] = await linesFor('record = ["prompt", "reply"]\nmax_text = "8B"', [{ conversation: { turns } }], {
      replies: [{ text: `12345 ${KEY}` }],
    })
    expect(line?.prompt).toEqual([
      { role: 'user', text: 'sec' },
      { role: 'user', text: 'third' },
    ])
    expect(line?.reply).toBe('12345 [r')
  })

  test('on, when the file cannot be written, and says so in the log', async () => {
    const options = `share = 1\nfile = "${join(folder, 'missing', 'calls.jsonl')}"`
    const bench = await Workbench.open('log', log, { options })
    expect((await bench.run({})).reply?.text).toBe('ok')
    await expect.poll(() => bench.log.map(({ message }) => message)).toEqual(['lines cannot be written'])
    await bench.run({})
    await bench.close()
    expect(bench.measurements.map(({ labels }) => labels.result)).toEqual(['dropped', 'dropped'])
    expect(bench.log).toHaveLength(1)
  })
})
