import fc from 'fast-check'
import { type CallSketch, type ScriptedReply, type Seen, testProcessor, Workbench } from 'sluice/testing'
import { expect, test } from 'vitest'
import balance from '../../processors/balance.ts'

const providers = { main: 'openai-chat', second: 'openai-chat', third: 'anthropic-messages' } as const
const targets = 'targets = [{ provider = "main" }, { provider = "second" }, { provider = "third", model = "claude" }]'
const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value)

const places = ({ sent }: Pick<Seen, 'sent'>): readonly string[] => sent.map(({ provider }) => provider)

/** How many calls of each session went to each provider. */
async function spread(options: string, calls: readonly CallSketch[], replies: readonly ScriptedReply[] = []) {
  const world = replies.length > 0 ? { replies } : {}
  const bench = await Workbench.open('balance', balance, { options, providers, ...world })
  for (const call of calls) await bench.run(call)
  await bench.close()
  return places(bench.script)
}

function shareOf(name: string, names: readonly string[]): number {
  return names.filter(each => each === name).length / names.length
}

testProcessor(test, 'balance', balance, {
  accepts: ['targets = [{ provider = "main" }]', 'targets = [{ provider = "main" }]\naffinity = "header:x-session"'],
  rejects: {
    '': 'targets',
    'targets = []': 'must not be empty',
    'targets = [{ provider = "main", weight = 0 }]': 'weight',
    'targets = [{ provider = "main" }]\nstrategy = "random"': 'must be one of',
    'targets = [{ provider = "main" }]\naffinity = "header"': 'affinity',
    'targets = [{ provider = "main" }]\nstrateggy = "latency"': 'did you mean "strategy"',
  },
  calls: {
    'takes places in turn, each with its model': {
      options: targets,
      providers,
      calls: times(6, {}),
      expect(seen) {
        expect(places(seen)).toEqual(['main', 'second', 'third', 'main', 'second', 'third'])
        expect(seen.sent[2]?.model).toBe('claude')
        expect(seen.metrics[0]?.labels).toEqual({ provider: 'main', by: 'strategy' })
      },
    },
    'spreads by weight, evenly within a few calls': {
      options: 'targets = [{ provider = "main", weight = 5 }, { provider = "second" }, { provider = "third" }]',
      providers,
      calls: times(7, {}),
      expect: seen => expect(places(seen)).toEqual(['main', 'main', 'second', 'main', 'third', 'main', 'main']),
    },
    'leaves out what the key may not use': {
      options: targets,
      providers,
      calls: times(4, { identity: { name: 'alice', providers: ['second', 'third'] } }),
      expect: seen => expect(places(seen)).toEqual(['second', 'third', 'second', 'third']),
    },
    'leaves a call alone whose key may use none': {
      options: 'targets = [{ provider = "second" }]',
      providers,
      call: { identity: { name: 'alice', providers: ['third'] } },
      expect: seen => expect(places(seen)).toEqual(['main']),
    },
    'leaves other models alone': {
      options: 'match = "gpt-*"\ntargets = [{ provider = "second" }]',
      providers,
      calls: [{}, { model: 'gpt-5' }],
      expect: seen => expect(places(seen)).toEqual(['main', 'second']),
    },
    'does not look into calls for a header': {
      options: `${targets}\naffinity = "header:x-session"`,
      providers,
      call: { headers: { 'x-session': 'one' } },
      expect: ({ decoded }) => expect(decoded).toBe(0),
    },
    'prefers the place that does not fail': {
      options: 'strategy = "latency"\ntargets = [{ provider = "main" }, { provider = "second" }]',
      providers,
      replies: [{ failure: 'status_500', status: 500 }, { text: 'ok' }],
      calls: times(20, {}),
      expect(seen) {
        const [failed, ...others] = places(seen)
        expect(others.includes(failed ?? '')).toBe(false)
      },
    },
    'comes back to a place that failed when it is forgotten': {
      options: 'strategy = "latency"\nhalf_life = "1s"\ntargets = [{ provider = "main" }, { provider = "second" }]',
      providers,
      replies: [{ failure: 'status_500', status: 500 }, { text: 'ok' }],
      calls: [{}, ...times(30, { after: 3000 })],
      expect(seen) {
        const [failed = ''] = places(seen)
        expect(shareOf(failed, places(seen).slice(10))).toBeGreaterThan(0)
      },
    },
    "does not hold a call's own fault against a place": {
      options: 'strategy = "latency"\ntargets = [{ provider = "main" }, { provider = "second" }]',
      providers,
      replies: [{ failure: 'status_400', status: 400 }],
      calls: times(60, {}),
      expect: seen => expect(shareOf('main', places(seen))).toBeCloseTo(0.5, 0),
    },
  },
})

