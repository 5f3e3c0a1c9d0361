import { expect, test } from 'vitest'
import { type Person, RECORD, sharedNode, tenant, tenantOn, type TestTenant, uuid } from '../../test/harness.ts'
import { Receiver } from '../../test/receiver.ts'
import { record as pay, subscribe, webhookNode } from '../../test/webhooks.ts'
import { recordInputs } from '../activities/intake.service.ts'
import { archiveJob } from '../leaderboards/leaderboard.jobs.ts'
import { localDay, periodRange } from '../platform/time.ts'

const CREATE = `mutation($input: LeaderboardCreateInput!) { leaderboardCreate(input: $input) {
  leaderboard { id } userErrors { code } } }`
const ROW = 'rank points subjectId pseudonym user { name } isListed'
const BOARD = `query($id: ID!, $first: Int = 25, $after: Cursor, $around: ID, $mark: Mark) { leaderboard(id: $id) {
  standings(first: $first, after: $after, around: $around, atLeast: $mark) { nodes { ${ROW} } pageInfo { endCursor } }
  viewerStanding { ${ROW} } } }`
const CHANGE = `mutation($input: ListingChangeInput!) { listingChange(input: $input) {
  listing { pseudonym choices { leaderboardId choice isSetByAdmin } } mark userErrors { code field message } } }`
const STREAM = `subscription($id: ID!) { leaderboard(id: $id) { __typename
  ... on LeaderboardSnapshot { reason standings { rank pseudonym user { name } } }
  ... on LeaderboardDelta { changes { to pseudonym user { name } } left } } }`

let key = 0
async function record(person: Person, activityType: string): Promise<string> {
  const input = { activityType, idempotencyKey: `listing-${key++}` }
  return (await person.run(RECORD, { input })).activityRecord.mark
}
async function create(acme: TestTenant, input: object = {}): Promise<string> {
  const made = await acme.as('ann').run(CREATE, { input: { name: 'Board', period: 'MONTHLY', ...input } })
  return made.leaderboardCreate.leaderboard.id
}
async function change(person: Person, input: object): Promise<string> {
  const { listingChange } = await person.run(CHANGE, { input })
  expect(listingChange.userErrors).toEqual([])
  return listingChange.mark
}
interface Row { rank: number; points: number; subjectId: string; pseudonym: string | null; user: { name: string } | null }
const namesOf = (rows: Row[]) => rows.map(({ rank, pseudonym, user }) => [rank, user?.name ?? pseudonym])

/** Returns the list as somebody sees it, by the events that were heard and, which must be the same, counted anew. */
async function seen(acme: TestTenant, name: string, id: string, mark: string | null) {
  await acme.as(name).run(BOARD, { id, mark }) // One's own row does not wait for the commit; the list does.
  const { leaderboard } = await acme.as(name).run(BOARD, { id })
  const board = (await acme.node.boards.of(acme.tenantId, uuid('Leaderboard', id)))!
  await board.rebuild()
  expect((await acme.as(name).run(BOARD, { id })).leaderboard).toEqual(leaderboard)
  return { rows: namesOf(leaderboard.standings.nodes), own: leaderboard.viewerStanding }
}

