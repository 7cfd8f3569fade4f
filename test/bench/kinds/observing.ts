/** What metrics and the log of calls cost: the same process with each of them switched off and on. */
import { headline } from '../gateway-config.ts'
import { describePrompt, type Prompt } from '../prompts.ts'
import type { Scenario } from '../scenario.ts'
import { startGateway } from '../targets/sluice.ts'
import type { Target } from '../targets/target.ts'
import { measurePair, type Side } from './pair.ts'

export function observing(what: 'metrics' | 'log', kind: string, prompt: Prompt): Scenario {
  const name = `${what}-${kind}`
  return {
    name,
    table: 'observing',
    summary: `${what} on and off, ${describePrompt(prompt)}`,
    measure: async stage => {
      const { toml } = headline({ level: what === 'log' ? 'info' : 'warn' })
      const environment = { BENCH_SWITCH: what }
      await using gateway = await startGateway(stage.surroundings, { toml, environment, preload: 'switch.ts' })
      let isOn = true
      const side = (label: string, wanted: boolean): Side => ({
        label,
        question: { prompt },
        prepare: ({ pid }: Target) => {
          if (isOn !== wanted && pid !== undefined) process.kill(pid, 'SIGUSR2')
          isOn = wanted
        },
      })
      const sides = { without: side('off', false), with: side('on', true) }
      return await measurePair(stage, gateway, { name: what, call: describePrompt(prompt), ...sides })
    },
  }
}
