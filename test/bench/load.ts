/** A closed loop of clients against one address; checks that every answer is whole. */
import { Agent, request as httpRequest } from 'node:http'

export interface Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly clients: number
  readonly seconds: number
  /** The last word that a whole answer holds. */
  readonly lastWord: string
}

export interface LoadResult {
  readonly done: number
  readonly broken: number
  /** Milliseconds until the whole answer was there. */
  readonly p50: number
  readonly p99: number
}

export async function load({ url, headers, body, clients, seconds, lastWord }: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const until = performance.now() + seconds * 1000
  const times: number[] = []
  let broken = 0
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const startedAt = performance.now()
      const text = await post(agent, url, headers, body)
      if (text.includes(lastWord)) times.push(performance.now() - startedAt)
      else broken++
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  agent.destroy()
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN
  return { done: times.length, broken, p50: at(0.5), p99: at(0.99) }
}

function post(agent: Agent, url: string, headers: Load['headers'], body: Buffer): Promise<string> {
  return new Promise(resolve => {
    const sent = httpRequest(
      url,
      { method: 'POST', agent, headers: { ...headers, 'content-length': String(body.length) } },
      response => {
        let text = ''
        response.setEncoding('latin1')
        response.on('data', (piece: string) => {
          text += piece
        })
        response.on('end', () => resolve(text))
        response.on('error', () => resolve(''))
      },
    )
    sent.on('error', () => resolve(''))
    sent.end(body)
  })
}
