import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TRAFFIC } from './traffic.ts'

/** A provider's reply whose request was not recorded. */
export interface RecordedReply {
  readonly name: string
  readonly status: number
  readonly stream: boolean
  readonly text: string
}

/** @param format a folder of the collection. Empty where the collection is not at hand */
export function recordedReplies(format: string): RecordedReply[] {
  const root = join(dirname(TRAFFIC), 'traffic-responses', format)
  if (!existsSync(root)) return []
  return readdirSync(root)
    .sort()
    .map(name => {
      const meta = JSON.parse(readFileSync(join(root, name, 'response.meta.json'), 'utf8'))
      const body = meta.stream ? 'response.sse' : 'response.json'
      const text = readFileSync(join(root, name, body), 'utf8')
      return { name: `${format}/${name}`, status: meta.status, stream: meta.stream === true, text }
    })
}
