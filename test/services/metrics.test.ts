import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/services/metrics.ts'

const RESULTS = { result: ['hit', 'miss'] }

describe('metrics of steps', () => {
  it('carry the prefix, the pipeline and the label of the step', async () => {
    const metrics = createMetrics()
    const step = metrics.forStep('main', 'cache')
    step.counter('cache_total', 'Look-ups.', RESULTS).add(2, { result: 'hit' })
    step.gauge('cache_entries', 'Entries.').set(0)
    step.histogram('cache_seconds', 'Time.', [0.1, 1]).observe(0.5)
    const text = await metrics.render()
    expect(text).toContain('sluice_cache_total{pipeline="main",processor="cache",result="hit"} 2')
    expect(text).toContain('sluice_cache_entries{pipeline="main",processor="cache"} 0')
    expect(text).toContain('sluice_cache_seconds_bucket{le="1",pipeline="main",processor="cache"} 1')
  })

  it('count values outside of the closed list as other, also inherited ones', async () => {
    const metrics = createMetrics()
    const counter = metrics.forStep('main', 'cache').counter('cache_total', 'Look-ups.', RESULTS)
    counter.add(1, { result: 'never heard of' })
    counter.add(1, {})
    counter.add(1)
    counter.add(1, Object.create({ result: 'hit' }))
    counter.add(1, { result: 'hit', unknown: 'x' })
    const lines = (await metrics.render()).split('\n').filter(line => line.startsWith('sluice_cache_total{'))
    expect(lines.sort()).toEqual([
      'sluice_cache_total{pipeline="main",processor="cache",result="hit"} 1',
      'sluice_cache_total{pipeline="main",processor="cache",result="other"} 4',
    ])
  })

  it('are shared by steps that agree on their shape', async () => {
    const metrics = createMetrics()
    for (const label of ['one', 'two'])
      metrics.forStep('main', label).counter('x_total', 'X.', RESULTS).add(1, { result: 'hit' })
    metrics.forStep('main', 'one').counter('x_total', 'X.', RESULTS).add(1, { result: 'hit' })
    const text = await metrics.render()
    expect(text).toContain('sluice_x_total{pipeline="main",processor="one",result="hit"} 2')
    expect(text).toContain('sluice_x_total{pipeline="main",processor="two",result="hit"} 1')
    expect(text.match(/# TYPE sluice_x_total/g)).toHaveLength(1)
  })

  it('refuse a name that another step has for something else, and name both', () => {
    const metrics = createMetrics()
    metrics.forStep('main', 'one').counter('x_total', 'X.', RESULTS)
    const other = metrics.forStep('side', 'two')
    for (const ask of [
      () => other.gauge('x_total', 'X.', RESULTS),
      () => other.counter('x_total', 'Another X.', RESULTS),
      () => other.counter('x_total', 'X.', { result: ['hit'] }),
      () => other.counter('x_total', 'X.'),
    ]) {
      expect(ask).toThrow(/sluice_x_total.*processor "two" of pipeline "side".*processor "one" of pipeline "main"/)
    }
  })

  it.each([
    ['Bad-Name', {}, 'is no metric name'],
    ['x_total', { pipeline: ['a'] }, 'cannot have a label "pipeline"'],
    ['x_total', { le: ['a'] }, 'cannot have a label "le"'],
    ['x_total', { 'a-b': ['a'] }, 'cannot have a label "a-b"'],
  ])('refuse the name %s with labels %j', (name, labels, message) => {
    expect(() => createMetrics().forStep('main', 'one').counter(name, 'X.', labels)).toThrow(message)
  })

  it('refuse buckets that do not grow', () => {
    const step = createMetrics().forStep('main', 'one')
    for (const buckets of [[1, 1], [2, 1], [Number.NaN]]) {
      expect(() => step.histogram('x_seconds', 'X.', buckets)).toThrow('must be numbers that grow')
    }
  })

  it('leave out values that would break them, and never break a call', async () => {
    const metrics = createMetrics()
    const step = metrics.forStep('main', 'one')
    const counter = step.counter('x_total', 'X.')
    for (const amount of [Number.NaN, Number.POSITIVE_INFINITY, -1, 3]) counter.add(amount)
    const histogram = step.histogram('x_seconds', 'X.', [1])
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, 2]) histogram.observe(value)
    const gauge = step.gauge('x', 'X.')
    for (const value of [-5, Number.NaN]) gauge.set(value)
    const text = await metrics.render()
    expect(text).toContain('sluice_x_total{pipeline="main",processor="one"} 3')
    expect(text).toContain('sluice_x_seconds_count{pipeline="main",processor="one"} 1')
    expect(text).toContain('sluice_x{pipeline="main",processor="one"} -5')
  })
})

describe('createMetrics', () => {
  it("gives each gateway its own registry, with Node's metrics under their usual names", async () => {
    const [one, two] = [createMetrics(), createMetrics()]
    one.forStep('main', 'one').counter('x_total', 'X.').add(1)
    expect(await two.render()).not.toContain('sluice_x_total')
    expect(await two.render()).toContain('nodejs_eventloop_lag_seconds')
    expect(await two.render()).toContain('process_cpu_user_seconds_total')
    expect(one.contentType).toContain('text/plain; version=0.0.4')
  })
})
