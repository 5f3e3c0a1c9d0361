import { beforeAll, expect, test } from 'vitest'
import { RECORD, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { expectBooksAgree } from '../../test/ledger.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, type Batch, inTenantBatch, retried } from '../platform/tenancy.ts'
import type { Rule } from '../rules/condition.rules.ts'
import type { LogEvent } from '../wire/events.ts'
import { type OwnerAnswer, registerOwner, type RuleUnlock } from './owner.service.ts'
import { catalogOf, packedFrom, readRulebook, subjectStatements } from './rule.queries.ts'
import { ruleReaction, settleJob } from './rule.reaction.ts'
import { checkedRule, defineFact, draftStatements, publishRules, retireRules } from './rule.service.ts'
import { engineOf, Rulings } from './rulings.ts'
import { happeningsOf } from './source.service.ts'

const awardOf = ({ rule, subjectId, occurrence, times }: RuleUnlock) => `test:${rule}:${subjectId}:${occurrence}:${times}`
const failing = { times: 0 }

async function unlocked(actor: Actor, _: Batch, unlocks: readonly RuleUnlock[]): Promise<OwnerAnswer> {
  if (failing.times-- > 0) throw new Error('this owner fails')
  return {
    statements: [emitStatement(actor.tenantId, 'test.unlocked', { rules: unlocks.map(({ rule }) => rule) })],
    awards: unlocks.filter(({ kind }) => kind === 'USER').map(unlock => ({
      key: awardOf(unlock), userId: unlock.subjectId, points: 50, type: 'test', occurredAt: unlock.earnedAt,
    })),
  }
}
beforeAll(() => registerOwner({
  owner: 'TEST', unlocked,
  revoked: async (_, __, unlocks) => ({ statements: [], withdrawn: unlocks.map(awardOf) }),
}))

/** Puts rules in force. */
async function publish(acme: TestTenant, rules: Record<string, Partial<Rule>>): Promise<void> {
  const actor = acme.actor()
  await inTenantBatch(actor, async batch => {
    const catalog = await catalogOf(acme.tenantId, statements => batch.run(statements))
    const wishes = Object.entries(rules).map(([key, rule]) =>
      ({ key, owner: 'TEST', rule: checkedRule({ version: 1, subject: 'USER', ...rule }, catalog) }))
    await batch.run(await draftStatements(actor, batch, wishes))
    await publishRules(actor, batch, wishes.map(({ key }) => key))
    await batch.last([])
  })
}

const atLeast = (fact: string, value: number): Rule['when'] => ({ kind: 'cmp', fact, op: 'gte', value })
const LOG = 'select pos, mark, topic, payload, at from event_log order by pos'
let count = 0
async function record(acme: TestTenant, activityType = 'meeting_scheduled', more: object = {}): Promise<string> {
  const input = { activityType, idempotencyKey: `key-of-${++count}`, ...more }
  const { activityRecord } = await acme.as('ann').run(RECORD, { input })
  expect(activityRecord.userErrors).toEqual([])
  return activityRecord.activity.id as string
}
const reverse = (acme: TestTenant, activityId: string) => acme.as('ann', 'ADMIN').run(
  'mutation($input: ActivityReverseInput!) { activityReverse(input: $input) { userErrors { code } } }',
  { input: { activityId, idempotencyKey: `key-of-${++count}` } })

/** Resolves when the rules have heard all there is. */
async function heard(acme: TestTenant): Promise<void> {
  await acme.settled()
  await expect.poll(async () => {
    const [row] = await acme.sql<{ left: number }>(`select count(*) as left from event_log e join reaction_cursor c
      on c.tenant_id = e.tenant_id and c.reaction = 'rules' and e.pos > c.pos where e.topic ~ '^(activity|points)[.]'`)
    return row!.left
  }, { timeout: 10_000 }).toBe(0)
  await acme.settled()
}
const unlocksOf = (acme: TestTenant) => acme.sql(
  `select rule_key as rule, subject_kind as kind, occurrence, times, revoked_at is not null as revoked from rule_unlock
   order by rule_key, subject_kind, occurrence`)

/** What is kept of ann, of her team and of the tenant. */
async function kept(acme: TestTenant) {
  const subjects = [
    { kind: 'USER' as const, id: uuid('User', acme.id('ann')) }, { kind: 'TEAM' as const, id: acme.teamId },
    { kind: 'TENANT' as const, id: acme.tenantId },
  ]
  return inTenantBatch(acme.actor(), async ({ run }) =>
    packedFrom(acme.tenantId, subjects, await run(subjectStatements(acme.tenantId, subjects))))
}

test('A-32, ACH-R1: sixteen events at once unlock once, pay once, and leave one unlock with its facts (RULE-7)', async () => {
  await using acme = await tenant('ann')
  await publish(acme, { ten: { when: atLeast('activity.meeting_scheduled', 10) } })
  await Promise.all(Array.from({ length: 16 }, () => record(acme)))
  await heard(acme)
  expect(await unlocksOf(acme)).toEqual([{ rule: 'ten', kind: 'USER', occurrence: 'once', times: 1, revoked: false }])
  expect(await acme.sql(`select rule_version as version, owner, (facts ->> 'activity.meeting_scheduled')::int >= 10 as is_told
    from rule_unlock`)).toEqual([{ version: 1, owner: 'TEST', is_told: true }])
  const told = ['test.unlocked', 'points.granted']
  expect((await acme.emitted()).filter(topic => told.includes(topic))).toEqual(told)
  await expectBooksAgree(acme)
})

test('UX-07: an unlock is dated by the event that completed it, also for one that arrives late', async () => {
  await using acme = await tenant('ann')
  await publish(acme, { two: { when: atLeast('activity.meeting_scheduled', 2) } })
  const occurredAt = '2026-03-10T09:00:00.000Z'
  await record(acme, 'meeting_scheduled', { occurredAt: '2026-03-01T09:00:00.000Z' })
  await record(acme, 'meeting_scheduled', { occurredAt })
  await heard(acme)
  const rows = await acme.sql<{ at: Date }>('select earned_at as at from rule_unlock')
  expect(rows.map(({ at }) => at.toISOString())).toEqual([occurredAt])
})

test('UX-03: KEEP stays, REVOKE goes with its points, and comes again as another time', async () => {
  await using acme = await tenant('ann')
  const when = atLeast('activity.meeting_scheduled', 1)
  await publish(acme, { keep: { when }, revoke: { when, onReversal: 'REVOKE' } })
  const first = await record(acme)
  await heard(acme)
  await reverse(acme, first)
  await heard(acme)
  expect(await unlocksOf(acme)).toEqual([
    { rule: 'keep', kind: 'USER', occurrence: 'once', times: 1, revoked: false },
    { rule: 'revoke', kind: 'USER', occurrence: 'once', times: 1, revoked: true },
  ])
  expect(await acme.points('ann')).toBe(50)
  await record(acme)
  await heard(acme)
  expect((await unlocksOf(acme))[1]).toEqual({ rule: 'revoke', kind: 'USER', occurrence: 'once', times: 2, revoked: false })
  expect(await acme.points('ann')).toBe(150) // The activity pays 50.
  await expectBooksAgree(acme)
})

test('what was recorded before a rule is in force is not counted, and taking it back takes nothing', async () => {
  await using acme = await tenant('ann')
  const before = await record(acme)
  await publish(acme, { two: { when: atLeast('activity.meeting_scheduled', 2) } })
  await record(acme)
  await reverse(acme, before)
  await heard(acme)
  expect(await unlocksOf(acme)).toEqual([])
  await record(acme)
  await heard(acme)
  expect(await unlocksOf(acme)).toHaveLength(1)
})

test('RULE-5: users, teams and the tenant count apart, attributes narrow, and what is kept is what happened', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const revise = await acme.as('ann').run(
    'mutation($input: ActivityTypeReviseInput!) { activityTypeRevise(input: $input) { userErrors { message } } }',
    { input: { key: 'meeting_scheduled', attributes: [
      { name: 'size', type: 'TEXT' }, { name: 'amount', type: 'NUMBER', decimals: 2 },
    ] } })
  expect(revise.activityTypeRevise.userErrors).toEqual([])
  const words = { name: 'in big meetings', unit: 'EUR' }
  await defineFact(
    acme.actor(), 'big', { kind: 'sum', event: 'meeting_scheduled', where: { size: 'big' }, of: 'amount', words })
  await publish(acme, {
    big: { when: atLeast('big', 100) }, team: { subject: 'TEAM', when: atLeast('big', 150) },
    tenant: { subject: 'TENANT', when: atLeast('activities', 5) },
    level: { when: atLeast('points.reached', 100), prerequisites: ['big'] },
    mean: { when: { kind: 'cmp', fact: 'points.day', op: 'lt', value: 50 }, repeat: { mode: 'EVERY_PERIOD', period: 'MONTH' } },
  })
  const sized = (size: string, amount: string) =>
    ({ attributes: [{ name: 'size', value: size }, { name: 'amount', value: amount }] })
  await record(acme, 'meeting_scheduled', sized('big', '99.99'))
  await record(acme, 'meeting_scheduled', sized('small', '500'))
  await heard(acme)
  expect(await unlocksOf(acme)).toEqual([])
  await record(acme, 'meeting_scheduled', sized('big', '0.01'))
  const taken = await record(acme, 'meeting_scheduled', { ...sized('big', '60'), userId: acme.id('bob') })
  await record(acme, 'team_support')
  await heard(acme)
  await reverse(acme, taken)
  await heard(acme)
  expect((await unlocksOf(acme)).map(({ rule, kind }) => `${String(rule)} ${String(kind)}`)).toEqual(
    ['big USER', 'level USER', 'team TEAM', 'tenant TENANT'])

  const events = await acme.sql<LogEvent & Record<string, unknown>>(LOG)
  const book = await readRulebook(acme.actor())
  const { engine } = engineOf(book)
  const scratch = await happened(acme, events)
  for (const [event, sign] of scratch) void (sign > 0 ? engine.apply(event, Date.now()) : engine.reverse(event, Date.now()))
  const wanted = engine.pack().filter(({ id }) => id !== uuid('User', acme.id('bob')))
    .map(subject => ({ ...subject, facts: withoutUnlocks(subject.facts) }))
  const bySubject = (list: { kind: string }[]) => list.toSorted((one, other) => one.kind < other.kind ? -1 : 1)
  expect(bySubject(await kept(acme))).toEqual(bySubject(wanted))
})

