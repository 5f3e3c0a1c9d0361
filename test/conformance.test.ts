/** One stream, three transports, one sequence; and shared execution answers what execution for each subscriber would. */
import { describe, expect, test } from 'vitest'
import { LeaderboardPeriod, LeaderboardSubject, TieRule } from '../src/leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import { wireId } from '../src/platform/ids.ts'
import type { Role } from '../src/platform/tenancy.ts'
import { createTeam, moveUser } from '../src/users/user.service.ts'
import { Person, RECORD, sharedNode, tenant, tenantOn, testNode, type TestTenant, uuid } from './harness.ts'

const BOARD_FIELDS = `__typename
  ... on LeaderboardSnapshot { cursor reason standings { rank previousRank closeRank points subjectId
    user { id name email role kind points team { id name } } team { name lead { name } } department { name } tenant { slug } } }
  ... on LeaderboardDelta { after cursor marks at changes { subjectId from to closeRank points
    user { id name team { name } } team { name } department { name } tenant { slug } } left }`
const FEED_FIELDS = `__typename
  ... on FeedSnapshot { cursor reason items { id kind at text points
    user { id name level { title } } team { name } level { number title } } }
  ... on FeedDelta { after cursor marks at items { id kind at text points user { id name } team { name } level { number } } }`
const BOARD = `subscription($id: ID!, $top: Int, $after: Cursor) { leaderboard(id: $id, top: $top, after: $after) {
  ${BOARD_FIELDS} } }`
const FEED = `subscription($scope: FeedScope, $after: Cursor) { feed(scope: $scope, after: $after) { ${FEED_FIELDS} } }`

interface Message { __typename: string; cursor: string; after?: string; items?: unknown[]; marks?: string[] }

/** Follows a stream by server-sent events. */
class EventStream {
  readonly messages: Message[] = []
  readonly #abort = new AbortController()
  readonly done: Promise<void>
  constructor(person: Person, query: string, variables: object) {
    this.done = this.#read(person, query, variables).catch((error: Error) => { if (error.name !== 'AbortError') throw error })
  }

