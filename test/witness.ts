/**
 * Witnesses follow a stream as any client may, over any of the three transports, are cut again and again, and come back by the
 * one rule of the protocol. They keep every message that they applied, for the oracle.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'

/** A message of either stream, as witnesses ask for it. */
export interface Message {
  __typename: string; cursor: string; after?: string; reason?: string; marks?: string[]
  items?: FeedItem[]; standings?: { subjectId: string; rank: number; points: number }[]
  changes?: { subjectId: string; from: number | null; to: number; points: number }[]; left?: string[]
}

/** An item of the feed, as witnesses ask for it. */
export interface FeedItem {
  id: string; kind: string; user: { id: string } | null; points: number | null; level: { number: number } | null
}

/** What is followed: the fields of the message are the same by subscription and by polling. */
export interface Stream {
  kind: 'feed' | 'leaderboard'; scope?: 'ME' | 'TEAM' | 'TENANT'; id?: string; top?: number; extra?: string
}

/** Where to go, and as whom. */
export type Place = () => { url: string; token: string }

const FINAL = new Set([4400, 4401, 4403, 4406, 4409, 4429, 4500]) // After these a client does not come back.

/** Returns the document and the variables that follow or poll a stream. */
function documentOf({ kind, scope, id, top, extra = '' }: Stream, isPoll: boolean): { query: string; variables: object } {
  const fields = kind === 'feed'
    ? `__typename ... on FeedSnapshot { cursor reason items { id } } ... on FeedDelta { after cursor marks
       items { id kind user { id } points level { number } ${extra} } }`
    : `__typename ... on LeaderboardSnapshot { cursor reason standings { subjectId rank points } }
       ... on LeaderboardDelta { after cursor marks changes { subjectId from to points ${extra} } left }`
  const [parameter, argument, variables] = kind === 'feed'
    ? ['$scope: FeedScope', 'scope: $scope', { scope }]
    : ['$id: ID!, $top: Int', 'id: $id, top: $top', { id, top }]
  const field = isPoll ? `${kind}Messages(${argument}, after: $after, waitMs: 400)` : `${kind}(${argument}, after: $after)`
  return { query: `${isPoll ? 'query' : 'subscription'}(${parameter}, $after: Cursor) { ${field} { ${fields} } }`, variables }
}

/** One who follows a stream. `broken` says where the protocol was, in sentences. */
export abstract class Witness {
  cursor: string | null = null
  readonly messages: Message[] = []
  readonly broken: string[] = []
  readonly name: string
  readonly stream: Stream
  protected readonly place: Place
  #rows = new Map<string, number>()
  #open = true
  #running: Promise<void>

  constructor(name: string, place: Place, stream: Stream) {
    this.name = name
    this.place = place
    this.stream = stream
    this.#running = Promise.resolve().then(() => this.#follow())
  }

  /** Follows from the cursor until that ends, for whatever reason. */
  protected abstract connect(cursor: string | null): Promise<void>
  /** Cuts the connection without a word. */
  abstract cut(): void

  async #follow(): Promise<void> {
    while (this.#open) {
      await this.connect(this.cursor).catch(() => {}) // Nobody there, or no longer: come back.
      if (this.#open) await sleep(5 + Math.random() * 40)
    }
  }

  async close(): Promise<void> {
    this.#open = false
    this.cut()
    await this.#running
  }

  /** Applies an answer, whose messages must follow on. Not one with errors, which must be such that a client may come back. */
  protected take({ data, errors }: { data?: object | null; errors?: { extensions?: { code?: string } }[] }): void {
    for (const error of errors ?? []) if (error.extensions?.code !== 'UNAVAILABLE') this.broken.push(JSON.stringify(error))
    if (errors) return
    const told = data ? Object.values(data)[0] as Message | Message[] : []
    for (const message of [told].flat()) this.#apply(message)
  }

