import pg from 'pg'
import { expect, test } from 'vitest'
import { exportAudit } from '../src/identity/audit.queries.ts'
import { archiveJob } from '../src/leaderboards/leaderboard.jobs.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import { LeaderboardPeriod, LeaderboardSubject } from '../src/leaderboards/leaderboard.entity.ts'
import { wireId } from '../src/platform/ids.ts'
import { inTenantOnce } from '../src/platform/tenancy.ts'
import { RECORD, sharedNode, tenant, type TestTenant } from './harness.ts'

// The second wall alone: whatever `tenant_id = …` the application's statements say is made true for every row, in everything
// that laurel_app sends. What still keeps tenants apart is row security.
const CHECK = /(?<![\w"])((?:"?\w+"?\.)?"?tenant_id"? = (?:\$\d+|'[0-9a-f-]{36}'|"?\w+"?\."?tenant_id"?))/g
interface Wire { user?: string }
type Sends = Record<'startup' | 'parse' | 'query', (this: Wire, message: never) => void>
const wire = (pg as unknown as { Connection: { prototype: Sends } }).Connection.prototype
const { startup, parse, query } = wire
let checksOff = 0
function withoutChecks(text: string, { user }: Wire): string {
  if (user !== 'laurel_app') return text
  return text.replace(CHECK, check => {
    checksOff++
    return `(${check} or true)`
  })
}
wire.startup = function (config: { user: string }) {
  this.user = config.user
  startup.call(this, config as never)
} as Sends['startup']
wire.parse = function (message: { text: string }) {
  parse.call(this, { ...message, text: withoutChecks(message.text, this) } as never)
} as Sends['parse']
wire.query = function (text: string) { query.call(this, withoutChecks(text, this) as never) } as Sends['query']

const SEEN = `query($board: ID!, $teams: ID!) {
  viewer { tenant { slug } } users { nodes { name points level { title } team { name } } } teams { nodes { id } }
  departments { nodes { id } }
  activities { nodes { note user { name } pointEntries { points } } } activityTypes(first: 100) { nodes { key } } levels { title }
  leaderboards { nodes { id size } } webhookEndpoints { nodes { id } }
  feedMessages(scope: TENANT) { ... on FeedSnapshot { items { text } } }
  board: leaderboard(id: $board) { size standings { nodes { rank points user { name } } } }
  teams_: leaderboard(id: $teams) { standings { nodes { points team { id } } } }
  auditEntries { nodes { action actor { name } } } }`

/** Makes a company whose every person and note is called after it, and returns what it must see of itself and of no other. */
async function company(name: string, awards: number) {
  const own = await tenant(`${name}-ann:ADMIN`, `${name}-bob`)
  const make = async (subject: LeaderboardSubject, period = LeaderboardPeriod.ALL_TIME) =>
    wireId('Leaderboard', (await createLeaderboard(own.actor(), { name: `${name} ${subject}`, subject, period })).leaderboard.id)
  const [board, teams] = [await make(LeaderboardSubject.USER), await make(LeaderboardSubject.TEAM)]
  await make(LeaderboardSubject.USER, LeaderboardPeriod.DAILY)
  for (let count = 0; count < awards; count++) {
    const input = { activityType: 'meeting_scheduled', idempotencyKey: `wall-${count}-000`, note: `note of ${name}` }
    const { activityRecord } = await own.as(`${name}-bob`).run(RECORD, { input })
    expect(activityRecord).toMatchObject({ duplicate: false, idempotencyHit: false, userErrors: [] })
  }
  await own.settled()
  return { own, board, teams, awards, name }
}

const aggregatesOf = ({ tenantId, node: { db } }: TestTenant) => inTenantOnce<Record<string, number>>({ tenantId, db }, {
  text: `select (select count(*)::int from activity) as activities, (select sum(points)::int from point_entry) as points,
    (select count(*)::int from users) as people, (select count(*)::int from audit_entry) as entries`,
})

test('with every check of the application switched off, row security alone keeps two tenants apart', async () => {
  const { url } = await sharedNode()
  const [acme, rival] = [await company('acme', 3), await company('rival', 5)]
  for (const { own, board, teams, awards, name } of [acme, rival]) {
    const seen = await own.as(`${name}-ann`).run(SEEN, { board, teams })
    const [bob] = [{ name: `${name}-bob` }]
    expect(seen).toMatchObject({
      viewer: { tenant: { slug: own.slug } },
      users: { nodes: [{ name: `${name}-ann`, points: 0 }, { name: `${name}-bob`, points: awards * 50 }] },
      teams: { nodes: [{}] }, departments: { nodes: [{}] },
      activities: { nodes: Array(awards).fill({ note: `note of ${name}`, user: bob, pointEntries: [{ points: 50 }] }) },
      leaderboards: { nodes: [{ size: 1 }, { size: 1 }, { size: 1 }] }, webhookEndpoints: { nodes: [] },
      board: { size: 1, standings: { nodes: [{ rank: 1, points: awards * 50, user: bob }] } },
      teams_: { standings: { nodes: [{ points: awards * 50 }] } },
      auditEntries: { nodes: Array(awards).fill({ action: 'activity.record', actor: bob }) },
    })
    expect(seen.teams.nodes).toHaveLength(1)
    expect(seen.activityTypes.nodes).toHaveLength(25)
    expect(seen.levels).toHaveLength(6)
    expect(JSON.stringify(seen)).not.toContain(name === 'acme' ? 'rival' : 'acme')
    expect(await aggregatesOf(own)).toEqual([{ activities: awards, points: awards * 50, people: 2, entries: awards }])

    await archiveJob.run(own.actor(undefined, new Date(Date.now() + 3 * 86_400_000)))
    const standings = await inTenantOnce({ tenantId: own.tenantId, db: own.node.db }, {
      text: 'select points from archived_standing' })
    expect(standings).toEqual([{ points: awards * 50 }])

    const lines: string[] = []
    for await (const page of exportAudit(own.actor(), {})) lines.push(...page.trim().split('\n'))
    expect(lines).toHaveLength(awards)
    const exported = await fetch(`${url}/audit.jsonl`, { headers: { authorization: `Bearer ${own.as(`${name}-ann`).token}` } })
    expect((await exported.text()).trim().split('\n')).toEqual(lines)
  }

  const strange = await acme.own.as('acme-ann').run(`query($board: ID!, $user: ID!) { leaderboard(id: $board) { id }
    node(id: $user) { id } users { nodes { id } } }`, { board: rival.board, user: rival.own.id('rival-bob') })
  expect(strange).toMatchObject({ leaderboard: null, node: null })
  const foreign = { activityType: 'meeting_scheduled', idempotencyKey: 'wall-foreign', userId: rival.own.id('rival-bob') }
  const { activityRecord } = await acme.own.as('acme-ann').run(RECORD, { input: foreign })
  expect(activityRecord).toMatchObject({ activity: null, userErrors: [{ code: 'NOT_FOUND', field: ['userId'] }] })
  expect(await rival.own.points('rival-bob')).toBe(250)

  // Streams: each hears its own commits and nothing of the other's.
  const FOLLOW = 'subscription { feed(scope: TENANT) { __typename ... on FeedDelta { items { user { name } } } } }'
  const streams = [acme, rival].map(({ own, name }) => own.as(`${name}-ann`).subscribe(FOLLOW))
  for (const stream of streams) expect((await stream.next()).__typename).toBe('FeedSnapshot')
  for (const { own, name } of [rival, acme]) {
    await own.as(`${name}-bob`).run(RECORD, { input: { activityType: 'meeting_scheduled', idempotencyKey: 'wall-live-1' } })
    await own.settled()
  }
  for (const [at, { name }] of [acme, rival].entries()) {
    expect((await streams[at]!.next()).items).toEqual([{ user: { name: `${name}-bob` } }])
    expect(streams[at]!.messages).toEqual([])
    streams[at]!.close()
  }
  expect(checksOff).toBeGreaterThan(50)
})
