/** `sluice hash-key`: a key → what the configuration holds instead of it. */
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from './arguments.ts'

/** Where the key comes from. A terminal asks for it and shows nothing of it. */
export type KeyInput = NodeJS.ReadableStream & { readonly isTTY?: boolean }

/** The longest that `auth` takes. */
const MAX_BYTES = 512
/** Shorter ones can be guessed from their hash. */
const SAFE_LENGTH = 20

/**
 * Reads one key, which never stands on the command line: other users of a machine can read that, and shells keep it.
 * @param tell gets the question and warnings, which do not belong into the output
 * @returns the entry for `keys` of `auth`, or for its `keys_file`
 * @throws UsageError when there is no key, or none that a client could send
 */
export async function hashKey(name: string, input: KeyInput, tell: (text: string) => void): Promise<string> {
  const key = input.isTTY === true ? await ask(input, tell) : await readAll(input)
  const fault = faultOf(key)
  if (fault !== undefined) throw new UsageError(fault)
  if (key.length < SAFE_LENGTH) {
    tell(
      `The key has only ${key.length} characters: whoever gets the hash may guess it. \`openssl rand -hex 32\` makes a good one.\n`,
    )
  }
  return `[[keys]]\nname = "${name}"\nhash = "sha256:${hash('sha256', key)}"\n`
}

/** Says nothing of the key itself. */
function faultOf(key: string): string | undefined {
  if (key === '') return 'there is no key on the standard input; for example: openssl rand -hex 32 | sluice hash-key'
  if (Buffer.byteLength(key) > MAX_BYTES) return `the key is over ${MAX_BYTES} bytes, which no client can send`
  if (!/^[!-~]+$/.test(key)) return 'the key must be one line of visible ASCII characters without spaces'
  return undefined
}

/** The whole input but for the end of its line. */
async function readAll(input: KeyInput): Promise<string> {
  let text = ''
  for await (const chunk of input) {
    text += String(chunk)
    if (text.length > 2 * MAX_BYTES) break
  }
  return text.replace(/\r?\n$/, '')
}

/** Asks in a terminal, without echo. */
async function ask(input: KeyInput, tell: (text: string) => void): Promise<string> {
  tell('Key (it is not shown): ')
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines: Interface = createInterface({ input, output: silence, terminal: true })
  try {
    const answered = once(lines, 'line') as Promise<[string]>
    const left = once(lines, 'close').then((): [string] => [''])
    const [key] = await Promise.race([answered, left])
    return key
  } finally {
    lines.close()
    tell('\n')
  }
}
