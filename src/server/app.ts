import type { RequestListener } from 'node:http'
import Koa from 'koa'
import type { ActiveCalls } from './active-calls.ts'
import type { Handler } from './handler.ts'
import { requestId, requestIds } from './request-ids.ts'

export interface AppParts {
  readonly handler: Handler
  readonly active: ActiveCalls
  /** Path and text of the metrics; absent when they are off. */
  readonly metrics?: { readonly path: string; readonly contentType: string; render(): Promise<string> }
}

/**
 * What answers requests: koa for the gateway's own pages, the handler for everything else. Calls do not pass through
 * koa: a context for each of them would cost more than the handler's own way to the first processor.
 */
export function createListener(parts: AppParts): RequestListener {
  const paths = new Set(['/healthz', '/readyz', ...(parts.metrics ? [parts.metrics.path] : [])])
  const pages = createPages(parts).callback()
  return (request, response) => {
    // Not koa's own view of the path, which throws for what is no URL.
    const path = request.url?.split('?', 1)[0] ?? ''
    if (request.method === 'GET' && paths.has(path)) void pages(request, response)
    else void parts.handler.handle(request, response).catch(() => response.destroy())
  }
}

function createPages({ active, metrics }: AppParts): Koa {
  const app = new Koa()
  // koa's own error page would print what was thrown (reliability.md, facts 2 and 4).
  app.silent = true
  app.use(async ctx => {
    ctx.set(requestIds(requestId(ctx.req)))
    if (ctx.path === '/healthz') {
      ctx.body = { status: 'ok' }
    } else if (ctx.path === '/readyz') {
      ctx.status = active.stopping ? 503 : 200
      ctx.body = { status: active.stopping ? 'stopping' : 'ready' }
    } else if (metrics) {
      ctx.type = metrics.contentType
      ctx.body = await metrics.render()
    }
  })
  return app
}
