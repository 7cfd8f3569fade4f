import { passing, type Surroundings, type Target } from './target.ts'

/** Nobody between: what the provider and the load client cost by themselves. */
export function direct({ upstreamPort }: Surroundings): Target {
  return {
    name: 'direct',
    port: upstreamPort,
    pid: undefined,
    address: passing,
    [Symbol.asyncDispose]: async () => {},
  }
}
