/**
 * Signs a message (Standard Webhooks) and sends it: to an address that was checked, in its time, following no redirect, reading
 * little of the answer.
 */
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { LIMITS } from '../platform/limits.ts'
import { version } from '../platform/project.ts'
import { signatureOf } from '../outward/signing.ts'
import { guardedLookup, judgeUrl, type WayOut } from '../outward/way.ts'
import { failureOf, type Outcome } from './delivery.rules.ts'

/** What may be set otherwise than the house's limits, by the operator or by a test. */
export interface SenderOptions extends WayOut { connectMs?: number; responseMs?: number }

class TimedOut extends Error { override readonly name = 'TimedOut' }

/** The way out of one node; connections to receivers are kept open between messages. */
export class Sender {
  readonly #options: { isPrivateAllowed: boolean; connectMs: number; responseMs: number }
  readonly #lookup: LookupFunction
  readonly #http = new HttpAgent({ keepAlive: true, timeout: 10_000 })
  readonly #https = new HttpsAgent({ keepAlive: true, timeout: 10_000 })

  constructor(options: SenderOptions) {
    this.#options = { connectMs: LIMITS.webhookConnectMs, responseMs: LIMITS.webhookResponseMs, ...options }
    this.#lookup = guardedLookup(options)
  }

  /** Returns what came of posting a body; it throws only when the signal aborts. */
  async post(url: string, body: string, headers: Record<string, string>, signal: AbortSignal): Promise<Outcome> {
    const begun = performance.now()
    const durationMs = () => Math.round(performance.now() - begun)
    try {
      const status = await this.#send(new URL(url), Buffer.from(body), headers, signal)
      return { status, failure: status >= 200 && status < 300 ? null : 'STATUS', durationMs: durationMs() }
    } catch (error) {
      signal.throwIfAborted()
      return { status: null, failure: failureOf(error as NodeJS.ErrnoException), durationMs: durationMs() }
    }
  }

  async #send(url: URL, body: Buffer, headers: Record<string, string>, signal: AbortSignal): Promise<number> {
    judgeUrl(url, this.#options.isPrivateAllowed) // The setting may have changed since the endpoint was made.
    return this.#ask(url, body, headers, signal, true)
  }

  #ask(url: URL, body: Buffer, headers: Record<string, string>, signal: AbortSignal, mayRepeat: boolean): Promise<number> {
    const { connectMs, responseMs } = this.#options
    const isSecure = url.protocol === 'https:'
    const request = (isSecure ? requestHttps : requestHttp)(url, {
      method: 'POST', agent: isSecure ? this.#https : this.#http, lookup: this.#lookup, signal,
      headers: {
        ...headers, 'content-type': 'application/json', 'content-length': body.length, 'user-agent': `Laurel-Webhooks/${version}`,
      },
    })
    return new Promise((resolve, reject) => {
      request.on('error', (error: NodeJS.ErrnoException) => {
        // The receiver closed a connection that was kept open just as it was used again: that is no failure of the receiver's.
        const isStale = mayRepeat && request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        if (isStale) resolve(this.#ask(url, body, headers, signal, false))
        else reject(error)
      })
      limitTime(request, isSecure, connectMs, responseMs)
      request.on('response', response => {
        resolve(response.statusCode!)
        forget(response)
      })
      request.end(body)
    })
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}

/** Ends a request that does not connect, or is not answered, in time. */
function limitTime(request: ClientRequest, isSecure: boolean, connectMs: number, responseMs: number): void {
  let timer = setTimeout(() => request.destroy(new TimedOut('connect')), connectMs)
  const connected = () => {
    clearTimeout(timer)
    timer = setTimeout(() => request.destroy(new TimedOut('response')), responseMs)
  }
  request.on('socket', socket => {
    if (!socket.connecting) connected()
    else socket.once(isSecure ? 'secureConnect' : 'connect', connected)
  })
  request.once('response', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
}

/** Reads an answer to its end so that its connection can serve again, unless it is long or slow: then it is cut. */
function forget(response: IncomingMessage): void {
  let bytes = 0
  const timer = setTimeout(() => response.destroy(), LIMITS.webhookConnectMs).unref()
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LIMITS.webhookResponseBytesMax) response.destroy()
  })
  response.on('error', () => {}).on('close', () => clearTimeout(timer))
}

/**
 * Returns the headers that sign a body: HMAC-SHA256 over id, time and body, a signature for each secret that is still good, the
 * current one first.
 */
export function signedHeaders(id: string, at: Date, body: string, secrets: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000))
  const signatures = secrets.map(secret => signatureOf(secret, id, timestamp, body))
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