  #apply(message: Message): void {
    if (message.standings) this.#rows = new Map(message.standings.map(({ subjectId, rank }) => [subjectId, rank]))
    else if (message.__typename.endsWith('Delta')) {
      if (message.after !== this.cursor) this.broken.push(`a delta after ${message.after} came to a reader at ${this.cursor}`)
      for (const { subjectId, from, to } of message.changes ?? []) {
        const stood = this.#rows.get(subjectId) ?? null
        if (from !== stood) this.broken.push(`at ${message.cursor} ${subjectId} moved from ${from} but stood at ${stood}`)
        this.#rows.set(subjectId, to)
      }
      for (const id of message.left ?? []) if (!this.#rows.delete(id)) this.broken.push(`${id} left and was not there`)
    }
    this.messages.push(message)
    this.cursor = message.cursor
  }
}

/** Follows over a WebSocket (graphql-transport-ws). */
export class SocketWitness extends Witness {
  /** Close codes that were met, and how often. */
  readonly codes = new Map<number, number>()
  #socket: WebSocket | null = null
  #isPaused = false

  protected connect(cursor: string | null): Promise<void> {
    const { url, token } = this.place()
    const { query, variables } = documentOf(this.stream, false)
    const perMessageDeflate = !this.stream.extra // What repeats itself would vanish in it.
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { perMessageDeflate })
    this.#socket = socket
    const say = (message: object) => socket.send(JSON.stringify(message))
    socket.on('open', () => {
      if (this.#isPaused) socket.pause()
      say({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })
    })
    socket.on('message', (text: Buffer) => {
      if (this.#socket !== socket) return
      const { type, payload } = JSON.parse(text.toString()) as { type: string; payload: never }
      const operation = { query, variables: { ...variables, after: cursor } }
      if (type === 'connection_ack') say({ id: '1', type: 'subscribe', payload: operation })
      else if (type === 'next') this.take(payload)
      else if (type === 'error') this.take({ errors: payload })
      if (type === 'error' || type === 'complete') socket.close()
    })
    return new Promise(resolve => {
      socket.on('error', () => {}) // It closes.
      socket.on('close', (code, reason: Buffer) => {
        this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
        if (FINAL.has(code)) this.broken.push(`closed for good with ${code}: ${reason.toString()}`)
        resolve()
      })
    })
  }

  cut(): void {
    this.#socket?.terminate()
  }

  /** Stops reading, as a client that hangs does, or reads again. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) this.#socket?.pause()
    else this.#socket?.resume()
  }
}

/** Follows by HTTP: each connection is one request. */
abstract class RequestWitness extends Witness {
  #abort = new AbortController()

  protected async post(path: string, body: object): Promise<Response> {
    const { url, token } = this.place()
    this.#abort = new AbortController()
    return fetch(`${url}${path}`, {
      method: 'POST', signal: this.#abort.signal, body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    })
  }

  /** Returns an answer's JSON; a status that says "for good" breaks the protocol. */
  protected async jsonOf(response: Response): Promise<object> {
    if (response.status === 401 || response.status === 403) this.broken.push(`refused for good with ${response.status}`)
    return await response.json() as object
  }

  cut(): void {
    this.#abort.abort()
  }
}

/** Follows by server-sent events. */
export class EventWitness extends RequestWitness {
  protected async connect(cursor: string | null): Promise<void> {
    const { query, variables } = documentOf(this.stream, false)
    const response = await this.post('/graphql/stream', { query, variables: { ...variables, after: cursor } })
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return this.take(await this.jsonOf(response))
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const payload = /^event: next\ndata: (.*)$/.exec(text.slice(0, end))?.[1]
        text = text.slice(end + 2)
        if (payload) this.take(JSON.parse(payload) as object)
      }
    }
  }
}

/** Follows by polling. */
export class PollWitness extends RequestWitness {
  protected async connect(cursor: string | null): Promise<void> {
    const { query, variables } = documentOf(this.stream, true)
    this.take(await this.jsonOf(await this.post('/graphql', { query, variables: { ...variables, after: cursor } })))
  }
}
