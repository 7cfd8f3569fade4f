import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { EngineMetrics } from '../../src/services/engine-metrics.ts'
import { SummedMetrics, snapshotOf } from '../../src/services/summed-metrics.ts'

function process(calls: number, open: number) {
  const registry = new Registry()
  const counter = new Counter({ name: 'calls_total', help: 'Calls.', labelNames: ['to'], registers: [registry] })
  counter.inc({ to: 'a' }, calls)
  new Gauge({ name: 'open', help: 'Open.', registers: [registry] }).set(open)
  const times = new Histogram({ name: 'seconds', help: 'Times.', buckets: [1, 2], registers: [registry] })
  for (let call = 0; call < calls; call++) times.observe(1.5)
  return registry
}

test('adds processes up', async () => {
  const sum = new SummedMetrics()
  sum.seen(1, await snapshotOf(process(2, 3)))
  sum.seen(2, await snapshotOf(process(5, 4)))
  const page = await sum.render()
  for (const line of [
    'calls_total{to="a"} 7',
    'open 7',
    'seconds_bucket{le="1"} 0',
    'seconds_bucket{le="2"} 7',
    'seconds_bucket{le="+Inf"} 7',
    'seconds_sum 10.5',
    'seconds_count 7',
    '# TYPE seconds histogram',
  ]) {
    expect(page.split('\n')).toContain(line)
  }
})

test('keeps what the dead have counted, and forgets what they held', async () => {
  const sum = new SummedMetrics()
  for (const id of [1, 2, 3]) sum.seen(id, await snapshotOf(process(id, 1)))
  await sum.left(1)
  await sum.left(2)
  await sum.left(99)
  const lines = (await sum.render()).split('\n')
  expect(lines).toContain('calls_total{to="a"} 6')
  expect(lines).toContain('seconds_count 6')
  expect(lines).toContain('open 1')
})

test('counts a process once, however often it is seen', async () => {
  const sum = new SummedMetrics()
  sum.seen(1, await snapshotOf(process(2, 3)))
  sum.seen(1, await snapshotOf(process(4, 3)))
  expect((await sum.render()).split('\n')).toContain('calls_total{to="a"} 4')
})

test('tells the version once', async () => {
  const sum = new SummedMetrics()
  for (const id of [1, 2]) {
    const registry = new Registry()
    new EngineMetrics(registry, '1.2.3')
    sum.seen(id, await snapshotOf(registry))
  }
  expect(await sum.render()).toMatch(/^sluice_build_info\{version="1\.2\.3".*\} 1$/m)
})