const withoutUnlocks = (facts: Record<string, unknown>) => // An empty fact and one that is not there are the same.
  Object.fromEntries(Object.entries(facts).filter(([name, list]) => !name.includes('unlocked:') && (list as []).length))

/** Returns what the whole log tells rules, with no memory at all. */
async function happened(acme: TestTenant, events: LogEvent[]) {
  return inTenantBatch(acme.actor(), async ({ run }) => {
    const reading = { tenantId: acme.tenantId, zone: 'Europe/Berlin', run, isRead: () => true }
    return (await happeningsOf(reading, events)).map(({ event, sign }) => [event, sign] as const)
  })
}

test('an owner that fails, and an engine that forgets all between two events, lose and double nothing', async () => {
  await using acme = await tenant('ann')
  await publish(acme, { three: { when: atLeast('activity.meeting_scheduled', 3) } })
  failing.times = 2
  await Promise.all([record(acme), record(acme), record(acme)])
  await expect.poll(() => unlocksOf(acme), { timeout: 10_000 }).toHaveLength(1)
  expect(failing.times).toBeLessThan(0)
  await heard(acme)
  const [one] = await kept(acme)
  // The log once more, event by event, each time with nothing remembered: the rules stand elsewhere in it, so nobody else hears.
  await acme.sql('update rule_standing set earned = \'[]\', granted = \'[]\', percent = 0')
  await acme.sql('delete from rule_bucket')
  const events = await acme.sql<LogEvent & Record<string, unknown>>(LOG)
  for (const event of events) {
    await retried(() => inTenantBatch(acme.actor(), async batch => {
      const actor = acme.actor()
      await batch.last(await ruleReaction(new Rulings()).react(actor, batch, [event]))
    }))
  }
  const [again] = await kept(acme)
  expect(again!.facts).toEqual(one!.facts)
  expect(again!.rules.three!.earned).toEqual(one!.rules.three!.earned)
  expect((await unlocksOf(acme)).length).toBe(1)
})

