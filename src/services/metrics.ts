/** Metrics of one gateway: its registry, the text that is scraped, and what processors may add of their own. */
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Metrics } from '../contract.ts'
import { StepMetrics } from './step-metrics.ts'

export interface GatewayMetrics {
  readonly registry: Registry
  readonly contentType: string
  /** All metrics in Prometheus' text format. */
  readonly render: () => Promise<string>
  /** Metrics of one step; they carry its pipeline and label. */
  readonly forStep: (pipeline: string, label: string) => Metrics
}

/** A registry of its own, with Node's own metrics under their usual names. */
export function createMetrics(): GatewayMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const steps = new StepMetrics(registry)
  return {
    registry,
    contentType: registry.contentType,
    render: () => registry.metrics(),
    forStep: (pipeline, label) => steps.forStep(pipeline, label),
  }
}