  async #read({ url, token }: Person, query: string, variables: object): Promise<void> {
    const response = await fetch(`${url}/graphql/stream`, {
      method: 'POST', signal: this.#abort.signal, body: JSON.stringify({ query, variables }),
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` },
    })
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = text.slice(0, end)
        text = text.slice(end + 2)
        const payload = /^event: next\ndata: (.*)$/.exec(event)?.[1]
        if (payload) this.messages.push(Object.values((JSON.parse(payload) as { data: object }).data)[0])
      }
    }
  }

  close(): void {
    this.#abort.abort()
  }
}

/** Follows a stream by polling. */
class PollStream {
  readonly messages: Message[] = []
  #open = true
  readonly done: Promise<void>
  constructor(person: Person, query: string, variables: Record<string, unknown>) {
    this.done = this.#run(person, query, variables)
  }

  async #run(person: Person, query: string, variables: Record<string, unknown>): Promise<void> {
    while (this.#open) {
      const answer = await person.run(query, { ...variables, after: this.messages.at(-1)?.cursor ?? null, waitMs: 300 })
      this.messages.push(...Object.values(answer)[0] as Message[])
    }
  }

  close(): void {
    this.#open = false
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !condition();) {
    if (Date.now() > deadline) throw new Error('the streams did not come level')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/**
 * Returns what a reader ends up with: a feed's items in order, a board's rows by subject; how a node cut its ticks is no
 * part of it.
 */
function essence(messages: any[]): unknown { // eslint-disable-line
  if (messages[0]?.__typename.startsWith('Feed')) {
    return messages.flatMap(({ __typename, items }) => __typename === 'FeedSnapshot' ? [...items].reverse() : items)
  }
  const rows = new Map<string, object>()
  for (const { standings = [], changes = [], left = [] } of messages) {
    for (const { subjectId, rank, to, closeRank, points, user, team, department, tenant: owner } of [...standings, ...changes]) {
      rows.set(subjectId, {
        rank: rank ?? to, closeRank, points, name: user?.name ?? team?.name ?? department?.name, team: user?.team?.name,
        slug: owner.slug,
      })
    }
    for (const id of left) rows.delete(id)
  }
  return [...rows].sort(([one], [other]) => one < other ? -1 : 1)
}

let key = 0
const record = (acme: TestTenant, name: string, activityType: string) =>
  acme.as(name).run(RECORD, { input: { activityType, idempotencyKey: `conform-${key++}` } })

test('sockets, server-sent events and polling tell the same sequence of a board and of a feed', async () => {
  await using acme = await tenant('ann', 'bob')
  const { leaderboard } = await createLeaderboard(
    acme.actor(), { name: 'Board', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.WEEKLY })
  const id = wireId('Leaderboard', leaderboard.id)
  await acme.settled()
  const ann = acme.as('ann')
  const POLL_BOARD = `query($id: ID!, $after: Cursor, $waitMs: Int!) {
    leaderboardMessages(id: $id, after: $after, waitMs: $waitMs) { ${BOARD_FIELDS} } }`
  const POLL_FEED = `query($scope: FeedScope!, $after: Cursor, $waitMs: Int!) {
    feedMessages(scope: $scope, after: $after, waitMs: $waitMs) { ${FEED_FIELDS} } }`
  const sockets = [ann.subscribe(BOARD, { id }), ann.subscribe(FEED, { scope: 'TENANT' })]
  const events = [new EventStream(ann, BOARD, { id }), new EventStream(ann, FEED, { scope: 'TENANT' })]
  const polls = [new PollStream(ann, POLL_BOARD, { id }), new PollStream(ann, POLL_FEED, { scope: 'TENANT' })]
  await until(() => [...sockets, ...events, ...polls].every(({ messages }) => messages.length === 1))
  for (let at = 0; at < 20; at++) await record(acme, at % 3 ? 'ann' : 'bob', at % 4 ? 'meeting_scheduled' : 'new_client_signed')
  const { activityRecord: { mark } } = await record(acme, 'ann', 'team_support')
  const all = [...sockets, ...events, ...polls]
  await until(() => all.every(({ messages }) => messages.some(({ marks }) => marks?.includes(mark))))
  expect(events[0]!.messages).toEqual(sockets[0]!.messages)
  expect(polls[0]!.messages).toEqual(sockets[0]!.messages)
  // A feed's deltas may be cut differently; what they tell may not.
  const told = ({ messages }: { messages: Message[] }) => messages.slice(1).flatMap(({ items }) => items!)
  expect(told(sockets[1]!).length).toBeGreaterThanOrEqual(20)
  expect(told(events[1]!)).toEqual(told(sockets[1]!))
  expect(told(polls[1]!)).toEqual(told(sockets[1]!))
  for (const stream of all) stream.close()
  await Promise.all([...events, ...polls].map(({ done }) => done))
})

describe('shared execution', () => {
  const ROLES: Role[] = ['VIEWER', 'MEMBER', 'PARTNER', 'MANAGER', 'FINANCE', 'COMPLIANCE', 'ADMIN']

  test('answers every role of two tenants exactly as execution for each subscriber does, for every subscription', async () => {
    const shared = await sharedNode()
    const personal = await testNode({ addresses: shared.db.addresses, relay: false, isPersonal: true })
    const companies = await Promise.all(['Europe/Berlin', 'Asia/Tokyo'].map(timeZone => tenantOn(
      shared, { timeZone }, ...ROLES.map(role => `${role.toLowerCase()}:${role}`))))
    interface Reader { messages: Message[]; errors: unknown[]; close(): void }
    const pairs: { one: Reader; two: Reader; isOwn: boolean }[] = []
    for (const acme of companies) {
      const kinds = [
        [LeaderboardSubject.USER, TieRule.COMPETITION], [LeaderboardSubject.TEAM, TieRule.DENSE],
        [LeaderboardSubject.DEPARTMENT, TieRule.ORDINAL],
      ] as const
      const boards = await Promise.all(kinds.map(async ([subject, tieRule]) => {
        const input = { name: subject, subject, period: LeaderboardPeriod.MONTHLY, tieRule }
        return wireId('Leaderboard', (await createLeaderboard(acme!.actor(), input)).leaderboard.id)
      }))
      // Partners see boards of people outside only, and their own news.
      const { leaderboard: outside } = await createLeaderboard(acme.actor(), {
        name: 'Partners', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.MONTHLY,
        subjectIds: [uuid('User', acme.id('partner'))],
      })
      const partners = wireId('Leaderboard', outside.id)
      await acme.settled()
      for (const role of ROLES) {
        const here = acme.as(role.toLowerCase())
        const there = new Person(personal.url, here.token)
        for (const [query, variables] of [
          ...[...role === 'PARTNER' ? [] : boards, partners].map(id => [BOARD, { id, top: 5 }] as const),
          ...(role === 'PARTNER' ? ['ME'] : ['ME', 'TEAM', 'TENANT']).map(scope => [FEED, { scope }] as const),
        ]) {
          const isOwn = 'scope' in variables && variables.scope === 'ME'
          pairs.push({ one: here.subscribe(query, variables), two: there.subscribe(query, variables), isOwn })
        }
      }
    }
    const readers = pairs.flatMap(({ one, two }) => [one, two])
    await until(() => readers.every(({ messages }) => messages.length === 1))
    for (const acme of companies) {
      for (const name of ['member', 'manager', 'member', 'partner', 'admin']) await record(acme, name, 'new_client_signed')
    }
    await Promise.all(companies.map(acme => acme.settled()))
    await until(() => pairs.every(({ one, two, isOwn }) => (isOwn || one.messages.length > 1)
      && JSON.stringify(essence(one.messages)) === JSON.stringify(essence(two.messages))))
    await new Promise(resolve => setTimeout(resolve, 300)) // Nothing more may come.
    for (const { one, two } of pairs) {
      expect([one.errors, two.errors]).toEqual([[], []])
      expect(essence(one.messages)).toEqual(essence(two.messages))
    }
    for (const stream of readers) stream.close()
  }, 60_000)

  test('executes once for many subscribers, and the end of one leaves the others', async () => {
    const node = await testNode()
    await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann', 'bob')
    const { leaderboard } = await createLeaderboard(
      acme.actor(), { name: 'Board', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.MONTHLY })
    await acme.settled()
    const id = wireId('Leaderboard', leaderboard.id)
    const executions = async () => {
      const metrics = await (await fetch(`${node.url}/metrics`)).text()
      return Number(/^laurel_stream_execution_seconds_count\{outcome="ok"\} (\d+)$/m.exec(metrics)![1])
    }
    const streams = Array.from({ length: 20 }, (_, at) => acme.as(at % 2 ? 'ann' : 'bob').subscribe(BOARD, { id, after: null }))
    await until(() => streams.every(({ messages }) => messages.length === 1))
    const before = await executions()
    streams[0]!.close()
    streams[1]!.close()
    await record(acme, 'ann', 'meeting_scheduled')
    await until(() => streams.slice(2).every(({ messages }) => messages.length === 2))
    expect(await executions() - before).toBe(1)
    expect(streams.slice(0, 2).map(({ messages }) => messages.length)).toEqual([1, 1])
    for (const stream of streams) stream.close()
  })

  test('a person moved to another team stops hearing the old one, and only that', async () => {
    await using acme = await tenant('ann', 'bob')
    const { team } = await createTeam(acme.actor(), { name: 'Blues' })
    const [teamFeed, all] = [
      acme.as('ann').subscribe(FEED, { scope: 'TEAM' }), acme.as('ann').subscribe(FEED, { scope: 'TENANT' }),
    ]
    await Promise.all([teamFeed.next(), all.next()])
    await moveUser(acme.actor(), { userId: acme.actor('ann').userId!, teamId: team.id })
    await until(() => teamFeed.errors.length > 0)
    expect(teamFeed.errors.flat()).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
    await record(acme, 'bob', 'meeting_scheduled')
    expect(await all.next()).toMatchObject({ items: [{ points: 50 }] })
    expect(teamFeed.messages).toEqual([])
    all.close()
  })

  test('a syntax error answers an error message and leaves the socket open', async () => {
    await using acme = await tenant('ann')
    const broken = acme.as('ann').subscribe('subscription { feed {')
    await until(() => broken.errors.length > 0)
    expect(broken.errors.flat()).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
    expect(broken.closedWith?.code ?? 1000).toBe(1000)
  })
})