test('who opts out is left out of lists, no gap shows, and they alone see where they would stand (UX-13, UX-14)', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid', 'dan')
  const id = await create(acme)
  await record(acme.as('bob'), 'upsell_completion')
  await record(acme.as('cid'), 'proposal_accepted')
  const paid = await record(acme.as('dan'), 'team_support')
  expect((await seen(acme, 'ann', id, paid)).rows).toEqual([[1, 'bob'], [2, 'cid'], [3, 'dan']])
  const live = acme.as('ann').subscribe(STREAM, { id })
  expect(await live.next()).toMatchObject({ reason: 'FIRST' })
  const hidden = await change(acme.as('cid'), { choice: 'HIDDEN' })
  expect(await live.next()).toMatchObject({
    __typename: 'LeaderboardSnapshot', reason: 'VISIBILITY', standings: [{ user: { name: 'bob' } }, { user: { name: 'dan' } }],
  })
  expect((await seen(acme, 'ann', id, hidden)).rows).toEqual([[1, 'bob'], [2, 'dan']])
  const own = { rank: 2, points: 150, isListed: false, user: { name: 'cid' } }
  expect((await seen(acme, 'cid', id, hidden)).own).toMatchObject(own)
  const asked = `query($id: ID!, $cid: ID!) { leaderboard(id: $id) { standing(subjectId: $cid) { rank }
    standings(around: $cid) { nodes { rank } } } users { nodes { name standing(leaderboardId: $id) { rank } } } }`
  const { leaderboard, users } = await acme.as('dan').run(asked, { id, cid: acme.id('cid') })
  expect(leaderboard).toEqual({ standing: null, standings: { nodes: [] } })
  expect(users.nodes).toContainEqual({ name: 'cid', standing: null })
  // What they earn meanwhile is theirs: they return to where it puts them.
  const more = await record(acme.as('cid'), 'new_client_signed')
  expect((await seen(acme, 'cid', id, more)).own).toMatchObject({ rank: 1, points: 650, isListed: false })
  const back = await change(acme.as('cid'), { choice: 'DEFAULT' })
  expect((await seen(acme, 'ann', id, back)).rows).toEqual([[1, 'cid'], [2, 'bob'], [3, 'dan']])
  live.close()
})

test('who stands by a pseudonym is nowhere named or identified: lists, pages, streams, lookups (LB-11)', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid', 'dan')
  const id = await create(acme)
  await record(acme.as('bob'), 'upsell_completion')
  await record(acme.as('cid'), 'proposal_accepted')
  await record(acme.as('dan'), 'team_support')
  const mark = await change(acme.as('cid'), { pseudonym: 'Blue Fox' })
  expect((await seen(acme, 'ann', id, mark)).rows).toEqual([[1, 'bob'], [2, 'Blue Fox'], [3, 'dan']])
  const { leaderboard } = await acme.as('dan').run(BOARD, { id, first: 2 })
  expect(JSON.stringify(leaderboard)).not.toContain('cid')
  const [, fox] = leaderboard.standings.nodes as Row[]
  expect(fox).toMatchObject({ user: null, pseudonym: 'Blue Fox' })
  expect(fox!.subjectId).not.toBe(acme.id('cid'))
  const cursor = Buffer.from(leaderboard.standings.pageInfo.endCursor, 'base64url').toString()
  expect(cursor).not.toContain(uuid('User', acme.id('cid')))
  const rest = await acme.as('dan').run(BOARD, { id, first: 2, after: leaderboard.standings.pageInfo.endCursor })
  expect(namesOf(rest.leaderboard.standings.nodes)).toEqual([[3, 'dan']])
  const around = async (asker: string, who: string) => namesOf(
    (await acme.as(asker).run(BOARD, { id, first: 1, around: who })).leaderboard.standings.nodes)
  expect(await around('dan', fox!.subjectId)).toEqual([[2, 'Blue Fox']])
  expect(await around('dan', acme.id('cid'))).toEqual([])
  expect(await around('cid', acme.id('cid'))).toEqual([[2, 'Blue Fox']])
  expect((await seen(acme, 'cid', id, mark)).own)
    .toMatchObject({ rank: 2, subjectId: fox!.subjectId, pseudonym: 'Blue Fox', user: { name: 'cid' }, isListed: true })
  const live = acme.as('dan').subscribe(STREAM, { id })
  expect((await live.next()).standings[1]).toEqual({ rank: 2, pseudonym: 'Blue Fox', user: null })
  await record(acme.as('cid'), 'new_client_signed')
  expect((await live.next()).changes[0]).toEqual({ to: 1, pseudonym: 'Blue Fox', user: null })
  // Another name is another id, and the old id leads nowhere.
  await change(acme.as('cid'), { pseudonym: 'Red Fox' })
  expect(await live.next()).toMatchObject({ reason: 'VISIBILITY', standings: [{ pseudonym: 'Red Fox' }, {}, {}] })
  expect(await around('dan', fox!.subjectId)).toEqual([])
  live.close()
})

