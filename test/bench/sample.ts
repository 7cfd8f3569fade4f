import { between } from './consumption.ts'
import type { Job, LoadManner, LoadResult } from './load/job.ts'
import { bodyOf, type Prompt } from './prompts.ts'
import type { Stage } from './stage.ts'
import { type Address, addressOf, type Target } from './targets/target.ts'

/** What is asked, and how much of an answer has to come. */
export interface Question {
  readonly prompt: Prompt
  /** Of the answer. */
  readonly tokens: number
  readonly isUnique?: boolean
}

export interface CallSample extends LoadResult {
  /** CPU time of the gateway for each call, in microseconds. */
  readonly microsPerCall: number
  readonly upstreamMicrosPerCall: number
  readonly loadMicrosPerCall: number
  readonly foreign: number
}

/** @param address where it is not the target's own for the format of the prompt */
export function jobFor(target: Target, question: Question, manner: LoadManner, address?: Address): Job {
  const { prompt, tokens, isUnique = false } = question
  const { path, headers, format, model } = address ?? addressOf(target, prompt.format)
  return {
    port: target.port,
    path,
    headers,
    body: bodyOf({ ...prompt, format }, model),
    isUnique,
    isStream: prompt.stream,
    tokens,
    isTimed: false,
    manner,
  }
}

/** Clients that call in turn; every call that was made is counted, and all CPU time until the gateway is idle again. */
export async function sampleCalls(stage: Stage, target: Target, job: Job): Promise<CallSample> {
  await stage.settled(target)
  const before = stage.read(target)
  const result = await stage.run(job)
  await stage.settled(target)
  const { targetMicros, upstreamMicros, loadMicros, foreign } = between(before, stage.read(target))
  const calls = result.done + result.broken
  if (calls === 0) throw new Error(`${target.name} was not called`)
  return {
    ...result,
    microsPerCall: targetMicros / calls,
    upstreamMicrosPerCall: upstreamMicros / calls,
    loadMicrosPerCall: loadMicros / calls,
    foreign,
  }
}

/** @returns the manner of the samples, and that of the calls before the first */
export function closedLoop({ effort }: Stage): { readonly sample: LoadManner; readonly warm: LoadManner } {
  const { clients, seconds, warmSeconds, sampleCalls: calls } = effort
  return {
    sample: { kind: 'closed', clients, seconds, calls },
    warm: { kind: 'closed', clients, seconds: warmSeconds, calls },
  }
}
