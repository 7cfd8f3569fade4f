/** The koa application: the gateway's own pages, then the handler for everything else. */
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

export function createApp({ handler, active, metrics }: AppParts): Koa {
  const app = new Koa()
  // koa's own error page would print what was thrown (reliability.md, facts 2 and 4); the handler answers everything.
  app.silent = true
  const pages = new Set(['/healthz', '/readyz', ...(metrics ? [metrics.path] : [])])
  app.use(async (ctx, next) => {
    // Not koa's own view of the path, which throws for what is no URL.
    const path = ctx.req.url?.split('?', 1)[0]
    if (ctx.method !== 'GET' || path === undefined || !pages.has(path)) return next()
    ctx.set(requestIds(requestId(ctx.req)))
    if (path === '/healthz') {
      ctx.body = { status: 'ok' }
    } else if (path === '/readyz') {
      ctx.status = active.stopping ? 503 : 200
      ctx.body = { status: active.stopping ? 'stopping' : 'ready' }
    } else if (metrics) {
      ctx.type = metrics.contentType
      ctx.body = await metrics.render()
    }
  })
  app.use(ctx => {
    // The handler writes to the socket itself: koa's way of streaming costs twice the CPU.
    ctx.respond = false
    return handler.handle(ctx.req, ctx.res)
  })
  return app
}
