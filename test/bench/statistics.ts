export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5)
}

/** Between the two values next to it where it falls between them. @param share 0 to 1 */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** Half of the range in which the middle half of the values lie. */
export function spread(numbers: readonly number[]): number {
  return (quantile(numbers, 0.75) - quantile(numbers, 0.25)) / 2
}

/** Least squares: how much `y` rises where `x` rises by one. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length
  const covariance = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  const variance = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  return covariance / variance
}

/** Of times in milliseconds. */
export interface Quantiles {
  readonly p50: number
  readonly p99: number
}

export function quantiles(times: readonly number[]): Quantiles {
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
}