test('what can fall again waits for the close of its period, 24 hours after its end, and is settled once', async () => {
  await using acme = await tenant('ann')
  await publish(acme, { calm: {
    when: { kind: 'cmp', fact: 'activities.month', op: 'lte', value: 2 }, repeat: { mode: 'EVERY_PERIOD', period: 'MONTH' },
  } })
  await record(acme, 'meeting_scheduled', { occurredAt: '2026-03-10T09:00:00.000Z' })
  await record(acme, 'meeting_scheduled')
  await heard(acme)
  const told = () => acme.sql('select occurrence, earned_at as at from rule_unlock order by occurrence')
  expect(await told()).toEqual([{ occurrence: 'MONTH:2026-03-01', at: new Date('2026-03-31T21:59:59.999Z') }]) // It came late.
  const [{ open }] = await acme.sql<{ open: number }>('select open_from as open from rule_standing') as [{ open: number }]
  expect(open).toBeGreaterThan(20_000)
  const job = settleJob(new Rulings())
  await job.run(acme.actor(undefined, new Date(Date.now() + 10 * 86_400_000 - 40 * 86_400_000)))
  expect(await told()).toHaveLength(1)
  const later = new Date(Date.now() + 40 * 86_400_000)
  await Promise.all([job.run(acme.actor(undefined, later)), settleJob(new Rulings()).run(acme.actor(undefined, later))])
  expect(await told()).toHaveLength(2)
  expect(await acme.sql('select open_from as open from rule_standing')).toEqual([{ open: null }])
})

test('RULE-9: a new version carries on with what was counted; a rule that another needs is not retired', async () => {
  await using acme = await tenant('ann')
  await publish(acme, { five: { when: atLeast('activity.meeting_scheduled', 5) } })
  await record(acme)
  await record(acme)
  await heard(acme)
  await publish(acme, { five: { when: atLeast('activity.meeting_scheduled', 3) }, next: {
    when: atLeast('activities', 1), prerequisites: ['five'],
  } })
  await record(acme)
  await heard(acme)
  expect((await acme.sql('select rule_key as rule, rule_version as version from rule_unlock order by 1'))).toEqual(
    [{ rule: 'five', version: 2 }, { rule: 'next', version: 1 }])
  const retire = (...keys: string[]) => inTenantBatch(acme.actor(), async batch => {
    await retireRules(acme.actor(), batch, keys)
    await batch.last([])
  })
  await expect(retire('five')).rejects.toThrow('"next" needs it: retire or revise that first.')
  await retire('five', 'next')
  await record(acme)
  await heard(acme)
  expect(await acme.sql(`select status, version from rule where key = 'five' order by version`)).toEqual(
    [{ status: 'RETIRED', version: 1 }, { status: 'RETIRED', version: 2 }])
})
