import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { EngineMetrics, type FinishedCall } from '../../src/services/engine-metrics.ts'
import { ArrayFlow } from '../../src/stream/array-flow.ts'
import { Channel } from '../../src/stream/channel.ts'

interface CallChanges extends Partial<Omit<FinishedCall, 'exchange'>> {
  readonly exchange?: Partial<FinishedCall['exchange']>
}

function finished({ exchange, ...changes }: CallChanges = {}): FinishedCall {
  return {
    status: 200,
    outcome: 'completed',
    error: undefined,
    usage: { input: 100, output: 21, cacheRead: 40, reasoning: 5 },
    responseModel: 'gpt-5-mini-2025-08-07',
    streamed: true,
    ...changes,
    exchange: {
      pipeline: 'main',
      format: 'anthropic-messages',
      head: { operation: 'generate', model: 'claude-x' },
      timings: { elapsedMs: 3000, upstreamMs: 990, firstTokenMs: 1000 },
      trail: { provider: 'cheap', model: 'gpt-5-mini' },
      ...exchange,
    },
  }
}

describe('calls', () => {
  it('are counted with what the configuration and closed lists say of them', async () => {
    const { engine, samples } = open()
    engine.call(finished())
    engine.call(finished({ status: 499, outcome: 'abandoned', error: 'client_closed' }))
    const found = await samples('sluice_requests_total')
    expect(found).toEqual([
      'sluice_requests_total{pipeline="main",format="anthropic-messages",provider="cheap",status_class="2xx",error=""} 1',
      'sluice_requests_total{pipeline="main",format="anthropic-messages",provider="cheap",status_class="4xx",error="client_closed"} 1',
    ])
    expect(await samples('sluice_request_duration_seconds_sum')).toEqual([
      'sluice_request_duration_seconds_sum{pipeline="main",format="anthropic-messages",provider="cheap"} 6',
    ])
  })

  it('show up under the names of OpenTelemetry, in seconds', async () => {
    const { engine, samples } = open()
    engine.describe({ providers: new Map([['cheap', { client: 'openai-chat' }]]), models: ['gpt-5-*'] })
    engine.call(finished())
    const labels =
      'pipeline="main",gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-5-*",gen_ai_response_model="gpt-5-*"'
    expect(await samples('gen_ai_client_token_usage_sum')).toEqual([
      `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="input"} 100`,
      `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"} 21`,
      `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="cached_input"} 40`,
      `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="reasoning"} 5`,
    ])
    for (const [name, value] of [
      ['gen_ai_client_operation_duration_seconds_sum', 2.99],
      ['gen_ai_server_request_duration_seconds_sum', 3],
    ] as const) {
      expect(await samples(name)).toEqual([`${name}{${labels},error_type=""} ${value}`])
    }
    const name = 'gen_ai_server_time_to_first_token_seconds_sum'
    expect(await samples(name)).toEqual([`${name}{${labels}} 1`])
    expect(await samples('gen_ai_server_time_per_output_token_seconds_sum')).toEqual([
      `gen_ai_server_time_per_output_token_seconds_sum{${labels}} 0.1`,
    ])
  })

  it.each([
    ['a stream up to its first content', true, 0.01],
    ['a whole reply up to its end', false, 2.01],
  ])('have an overhead: %s, less the time of the provider', async (_, streamed, seconds) => {
    const { engine, samples } = open()
    engine.call(finished({ streamed }))
    expect(await samples('sluice_overhead_seconds_sum')).toEqual([
      `sluice_overhead_seconds_sum{pipeline="main"} ${seconds}`,
    ])
  })

  it('without a provider tell nothing about models', async () => {
    const { engine, samples } = open()
    const timings = { elapsedMs: 2, upstreamMs: 0, firstTokenMs: undefined }
    const call = { status: 401, outcome: 'failed', error: 'unauthorized', usage: undefined, streamed: false } as const
    engine.call(finished({ ...call, exchange: { timings, trail: { provider: '', model: '' } } }))
    expect(await samples('gen_ai_')).toEqual([])
    expect(await samples('sluice_usage_missing_total')).toEqual([])
    expect(await samples('sluice_overhead_seconds_count')).toEqual(['sluice_overhead_seconds_count{pipeline="main"} 1'])
  })

  it('never let a client or a provider make labels', async () => {
    const { engine, samples } = open()
    engine.describe({ models: ['known'] })
    for (let index = 0; index < 500; index++) {
      const exchange = { trail: { provider: 'cheap', model: `made-up-${index}` } }
      engine.call(finished({ responseModel: `answer-${index}`, error: `code_${index}`, exchange }))
    }
    engine.call(finished({ error: 'with "quotes" and\nlines' }))
    const requests = await samples('sluice_requests_total')
    expect(requests.length).toBeLessThanOrEqual(101)
    expect(requests.some(line => line.includes('error="other"'))).toBe(true)
    expect((await samples('gen_ai_client_token_usage_count')).every(line => line.includes('model="other"'))).toBe(true)
  })

  it('are missed when a completed one does not tell its usage, and only then', async () => {
    const { engine, samples } = open()
    engine.call(finished({ usage: undefined }))
    engine.call(finished({ usage: { input: 1, output: 1, estimated: true } }))
    engine.call(finished({ usage: undefined, outcome: 'abandoned' }))
    engine.call(finished({ usage: undefined, error: 'upstream_failed' }))
    engine.call(finished({ usage: undefined, exchange: { head: { operation: 'list-models', model: '' } } }))
    expect(await samples('sluice_usage_missing_total')).toEqual([
      'sluice_usage_missing_total{pipeline="main",provider="cheap"} 2',
    ])
    expect(await samples('gen_ai_client_token_usage_count')).toEqual([])
  })

  it('do not break on what a provider counts', async () => {
    const { engine, samples } = open()
    engine.call(
      finished({ usage: { input: Number.NaN, output: -1, reasoning: Number.POSITIVE_INFINITY, cacheRead: 0 } }),
    )
    engine.call(finished({ usage: { input: 1, output: 1 } }))
    const counts = await samples('gen_ai_client_token_usage_count')
    expect(counts.map(line => /type="(\w+)"} (\d)/.exec(line)?.slice(1))).toEqual([
      ['input', '1'],
      ['output', '1'],
      ['cached_input', '1'],
    ])
  })
})

