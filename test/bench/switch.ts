/**
 * Loaded before the gateway, to find out what its metrics and its log cost: SIGUSR2 switches one of them off, and on
 * again. One process is both sides of the comparison, because two processes of one program differ by more than that.
 */
import { pino } from 'pino'
import { EngineMetrics } from '../../src/services/engine-metrics.ts'

let isOn = true
process.on('SIGUSR2', () => {
  isOn = !isOn
})

if (process.env.BENCH_SWITCH === 'metrics') {
  for (const name of ['call', 'attempt', 'stream', 'grammar', 'refused'] as const) wrap(EngineMetrics.prototype, name)
  const { step } = EngineMetrics.prototype
  EngineMetrics.prototype.step = function (...labels) {
    const observe = step.apply(this, labels)
    return finished => {
      if (isOn) observe(finished)
    }
  }
}

if (process.env.BENCH_SWITCH === 'log') {
  const logger = Object.getPrototypeOf(Object.getPrototypeOf(pino({ enabled: false }))) as Pick<
    ReturnType<typeof pino>,
    'isLevelEnabled'
  >
  const { isLevelEnabled } = logger
  logger.isLevelEnabled = function (level) {
    return isOn && isLevelEnabled.call(this, level)
  }
}

function wrap<Name extends string>(target: Record<Name, (...given: never[]) => void>, name: Name): void {
  const original = target[name]
  target[name] = function (...given) {
    if (isOn) original.apply(this, given)
  }
}
