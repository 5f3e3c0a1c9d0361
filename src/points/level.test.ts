import { Client } from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase, type Person, RECORD, tenant, tenantOn, testNode, type TestTenant } from '../../test/harness.ts'
import { booksOf, expectBooksAgree } from '../../test/ledger.ts'
import type { LaurelNode } from '../node.ts'
import { recordInputs } from '../activities/intake.service.ts'
import { readPack } from '../activities/type.service.ts'
import type { LevelChanged } from './level.reaction.ts'
import { crossings, levelFor } from './level.rules.ts'

const LEVELS = readPack('revenue').levels

test('LEVEL-1..6: the levels of a new tenant', async () => {
  await using acme = await tenant('ann')
  const { levels } = await acme.as('ann').run('{ levels { number key title threshold badge benefits } }')
  expect(levels).toEqual([
    {
      number: 1, key: 'rookie', title: 'Rookie Contributor', threshold: 0, badge: 'bronze',
      benefits: ['Basic training access', 'Mentorship assignment'],
    },
    {
      number: 2, key: 'contributor', title: 'Active Contributor', threshold: 1_000, badge: 'silver',
      benefits: ['Advanced training', 'Project leadership opportunities'],
    },
    {
      number: 3, key: 'specialist', title: 'Department Specialist', threshold: 5_000, badge: 'gold',
      benefits: ['Certification budget', 'Conference attendance', 'Flexible schedule'],
    },
    {
      number: 4, key: 'expert', title: 'Subject Matter Expert', threshold: 15_000, badge: 'platinum',
      benefits: ['Speaking opportunities', 'Bonus multiplier 1.5×', 'Innovation budget'],
    },
    {
      number: 5, key: 'master', title: 'Master Practitioner', threshold: 50_000, badge: 'diamond',
      benefits: ['Equity participation', 'Leadership track', 'Sabbatical option'],
    },
    {
      number: 6, key: 'legend', title: 'Company Legend', threshold: 100_000, badge: 'rainbow',
      benefits: ['Board advisory role', 'Profit sharing', 'Legacy recognition'],
    },
  ])
  // LEVEL-R1: the multiplier stays from LEVEL-4 up.
  expect(await acme.sql('select multiplier_bp as bp from level order by number')).toEqual(
    [10_000, 10_000, 10_000, 15_000, 15_000, 15_000].map(bp => ({ bp })))
})

test.each<[points: number, key: string]>([
  [-1, 'rookie'], [0, 'rookie'], [999, 'rookie'], [1_000, 'contributor'], [4_999, 'contributor'], [5_000, 'specialist'],
  [14_999, 'specialist'], [15_000, 'expert'],
  [49_999, 'expert'], [50_000, 'master'], [99_999, 'master'], [100_000, 'legend'], [Number.MAX_SAFE_INTEGER, 'legend'],
])('TV-02: %i points are the level %s', (points, key) => {
  expect(levelFor(LEVELS, points).key).toBe(key)
})

test.each<[from: number, to: number, entered: number[]]>([
  [1, 1, []], [1, 2, [2]], [1, 4, [2, 3, 4]], [4, 1, [3, 2, 1]], [6, 5, [5]], [3, 6, [4, 5, 6]],
])('LEVEL-R3: on the way from level %i to %i one enters %j', (from, to, entered) => {
  expect(crossings(LEVELS, from, to).map(({ number }) => number)).toEqual(entered)
})

/** What was announced, in order: `UP contributor 16000` is the level entered and the lifetime points it came with. */
async function announced(acme: TestTenant): Promise<string[]> {
  const rows = await acme.sql<{ payload: LevelChanged }>(`select payload from event_log where topic = 'level.changed'
    order by pos`)
  return rows.map(({ payload: { direction, key, points } }) => `${direction} ${key} ${points}`)
}

