/**
 * Who may call from a browser, and what every answer tells browsers: pages of this host always, other origins only when they are
 * on the list.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** What an operator sets about browsers. */
export interface BrowserSettings {
  /** Origins beside this host's own that pages may call from, such as "https://app.example". */
  origins?: readonly string[] | undefined
  /** Whether a proxy in front speaks TLS, so that browsers may be told to use nothing else. */
  isBehindTls?: boolean | undefined
}

const PREFLIGHT_SECONDS = 600
const ASKED_HEADERS = 'authorization, content-type, accept, x-correlation-id, x-laurel-platform, apollo-require-preflight, '
  + 'x-apollo-operation-name'
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const SIMPLE_TYPES = new Set(['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'])

/** Headers of every answer. Pages replace the policy by one that lets them load what is theirs. */
const HEADERS = {
  'content-security-policy': `default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
} as const

/** Returns the policy of a page: everything from this host alone, styles also with the nonce of this answer. */
export function pagePolicy(host: string, nonce: string): string {
  const sockets = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : ''
  return [
    `default-src 'none'`, `script-src 'self'`, `style-src 'self' 'nonce-${nonce}'`, `font-src 'self'`, `img-src 'self' data:`,
    `worker-src 'self' blob:`, `connect-src 'self'${sockets}`, `base-uri 'none'`, `form-action 'none'`, `frame-ancestors 'none'`,
    `require-trusted-types-for 'script'`,
  ].join('; ')
}

/** Returns whether a page of this origin may speak with a server that was called by this host. */
export function isAllowedOrigin(origin: string, host: string | undefined, origins: readonly string[]): boolean {
  if (origins.includes(origin)) return true
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}

/** Returns whether a form or a script of any page could have sent this without asking first. */
export function isForgeable({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  if (headers['apollo-require-preflight'] || headers['x-apollo-operation-name']) return false
  const type = headers['content-type']?.split(';')[0]!.trim().toLowerCase()
  return !type || SIMPLE_TYPES.has(type)
}

/** Has every answer carry the headers that protect browsers, and refuses what pages of strangers send. */
export function guardBrowsers(app: FastifyInstance, { origins = [], isBehindTls = false }: BrowserSettings): void {
  const headers = { ...HEADERS, ...isBehindTls ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } : {} }
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(headers)
    const { origin, host } = request.headers
    if (origin === undefined) return done()
    void reply.header('vary', 'Origin')
    const isAllowed = isAllowedOrigin(origin, host, origins)
    if (isAllowed) allow(reply, origin)
    if (request.method === 'OPTIONS') return void answerPreflight(reply, isAllowed)
    if (isAllowed || SAFE_METHODS.has(request.method)) return done()
    void reply.code(403).send({ errors: [{
      message: 'Pages of this origin may not call here: an operator can allow it by LAUREL_ORIGINS.',
      extensions: { code: 'FORBIDDEN' },
    }] })
  })
}

function allow(reply: FastifyReply, origin: string): void {
  void reply.headers({
    'access-control-allow-origin': origin, 'access-control-expose-headers': 'retry-after, x-correlation-id',
  })
}

function answerPreflight(reply: FastifyReply, isAllowed: boolean): void {
  if (isAllowed) {
    void reply.headers({
      'access-control-allow-methods': 'GET, POST', 'access-control-allow-headers': ASKED_HEADERS,
      'access-control-max-age': String(PREFLIGHT_SECONDS),
    })
  }
  void reply.code(isAllowed ? 204 : 403).send()
}
