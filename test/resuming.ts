/** Subscribers who come back: by the one rule of the protocol, over real sockets, wherever the server is now. */
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

export const FEED = `subscription($after: Cursor) { feed(scope: TENANT, after: $after) { __typename
  ... on FeedSnapshot { cursor reason items { id } } ... on FeedDelta { after cursor marks items { id kind user { id }
  points } } } }`
export const BOARD = `subscription($id: ID!, $after: Cursor) { leaderboard(id: $id, top: 100, after: $after) { __typename
  ... on LeaderboardSnapshot { cursor reason standings { subjectId rank points } } ... on LeaderboardDelta {
  after cursor marks changes { subjectId from to points } left } } }`

interface Message {
  __typename: string; cursor: string; after?: string; reason?: string; marks?: string[]; items?: FeedItem[]
  standings?: Standing[]; changes?: Change[]; left?: string[]
}
/** An item as the tests' feed asks for it. */
export interface FeedItem { id: string; kind: string; user: { id: string } | null; points: number | null }
interface Standing { subjectId: string; rank: number; points: number }
interface Change { subjectId: string; from: number | null; to: number; points: number }

/** Keeps a subscription alive over cuts and restarts; `place` answers where the server is. */
export class ResumingSubscriber {
  cursor: string | null = null
  readonly items: FeedItem[] = []
  readonly reasons: string[] = []
  readonly broken: string[] = []
  readonly marks: string[] = []
  standings = new Map<string, { rank: number; points: number }>()
  #open = true
  #client: ReturnType<typeof createClient> | null = null
  #socket: WebSocket | null = null
  #end: () => void = () => {}
  readonly #query: string
  readonly #variables: Record<string, unknown>
  readonly #place: () => { url: string; token: string }
  readonly running: Promise<void>

  constructor(place: () => { url: string; token: string }, query: string, variables: Record<string, unknown> = {}) {
    this.#place = place
    this.#query = query
    this.#variables = variables
    this.running = this.#run()
  }

  /** Cuts the socket without a word. */
  cut(): void {
    this.#socket?.terminate()
  }

  async close(): Promise<void> {
    this.#open = false
    this.#end()
    await Promise.all([this.#client?.dispose(), this.running])
  }

  async #run(): Promise<void> {
    while (this.#open) {
      const { url, token } = this.#place()
      await new Promise<void>(resolve => {
        this.#end = resolve
        this.#client = createClient({
          url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket,
          connectionParams: { authorization: `Bearer ${token}` }, retryAttempts: 0,
          on: { opened: socket => { this.#socket = socket as WebSocket } },
        })
        this.#client.subscribe({ query: this.#query, variables: { ...this.#variables, after: this.cursor } }, {
          next: ({ data, errors }) => {
            if (errors) this.broken.push(JSON.stringify(errors))
            if (data) this.#take(Object.values(data)[0] as Message)
          },
          error: () => resolve(),
          complete: () => resolve(),
        })
      })
      if (this.#open) await new Promise(resolve => setTimeout(resolve, 20 + Math.random() * 60))
    }
  }

  #take(message: Message): void {
    if (message.__typename.endsWith('Snapshot')) {
      this.reasons.push(message.reason!)
      if (message.standings) {
        this.standings = new Map(message.standings.map(({ subjectId, rank, points }) => [subjectId, { rank, points }]))
      }
    } else {
      if (message.after !== this.cursor) this.broken.push(`a delta after ${message.after} came to a reader at ${this.cursor}`)
      this.items.push(...message.items ?? [])
      this.marks.push(...message.marks ?? [])
      for (const { subjectId, from, to, points } of message.changes ?? []) {
        if (from !== (this.standings.get(subjectId)?.rank ?? null)) {
          this.broken.push(`${subjectId} moved from ${from} but stood at ${this.standings.get(subjectId)?.rank}`)
        }
        this.standings.set(subjectId, { rank: to, points })
      }
      for (const id of message.left ?? []) this.standings.delete(id)
    }
    this.cursor = message.cursor
  }
}