/** Resolves when the reaction has heard every activity so far. */
async function levelsFollowed(acme: TestTenant): Promise<void> {
  await acme.settled()
  const [{ pos }] = await acme.sql<{ pos: number }>(`select coalesce(max(pos), 0) as pos from event_log
    where topic like 'activity.%'`) as [{ pos: number }]
  for (const until = Date.now() + 15_000; ;) {
    const [cursor] = await acme.sql<{ pos: number }>(`select pos from reaction_cursor where reaction = 'levels'`)
    if (cursor && cursor.pos >= pos) break
    if (Date.now() > until) throw new Error('the reaction did not follow')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  await acme.settled()
}

/** A type that pays `points`, by the name of its first version's key. */
async function paying(acme: TestTenant, key: string, points: number): Promise<void> {
  await acme.as('ann', 'ADMIN').run(`mutation($input: ActivityTypeReviseInput!) { activityTypeRevise(input: $input) {
    userErrors { code } } }`, { input: { key, points } })
}
const record = async (person: Person, activityType: string, idempotencyKey: string): Promise<string> =>
  (await person.run(RECORD, { input: { activityType, idempotencyKey } })).activityRecord.activity.id
const reverse = (person: Person, activityId: string, idempotencyKey: string) =>
  person.run(
    'mutation($input: ActivityReverseInput!) { activityReverse(input: $input) { userErrors { code } } }',
    { input: { activityId, idempotencyKey } })
const levelOf = async (acme: TestTenant) =>
  (await acme.as('ann').run('{ viewer { user { points level { number key } } } }')).viewer.user

test('TV-03, LEVEL-R3: from 0 to 16,000 in one award announces contributor, specialist and expert, in order', async () => {
  await using acme = await tenant('ann')
  await paying(acme, 'new_client_signed', 16_000)
  await record(acme.as('ann'), 'new_client_signed', 'a-great-client')
  await levelsFollowed(acme)
  expect(await announced(acme)).toEqual(['UP contributor 16000', 'UP specialist 16000', 'UP expert 16000'])
  expect(await levelOf(acme)).toEqual({ points: 16_000, level: { number: 4, key: 'expert' } })
  const [event] = await acme.sql<{ payload: LevelChanged }>(`select payload from event_log where topic = 'level.changed'
    order by pos limit 1`)
  expect(event!.payload).toMatchObject({
    number: 2, title: 'Active Contributor', badge: 'silver', threshold: 1_000, teamId: acme.teamId, direction: 'UP',
  })
})

test('points short of the next level announce nothing, and the one that reaches it announces it once', async () => {
  await using acme = await tenant('ann')
  for (const at of [1, 2, 3]) await record(acme.as('ann'), 'conference_presentation', `talk-${at}-key`)
  await record(acme.as('ann'), 'knowledge_sharing', 'shared-once') // 975
  await levelsFollowed(acme)
  expect(await announced(acme)).toEqual([])
  expect(await levelOf(acme)).toEqual({ points: 975, level: { number: 1, key: 'rookie' } })
  await record(acme.as('ann'), 'team_support', 'the-last-points') // 1,000
  await record(acme.as('ann'), 'team_support', 'and-some-more')
  await levelsFollowed(acme)
  expect(await announced(acme)).toEqual(['UP contributor 1000'])
  expect(await levelOf(acme)).toEqual({ points: 1_025, level: { number: 2, key: 'contributor' } })
})

test('LEVEL-R3: a reversal lowers the level by events of its own, and the way up is announced again', async () => {
  await using acme = await tenant('ann')
  const ann = acme.as('ann', 'ADMIN')
  await paying(acme, 'new_client_signed', 6_000)
  const id = await record(acme.as('ann'), 'new_client_signed', 'a-client-signed')
  await levelsFollowed(acme)
  await record(acme.as('ann'), 'upsell_completion', 'and-an-upsell')
  await reverse(ann, id, 'client-takes-back')
  await levelsFollowed(acme)
  expect(await levelOf(acme)).toEqual({ points: 300, level: { number: 1, key: 'rookie' } })
  await record(acme.as('ann'), 'new_client_signed', 'signed-after-all')
  await levelsFollowed(acme)
  expect(await announced(acme)).toEqual([
    'UP contributor 6000', 'UP specialist 6000', 'DOWN contributor 300', 'DOWN rookie 300', 'UP contributor 6300',
    'UP specialist 6300'])
})

test('a level passed and lost within one batch of events is announced both ways, for each person apart', async () => {
  await using acme = await tenant('ann', 'bob')
  await acme.sql(`update activity_type set points = 1200 where key = 'new_client_signed'`)
  await acme.sql(`update activity_type set points = -500 where key = 'team_support'`)
  const items = ['new_client_signed', 'team_support', 'team_support', 'new_client_signed'].flatMap((activityType, at) =>
    ['ann', 'bob'].slice(0, at === 3 ? 1 : 2)
      .map(name => ({ activityType, idempotencyKey: `in-one-batch-${at}-${name}`, userId: acme.id(name) })))
  await recordInputs(acme.actor(), items)
  await levelsFollowed(acme)
  expect((await announced(acme)).sort())
    .toEqual(['DOWN rookie 700', 'DOWN rookie 700', 'UP contributor 1200', 'UP contributor 1200', 'UP contributor 1400'])
  expect(await acme.sql('select number from user_level')).toEqual([{ number: 2 }]) // Bob ends where he began.
})

test('a tenant without levels announces nothing and shows none', async () => {
  await using acme = await tenant('ann')
  await acme.sql('delete from level')
  await paying(acme, 'new_client_signed', 16_000)
  await record(acme.as('ann'), 'new_client_signed', 'a-great-client')
  await levelsFollowed(acme)
  expect(await announced(acme)).toEqual([])
  expect(await levelOf(acme)).toEqual({ points: 16_000, level: null })
})

test('every crossing is announced exactly once while sessions are killed and the relay changes hands', async () => {
  const addresses = await freshDatabase()
  const front = await testNode({ addresses, relay: false })
  // A start that loses its connection is refused; an operator's restarts would try again, and so does this.
  const begin = async (): Promise<LaurelNode> => testNode({ addresses }).catch(begin)
  let post = await begin()
  await using acme = await tenantOn(front, { timeZone: 'UTC' }, 'ann')
  const owner = new Client(addresses.owner)
  owner.on('error', () => {}) // Its database may be dropped under it when this test fails.
  await owner.connect()
  const killSessions = () => owner.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and usename in ('laurel_app', 'laurel_relay')`)
  const awards = 64 // 64 × 500 points: contributor at 1,000, specialist at 5,000, expert at 15,000.
  let next = 0
  const worker = async () => {
    for (let at = next++; at < awards; at = next++) {
      if (at % 7 === 3) await killSessions()
      if (at === 20 || at === 40) {
        await post.close()
        post = await begin()
      }
      const inputs = [{ activityType: 'new_client_signed', idempotencyKey: `award-${at}-key` }]
      // A command whose answer was lost is sent again with the same key.
      for (let tries = 1; !await recordInputs(acme.actor('ann'), inputs).then(() => true, () => false); tries++) {
        if (tries > 100) throw new Error('the database does not come back')
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  }
  await Promise.all([worker(), worker(), worker(), worker()])
  await owner.end()
  await levelsFollowed(acme)
  expect(await announced(acme)).toEqual(['UP contributor 1000', 'UP specialist 5000', 'UP expert 15000'])
  expect(await booksOf(acme)).toMatchObject({ activities: awards, entries: awards, keys: awards, events: awards })
  await expectBooksAgree(acme)
})