const AFFINITIES: readonly (readonly [string, (session: string) => CallSketch])[] = [
  ['header:x-session', session => ({ headers: { 'x-session': session } })],
  ['key', session => ({ identity: { name: session } })],
  ['end-user', session => ({ conversation: { endUser: session } })],
  ['cache-key', session => ({ conversation: { cacheKey: session } })],
]

test.each(AFFINITIES)('balance keeps calls with the same %s at one place', async (affinity, callOf) => {
  const options = `${targets}\naffinity = "${affinity}"`
  const sessions = Array.from({ length: 40 }, (_, index) => callOf(`session-${index}`))
  const once = await spread(options, sessions)
  expect(await spread(options, [{}, ...sessions, ...sessions.toReversed()])).toEqual([
    'main',
    ...once,
    ...once.toReversed(),
  ])
  expect(new Set(once)).toEqual(new Set(Object.keys(providers)))
})

test('balance moves only the sessions of a place that is taken away', async () => {
  const sessions = Array.from({ length: 200 }, (_, index) => ({ headers: { 'x-session': `session-${index}` } }))
  const affinity = 'affinity = "header:x-session"'
  const before = await spread(`${affinity}\n${targets}`, sessions)
  const after = await spread(`${affinity}\ntargets = [{ provider = "main" }, { provider = "second" }]`, sessions)
  expect(before.filter((place, index) => place !== 'third' && after[index] !== place)).toEqual([])
  expect(shareOf('third', before)).toBeGreaterThan(0.2)
})

test('balance gives each place its share of sessions, by weight', async () => {
  const sessions = Array.from({ length: 2000 }, (_, index) => ({ headers: { 'x-session': `session-${index}` } }))
  const weighted = 'targets = [{ provider = "main", weight = 3 }, { provider = "second" }]'
  const names = await spread(`affinity = "header:x-session"\n${weighted}`, sessions)
  // The sessions are always the same, and so is the outcome.
  expect(Math.abs(shareOf('main', names) - 0.75)).toBeLessThan(0.03)
})

test('balance sends calls where the fewest are under way', async () => {
  const options = `strategy = "least-busy"\n${targets}`
  const bench = await Workbench.open('balance', balance, { options, providers })
  await Promise.all(times(6, {}).map(call => bench.run(call)))
  expect(places(bench.script).toSorted()).toEqual(['main', 'main', 'second', 'second', 'third', 'third'])
  await bench.close()
})

test('balance knows when a call is over', async () => {
  const options = 'strategy = "least-busy"\ntargets = [{ provider = "main", weight = 3 }, { provider = "second" }]'
  const replies: readonly ScriptedReply[] = [{ failure: 'connect' }, { text: 'ok' }]
  const bench = await Workbench.open('balance', balance, { options, providers, replies })
  for (const call of [{}, { stream: true }, { stream: true, reads: 'half' } as const]) await bench.run(call)
  await Promise.all(times(4, {}).map(call => bench.run(call)))
  expect(places(bench.script).slice(3).toSorted()).toEqual(['main', 'main', 'main', 'second'])
  await bench.close()
})

test('balance keeps to its weights, whatever they are', async () => {
  const weights = fc.tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
  )
  await fc.assert(
    fc.asyncProperty(weights, async ([one, two, three]) => {
      const toml = Object.keys(providers)
        .map((provider, index) => `{ provider = "${provider}", weight = ${[one, two, three][index]} }`)
        .join(', ')
      const names = await spread(`targets = [${toml}]`, times(one + two + three, {}))
      const counts = Object.keys(providers).map(name => names.filter(each => each === name).length)
      expect(counts).toEqual([one, two, three])
    }),
    { numRuns: 30 },
  )
})
