/** Each processor in the chain and out of it. */
import { configOf } from '../gateway-config.ts'
import { caseName, type ProcessorCase } from '../processor-cases.ts'
import { describePrompt, type Prompt } from '../prompts.ts'
import type { Measured, Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { type GatewayOptions, startGateway } from '../targets/sluice.ts'
import { type Address, passing, type Target } from '../targets/target.ts'
import { measurePair, type Side } from './pair.ts'

const DEFAULT: Prompt = { format: 'openai-chat', size: 1_000, stream: false }

export function processorScenarios(cases: readonly ProcessorCase[]): readonly Scenario[] {
  const gateways = new WeakMap<Stage, Promise<Target>>()
  /** The one of all cases, where a quick look is enough. */
  const shared = (stage: Stage): Promise<Target> => {
    const found = gateways.get(stage) ?? stage.keep(startGateway(stage.surroundings, gatewayFor(cases)))
    gateways.set(stage, found)
    return found
  }
  return cases.map(given => ({
    name: `processor-${caseName(given)}`,
    table: 'processors',
    summary: `${caseName(given)}: ${describePrompt(promptOf(given))}, with it in the chain and without`,
    measure: async stage => {
      if (stage.effort.isOneGateway) return measure(stage, await shared(stage), given)
      await using own = await startGateway(stage.surroundings, gatewayFor([given]))
      return await measure(stage, own, given)
    },
  }))
}

function measure(stage: Stage, gateway: Target, given: ProcessorCase): Promise<Measured> {
  return measurePair(stage, gateway, {
    name: caseName(given),
    call: describePrompt(promptOf(given)),
    without: sideOf('without', '/without', given),
    with: sideOf('with', `/${caseName(given)}`, given),
  })
}

function sideOf(label: string, prefix: string, given: ProcessorCase): Side {
  const { path, headers, format, model } = passing('openai-chat')
  const address: Address = {
    path: `${prefix}${path}`,
    headers: { ...headers, ...KNOWN, ...given.headers },
    format,
    model,
  }
  return { label, address, question: { prompt: promptOf(given), isUnique: given.isUnique ?? false } }
}

const PARSERS = ['openai-chat']
const KNOWN = { authorization: 'Bearer bench-key' }

function gatewayFor(cases: readonly ProcessorCase[]): GatewayOptions {
  const withEach = cases.map(given => ({
    name: caseName(given),
    prefix: `/${caseName(given)}`,
    parsers: PARSERS,
    processors: [given],
  }))
  return {
    toml: configOf([{ name: 'without', prefix: '/without', parsers: PARSERS, processors: [] }, ...withEach]),
    files: Object.assign({}, ...cases.map(({ files = {} }) => files)),
  }
}

function promptOf({ prompt }: ProcessorCase): Prompt {
  return { ...DEFAULT, ...prompt }
}
