/** A judge for tests: what it says depends on the words in the texts that it is sent. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Judged {
  readonly side: 'call' | 'reply'
  readonly texts: readonly { readonly path: string; readonly role?: string; readonly text: string }[]
  readonly [field: string]: unknown
}

export interface JudgeServer extends AsyncDisposable {
  readonly url: string
  readonly asked: { readonly headers: Readonly<Record<string, unknown>>; readonly body: Judged }[]
}

/** What the judge does when a text holds the word. */
const WORDS: Readonly<Record<string, (response: ServerResponse, judged: Judged) => void>> = {
  FORBIDDEN: answer({ action: 'deny' }),
  RUDE: answer({ action: 'deny', message: 'Be polite.' }),
  NAME: (response, { texts }) => {
    const masked = texts.map(({ text }) => (text.includes('NAME') ? text.replaceAll('NAME', '***') : null))
    answer({ action: 'mask', texts: masked })(response)
  },
  MISCOUNTED: answer({ action: 'mask', texts: [] }),
  MISTYPED: (response, { texts }) => answer({ action: 'mask', texts: texts.map(() => 7) })(response),
  UNDECIDED: answer({ action: 'perhaps' }),
  SILLY: response => response.end('<html>'),
  NOTHING: response => response.end('null'),
  BROKEN: response => response.writeHead(500).end('{"action":"allow"}'),
  ELSEWHERE: response => response.writeHead(307, { location: '/allow' }).end(),
  ENDLESS: response => {
    const more = (): void =>
      void (response.write(' '.repeat(65_536)) ? setImmediate(more) : response.once('drain', more))
    more()
  },
  SILENT: () => {},
}

export async function startJudge(): Promise<JudgeServer> {
  const asked: { headers: Readonly<Record<string, unknown>>; body: Judged }[] = []
  const server = createServer(async (request, response) => {
    if (request.url === '/allow') return answer({ action: 'allow' })(response)
    const body = JSON.parse((await Array.fromAsync(request)).join('')) as Judged
    asked.push({ headers: request.headers, body })
    const word = Object.keys(WORDS).find(each => body.texts.some(({ text }) => text.includes(each)))
    const act = word === undefined ? answer({ action: 'allow' }) : WORDS[word]
    act?.(response, body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/judge`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function answer(content: object): (response: ServerResponse) => void {
  return response => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(content))
  }
}
