import { defineProcessor, type PreflightRequest } from 'sluice'

export default defineProcessor({
  summary: 'Lets web pages of the named origins call this pipeline from a browser.',
  description: `
Answers the browser's preflight question for the routes of the pipeline, and puts the \`access-control-*\` headers on
every response, refusals of malformed requests included, so that a page can read them (WHATWG Fetch, "CORS protocol").
Where it stands in the chain makes no difference.

A page that calls the gateway holds a key that everybody who opens the page can read. Give such keys few models and a
low limit.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['origins'],
    properties: {
      origins: {
        type: 'array',
        minItems: 1,
        items: { type: 'string', minLength: 1 },
        description: 'Origins of the pages, as browsers send them: `https://app.example.com`. `*` lets all in.',
      },
      headers: {
        type: 'array',
        items: { type: 'string', pattern: "^(\\*|[A-Za-z0-9!#$%&'*+.^_`|~-]+)$" },
        default: ['*'],
        description: 'Request headers that a page may send. `*` is whatever the browser asks for.',
      },
      methods: {
        type: 'array',
        items: { type: 'string', enum: ['GET', 'POST'] },
        minItems: 1,
        default: ['GET', 'POST'],
        description: 'Methods that a page may use.',
      },
      expose: {
        type: 'array',
        items: { type: 'string', pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" },
        default: [
          'x-request-id',
          'retry-after',
          'retry-after-ms',
          'x-should-retry',
          'x-sluice-losses',
          'x-sluice-fallback',
        ],
        description: 'Response headers that a page may read.',
      },
      max_age: {
        type: 'string',
        format: 'duration',
        default: '10m',
        description: 'How long a browser may remember the answer to a preflight.',
      },
      credentials: {
        type: 'boolean',
        default: false,
        description: 'Whether a page may send cookies. API keys in headers do not need this.',
      },
    },
  },
  examples: [
    { title: 'One page', toml: 'origins = ["https://app.example.com"]' },
    { title: 'Any page, remembered for an hour', toml: 'origins = ["*"]\nmax_age = "1h"' },
  ],
  setup({ options }) {
    const { credentials } = options
    const origins = new Set(options.origins.map(checkedOrigin))
    const any = origins.has('*')
    if (any && credentials)
      throw new Error('origins = ["*"] and credentials = true exclude each other; name the origins')

    /** Headers for the client at `origin`; without the permission where it has none, so that caches keep them apart. */
    function shared(origin: string | undefined): Readonly<Record<string, string>> {
      const vary = any ? {} : { vary: 'Origin' }
      if (origin === undefined || !(any || origins.has(origin))) return vary
      return {
        ...vary,
        'access-control-allow-origin': any ? '*' : origin,
        ...(credentials ? { 'access-control-allow-credentials': 'true' } : {}),
      }
    }

    function headersFor(origin: string | undefined): Readonly<Record<string, string>> {
      const headers = shared(origin)
      const exposed = options.expose.join(', ')
      return isAllowed(headers) && exposed !== '' ? { ...headers, 'access-control-expose-headers': exposed } : headers
    }

    return {
      handle: (call, next) => next(call),
      responseHeaders: ({ origin }) => headersFor(origin),
      preflight({ origin, headers, method }) {
        const answer = shared(origin)
        if (method === undefined || !isAllowed(answer)) return undefined
        const allowed = options.headers.includes('*') ? namesIn(headers) : options.headers
        return {
          ...answer,
          'access-control-allow-methods': options.methods.join(', '),
          'access-control-allow-headers': allowed.join(', '),
          'access-control-max-age': String(Math.floor(options.max_age / 1000)),
        }
      },
    }
  },
})

function isAllowed(headers: Readonly<Record<string, string>>): boolean {
  return headers['access-control-allow-origin'] !== undefined
}

/** @throws Error when a browser would never send that as an origin */
function checkedOrigin(text: string): string {
  if (text === '*') return text
  if (text.includes('*')) throw new Error(`"${text}" is a pattern, which is not possible here; name each origin`)
  const origin = URL.canParse(text) ? new URL(text).origin : undefined
  if (origin === text) return text
  const hint =
    origin === undefined || origin === 'null' ? 'write it like "https://app.example.com"' : `write "${origin}"`
  throw new Error(`"${text}" is not an origin as browsers send it; ${hint}`)
}

/** The header names that a browser asks for, without what is not a name: they go back into a header. */
function namesIn(headers: PreflightRequest['headers']): readonly string[] {
  const names = (headers ?? '').split(',').map(name => name.trim().toLowerCase())
  return names.filter(name => /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)).slice(0, 64)
}
