/** Figures as tables show them; a dash stands for what could not be measured. */
import { median, spread } from './statistics.ts'

export function figure(value: number, digits = 0): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}

/** The median with half of the range of the middle half. */
export function withSpread(values: readonly number[], digits = 0): string {
  const middle = median(values)
  return Number.isFinite(middle) ? `${middle.toFixed(digits)} ± ${spread(values).toFixed(digits)}` : '–'
}

/** The least and the greatest. */
export function range(values: readonly number[], digits = 0): string {
  const known = values.filter(Number.isFinite)
  return known.length === 0 ? '–' : `${figure(Math.min(...known), digits)}–${figure(Math.max(...known), digits)}`
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : '–'
}

/** How many answers were broken, and how. */
export function brokenness(samples: readonly { readonly broken: number; readonly failures: object }[]): string {
  const count = samples.reduce((sum, { broken }) => sum + broken, 0)
  const kinds = new Set(samples.flatMap(({ failures }) => Object.keys(failures)))
  return count === 0 ? '0' : `${count} (${[...kinds].join(', ')})`
}