test('a board by consent lists only those who agreed themselves, and an admin takes anybody off', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  const [id, open] = [await create(acme, { visibility: 'OPT_IN' }), await create(acme)]
  await record(acme.as('bob'), 'upsell_completion')
  const paid = await record(acme.as('cid'), 'proposal_accepted')
  expect((await seen(acme, 'bob', id, paid))).toMatchObject({ rows: [], own: { rank: 1, isListed: false } })
  const agreed = await change(acme.as('cid'), { choice: 'LISTED', leaderboardId: id })
  expect((await seen(acme, 'bob', id, agreed))).toMatchObject({ rows: [[1, 'cid']], own: { rank: 1, points: 300 } })
  const forOthers = await acme.as('ann').run(CHANGE, { input: { userIds: [acme.id('bob')], choice: 'LISTED' } })
  expect(forOthers.listingChange.userErrors).toMatchObject([{ code: 'FORBIDDEN', field: ['choice'] }])
  const taken = await change(acme.as('ann'), { userIds: [acme.id('bob'), acme.id('cid')], choice: 'HIDDEN' })
  expect((await seen(acme, 'ann', id, taken)).rows).toEqual([])
  expect((await seen(acme, 'ann', open, taken)).rows).toEqual([])
  const refused = await acme.as('cid').run(CHANGE, { input: { choice: 'DEFAULT' } })
  expect(refused.listingChange.userErrors).toMatchObject([{ code: 'FORBIDDEN', field: ['choice'] }])
  const shown = await acme.as('cid').run('{ listing { pseudonym choices { leaderboardId choice isSetByAdmin } } }')
  expect(shown.listing).toEqual({ pseudonym: null, choices: [
    { leaderboardId: null, choice: 'HIDDEN', isSetByAdmin: true }, { leaderboardId: id, choice: 'LISTED', isSetByAdmin: false },
  ] })
  const lifted = await change(acme.as('ann'), { userIds: [acme.id('bob'), acme.id('cid')], choice: 'DEFAULT' })
  expect((await seen(acme, 'ann', open, lifted)).rows).toEqual([[1, 'bob'], [2, 'cid']])
  expect((await seen(acme, 'ann', id, lifted)).rows).toEqual([[1, 'cid']])
})

test('a private board does not exist for members: by id, in lists, beside people or live', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'max:MANAGER')
  const id = await create(acme, { visibility: 'PRIVATE' })
  await record(acme.as('bob'), 'team_support')
  const ask = `query($id: ID!) { leaderboard(id: $id) { id } leaderboards { nodes { id } } node(id: $id) { id }
    users { nodes { name standing(leaderboardId: $id) { rank } } } }`
  await acme.as('ann').run(BOARD, { id }) // Open on this node.
  const { users, ...rest } = await acme.as('bob').run(ask, { id })
  expect(rest).toEqual({ leaderboard: null, leaderboards: { nodes: [] }, node: null })
  expect(users.nodes.map(({ standing }: { standing: unknown }) => standing)).toEqual([null, null, null])
  expect((await acme.as('max').run(ask, { id })).leaderboards.nodes).toEqual([{ id }])
  const live = acme.as('bob').subscribe(STREAM, { id })
  await live.until(() => live.errors.length > 0)
  expect(live.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
  live.close()
})

