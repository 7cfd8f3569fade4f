import type { Effort } from './effort.ts'

interface Sampled {
  /** Share of the machine that was used by others while it was taken. */
  readonly foreign: number
}

const ATTEMPTS = 3

/**
 * Takes one sample of each side in each round: A B in one, B A in the next, so that a slow minute of the machine hits all
 * of them. A sample is taken again while others keep the machine busy; of the attempts the least disturbed counts.
 * @returns by side, in the order of the rounds
 */
export async function pairedRounds<Side, Sample extends Sampled>(
  sides: readonly Side[],
  { rounds, maxForeign }: Effort,
  take: (side: Side) => Promise<Sample>,
): Promise<ReadonlyMap<Side, readonly (Sample & { readonly attempts: number })[]>> {
  const samples = new Map(sides.map(side => [side, [] as (Sample & { attempts: number })[]]))
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      samples.get(side)?.push(await undisturbed(() => take(side), maxForeign))
    }
  }
  return samples
}

async function undisturbed<Sample extends Sampled>(
  take: () => Promise<Sample>,
  maxForeign: number,
): Promise<Sample & { attempts: number }> {
  let best = await take()
  let attempts = 1
  for (; attempts < ATTEMPTS && best.foreign > maxForeign; attempts++) {
    const again = await take()
    if (again.foreign < best.foreign) best = again
  }
  return { ...best, attempts }
}
