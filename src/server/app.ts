import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { ActiveCalls } from './active-calls.ts'
import type { Handler } from './handler.ts'
import { requestId, requestIds } from './request-ids.ts'
import { sendBytes } from './respond.ts'

export interface AppParts {
  readonly handler: Handler
  readonly active: ActiveCalls
  /** Path and text of the metrics; absent when they are off. */
  readonly metrics?: { readonly path: string; readonly contentType: string; render(): Promise<string> }
}

/** What a page of the gateway's own says. */
interface Page {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

/** What answers requests: the gateway's own pages by their paths, the handler everything else. */
export function createListener(parts: AppParts): RequestListener {
  const pages = pagesOf(parts)
  return (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? ''
    const page = request.method === 'GET' ? pages.get(path) : undefined
    const giveUp = (): unknown => response.destroy()
    try {
      const answered = page ? sendPage(page, request, response) : parts.handler.handle(request, response)
      answered.catch(giveUp)
    } catch {
      giveUp()
    }
  }
}

/** Path → page. */
function pagesOf({ active, metrics }: AppParts): ReadonlyMap<string, () => Page | Promise<Page>> {
  const pages = new Map<string, () => Page | Promise<Page>>([
    ['/healthz', () => json(200, { status: 'ok' })],
    ['/readyz', () => (active.stopping ? json(503, { status: 'stopping' }) : json(200, { status: 'ready' }))],
  ])
  if (metrics) {
    const { path, contentType } = metrics
    pages.set(path, async () => ({ status: 200, contentType, text: await metrics.render() }))
  }
  return pages
}

function json(status: number, value: unknown): Page {
  return { status, contentType: 'application/json; charset=utf-8', text: JSON.stringify(value) }
}

/** Whoever asks for a page that fails is told so, and nothing of the reason. */
async function sendPage(
  page: () => Page | Promise<Page>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, contentType, text } = await Promise.try(page).catch(() => json(500, { status: 'failed' }))
  const headers = { ...requestIds(requestId(request)), 'content-type': contentType }
  await sendBytes(response, status, headers, Buffer.from(text))
}