test('who appears or disappears is no change of rank for integrators, and the next one continues', async () => {
  await using receiver = await Receiver.open()
  const node = await webhookNode()
  await using acme = await tenantOn(node, { timeZone: 'Europe/Berlin' }, 'ann:ADMIN', 'bob', 'cid')
  await create(acme)
  await subscribe(acme, receiver.url(), ['leaderboard.rank_changed'])
  await expect.poll(() => acme.sql('select 1 from leaderboard_told'), { timeout: 10_000 }).toHaveLength(1)
  await pay(acme, 'bob', 'upsell_completion')
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(1)
  await change(acme.as('bob'), { pseudonym: 'Blue Fox' })
  await expect.poll(() => acme.sql('select listing_version as v from leaderboard_told'), { timeout: 10_000 }).toEqual([{ v: 1 }])
  await pay(acme, 'cid', 'new_client_signed')
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(2)
  const [, { json: { data } }] = receiver.received as unknown as [unknown, { json: { data: { changes: object[] } } }]
  expect(data.changes).toMatchObject([{ subjectId: acme.id('cid'), from: null, to: 1 }, { from: 1, to: 2 }])
  expect(JSON.stringify(data)).not.toContain(acme.id('bob'))
})

test('an archive leaves out who was hidden at the close, and does not name who has left the lists since', async () => {
  const zone = 'America/New_York'
  const day = localDay(zone, Date.now() - 3 * 86_400_000).day
  const { startMs } = periodRange('DAILY', zone, day)
  await using acme = await tenantOn(await sharedNode(), { timeZone: zone }, 'ann:ADMIN', 'bob', 'cid', 'dan')
  const id = await create(acme, { period: 'DAILY' })
  await acme.sql('update leaderboard set archived_from = $1', [day])
  for (const name of ['bob', 'cid', 'dan']) {
    const at = new Date(startMs + 3_600_000)
    await recordInputs({ ...acme.actor(name), now: at },
      [{ activityType: 'team_support', idempotencyKey: 'listing-past', occurredAt: at }])
  }
  await change(acme.as('cid'), { choice: 'HIDDEN' })
  await archiveJob.run({ ...acme.actor(), now: new Date(startMs + 49 * 3_600_000) })
  await change(acme.as('dan'), { choice: 'HIDDEN' })
  const { leaderboard } = await acme.as('ann').run(`query($id: ID!) { leaderboard(id: $id) { archives(first: 1) { nodes { size
    standings { nodes { rank pseudonym subjectId user { name } } } } } } }`, { id })
  const [archive] = leaderboard.archives.nodes
  expect(archive).toMatchObject({ size: 2, standings: { nodes: [
    { rank: 1, user: { name: 'bob' } }, { rank: 1, user: null, pseudonym: null },
  ] } })
  expect(JSON.stringify(archive)).not.toContain(acme.id('dan'))
})

test('a change that cannot be is refused and writes nothing', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  await using rival = await tenant('eve:ADMIN')
  await change(acme.as('cid'), { pseudonym: 'Blue Fox' })
  const before = await acme.sql('select * from listing')
  const emitted = await acme.emitted()
  const refused = async (input: object) => {
    const { listingChange } = await acme.as('bob').run(CHANGE, { input })
    expect(listingChange).toMatchObject({ listing: null, mark: null })
    return `${listingChange.userErrors[0].code} ${listingChange.userErrors[0].field}`
  }
  const MAKE = `mutation { leaderboardCreate(input: { name: "Theirs" }) { leaderboard { id } } }`
  const theirs = (await rival.as('eve').run(MAKE)).leaderboardCreate.leaderboard.id
  expect([
    await refused({}), await refused({ choice: 'HIDDEN', userIds: [acme.id('cid')] }), await refused({ pseudonym: ' x' }),
    await refused({ pseudonym: 'blue fox' }), await refused({ pseudonym: 'Ann' }),
    await refused({ choice: 'HIDDEN', userIds: [] }),
    await refused({ choice: 'HIDDEN', leaderboardId: theirs }),
  ]).toEqual([
    'INVALID ', 'FORBIDDEN userIds', 'INVALID pseudonym', 'TAKEN pseudonym', 'TAKEN pseudonym', 'OUT_OF_RANGE userIds',
    'NOT_FOUND leaderboardId',
  ])
  expect(await acme.sql('select * from listing')).toEqual(before)
  expect(await acme.emitted()).toEqual(emitted)
})
