/** A real receiver of webhooks: an HTTP server that remembers what arrives and answers as the test wants. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'

/** One request as it arrived; `body` are its raw bytes, `json` what they say. */
export interface Received {
  path: string
  headers: IncomingHttpHeaders & { 'webhook-id': string }
  body: string
  json: any
  atMs: number
}

/** How a receiver answers: a status, or by hand; by hand it may also never answer. */
export type Reply = (received: Received, response: ServerResponse) => number | void

/** A running receiver; it is closed by `await using`. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = []
  reply: Reply = () => 200
  readonly #server: Server
  readonly #waiting = new Set<() => void>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async open(): Promise<Receiver> {
    const server = createServer()
    const receiver = new Receiver(server)
    server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          const body = Buffer.concat(chunks).toString()
          const headers = request.headers as Received['headers']
          const received = { path: request.url!, headers, body, json: JSON.parse(body), atMs: Date.now() }
          const status = receiver.reply(received, response)
          receiver.received.push(received)
          if (status !== undefined) response.writeHead(status).end()
          for (const look of receiver.#waiting) look()
        })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return receiver
  }

  /** Where it listens; `host` may be another name of this machine. */
  url(path = '/hook', host = '127.0.0.1'): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}${path}`
  }

  /** Returns what has arrived once the condition holds; fails the test after `waitMs`. */
  async until(condition: (received: Received[]) => boolean, waitMs = 10_000): Promise<Received[]> {
    if (!condition(this.received)) {
      let timer: NodeJS.Timeout | undefined
      let look = () => {}
      const late = new Promise<void>(resolve => {
        timer = setTimeout(resolve, waitMs)
      })
      const came = new Promise<void>(resolve =>
        this.#waiting.add(
          (look = () => {
            if (condition(this.received)) resolve()
          }),
        ),
      )
      await Promise.race([late, came])
      clearTimeout(timer)
      this.#waiting.delete(look)
    }
    expect(condition(this.received), `arrived: ${this.received.map(({ json }) => json.type).join(', ') || 'nothing'}`).toBe(
      true,
    )
    return this.received
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