describe('everything else', () => {
  it('is counted once for each thing that happened', async () => {
    const { engine, samples } = open()
    engine.attempt({ provider: 'cheap', result: 'status_429', ms: 20 })
    engine.step('main', 'auth')({ inboundMs: 0.02, outboundMs: 1, outcome: 'passed' })
    engine.stream('main', { heartbeats: 2, waits: 1, pausedMs: 500, stalled: true })
    engine.stream('main', { heartbeats: 0, waits: 0, pausedMs: 0, stalled: false })
    engine.watchInflight(() => 7)
    for (const bytes of [10, 5]) {
      const channel = new Channel(new ArrayFlow([Buffer.alloc(bytes)]), { items: 9, bytes: 99 }, () => {})
      channel.enter(engine.channels)
      channel.start()
    }
    const all = await samples('sluice_')
    for (const line of [
      'sluice_upstream_attempts_total{provider="cheap",result="status_429"} 1',
      'sluice_upstream_attempt_duration_seconds_sum{provider="cheap"} 0.02',
      'sluice_processor_duration_seconds_sum{pipeline="main",processor="auth",direction="in"} 0.00002',
      'sluice_processor_duration_seconds_sum{pipeline="main",processor="auth",direction="out"} 0.001',
      'sluice_processor_outcomes_total{pipeline="main",processor="auth",outcome="passed"} 1',
      'sluice_stream_heartbeats_total{pipeline="main"} 2',
      'sluice_stream_backpressure_total{pipeline="main"} 1',
      'sluice_stream_backpressure_seconds_total{pipeline="main"} 0.5',
      'sluice_stream_stalls_total{pipeline="main"} 1',
      'sluice_inflight_requests 7',
      'sluice_stream_buffer_bytes 15',
      `sluice_build_info{version="1.2.3",node="${process.version}"} 1`,
    ]) {
      expect(all).toContain(line)
    }
  })
})

function open(): { engine: EngineMetrics; samples: (prefix: string) => Promise<string[]> } {
  const registry = new Registry()
  return {
    engine: new EngineMetrics(registry, '1.2.3'),
    samples: async prefix => (await registry.metrics()).split('\n').filter(line => line.startsWith(prefix)),
  }
}
