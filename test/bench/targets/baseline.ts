import { Helper } from '../processes.ts'
import { MODEL, type Surroundings, type Target } from './target.ts'

/** The least that a Node process can do; it speaks openai-chat alone and converts nothing. */
export async function startBaseline({ upstreamPort }: Surroundings): Promise<Target> {
  const helper = await Helper.start('./targets/baseline-proxy.ts', `http://127.0.0.1:${upstreamPort}`)
  return {
    name: 'baseline',
    port: helper.port,
    pid: helper.pid,
    address: () => ({ path: '/', headers: {}, format: 'openai-chat', model: MODEL }),
    [Symbol.asyncDispose]: async () => helper[Symbol.dispose](),
  }
}
