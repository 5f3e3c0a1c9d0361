import { expect, test } from 'vitest'
import { RECORD, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { inTenantBatch } from '../platform/tenancy.ts'
import type { Rule } from '../rules/condition.rules.ts'
import { explainRule, progressOf, requirementsOf } from './progress.service.ts'
import { catalogOf } from './rule.queries.ts'
import { checkedRule, draftStatements, publishRules } from './rule.service.ts'

const PREVIEW = `query($rule: String!, $days: Int! = 30) { rulePreview(rule: $rule, days: $days) {
  preview { days requirement count subjects events isPartial sample { kind occurrence at user { name } team { name } } }
  userErrors { code message field } } }`
const atLeast = (fact: string, value: number): Rule['when'] => ({ kind: 'cmp', fact, op: 'gte', value })
const DAY_MS = 86_400_000

async function record(acme: TestTenant, name: string, daysAgo: number, activityType = 'meeting_scheduled'): Promise<string> {
  const occurredAt = new Date(Date.now() - daysAgo * DAY_MS).toISOString()
  const { activityRecord } = await acme.as(name).run(
    RECORD, { input: { activityType, idempotencyKey: crypto.randomUUID(), occurredAt } })
  return activityRecord.activity.id as string
}

async function publish(acme: TestTenant, rules: Record<string, Partial<Rule>>): Promise<void> {
  const actor = acme.actor()
  await inTenantBatch(actor, async batch => {
    const catalog = await catalogOf(acme.tenantId, statements => batch.run(statements))
    const wishes = Object.entries(rules).map(([key, rule]) =>
      ({ key, owner: 'NOBODY', rule: checkedRule({ version: 1, subject: 'USER', ...rule }, catalog) }))
    await batch.run(await draftStatements(actor, batch, wishes))
    await publishRules(actor, batch, wishes.map(({ key }) => key))
    await batch.last([])
  })
}

const rowsOf = (acme: TestTenant) => acme.sql<{ rows: number }>(
  `select (select count(*) from rule) + (select count(*) from rule_bucket) + (select count(*) from rule_standing)
     + (select count(*) from rule_unlock) + (select count(*) from outbox) + (select count(*) from event_log) as rows`)

test('UX-09: a preview tells who would have unlocked of late, with all that happened before, and writes nothing', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'cid')
  for (const [name, days] of [['ann', 90], ['ann', 80], ['ann', 5], ['bob', 70], ['bob', 60], ['bob', 50]] as const) {
    await record(acme, name, days)
  }
  const taken = await record(acme, 'cid', 3)
  for (const days of [2, 1]) await record(acme, 'cid', days)
  await acme.as('ann').run('mutation($i: ActivityReverseInput!) { activityReverse(input: $i) { userErrors { code } } }',
    { i: { activityId: taken, idempotencyKey: crypto.randomUUID() } })
  await acme.settled()
  const before = await rowsOf(acme)
  const rule = JSON.stringify({ version: 1, subject: 'USER', when: atLeast('activity.meeting_scheduled', 3) })
  const { rulePreview: { preview } } = await acme.as('ann').run(PREVIEW, { rule })
  expect(preview).toMatchObject({ // Bob had three long before, cid's third was taken back.
    days: 30, count: 1, subjects: 1, isPartial: false,
    sample: [{ kind: 'USER', occurrence: 'once', user: { name: 'ann' }, team: null }],
  })
  expect(preview.requirement).toBe('At least 3 × Meeting scheduled.')
  const { rulePreview: all } = await acme.as('ann').run(PREVIEW, { rule, days: 100 })
  expect(all.preview).toMatchObject({ count: 2, subjects: 2 })
  const monthly = { repeat: { mode: 'EVERY_PERIOD', period: 'MONTH' }, live: true }
  const team = JSON.stringify({ version: 1, subject: 'TEAM', when: atLeast('points.month', 1), ...monthly })
  const { rulePreview: teams } = await acme.as('ann').run(PREVIEW, { rule: team, days: 1 })
  expect(teams.preview.sample.map((one: { team: { name: string } }) => one.team.name)).toEqual(expect.arrayContaining(['Reds']))
  expect(await rowsOf(acme)).toEqual(before)
})

test.each<[title: string, rule: string, message: string]>([
  ['no JSON', '{', 'rule must be JSON of at most 8192 bytes.'],
  ['an unknown fact', JSON.stringify({ version: 1, subject: 'USER', when: atLeast('constructor', 1) }),
    'when.fact: "constructor" is not in the catalog'],
  ['a prerequisite that is not in force',
    JSON.stringify({ version: 1, subject: 'USER', when: atLeast('activities', 1), prerequisites: ['nothing'] }),
    'The rule needs "nothing", which is not in force for a USER.'],
])('a preview of %s says what to mend', async (_, rule, message) => {
  await using acme = await tenant('ann:ADMIN')
  const { rulePreview } = await acme.as('ann').run(PREVIEW, { rule })
  expect(rulePreview.preview).toBeNull()
  expect(rulePreview.userErrors[0].message).toContain(message)
})

test('RULE-6, RULE-7: progress is told in percent and sentences; explained, each comparison and its value', async () => {
  await using acme = await tenant('ann')
  await publish(acme, {
    fifty: { when: atLeast('activity.meeting_scheduled', 50) },
    both: {
      when: { kind: 'all', of: [atLeast('activities', 4), atLeast('metric.client_satisfaction', 4)] }, prerequisites: ['one'],
    },
    one: { when: atLeast('activities', 1) }, team: { subject: 'TEAM', when: atLeast('activities', 8) },
  })
  await record(acme, 'ann', 0)
  await record(acme, 'ann', 0)
  await expect.poll(() => acme.sql('select rule_key as rule from rule_unlock'), { timeout: 10_000 }).toEqual([{ rule: 'one' }])
  const ann = { kind: 'USER' as const, id: uuid('User', acme.id('ann')) }
  const told = await progressOf(acme.actor(), ann, () => true)
  expect([...told.keys()].sort()).toEqual(['both', 'fifty', 'one'])
  expect(told.get('fifty')).toEqual({
    key: 'fifty', version: 1, percent: 4, sentence: '2 of 50 × Meeting scheduled; 48 to go.',
    next: '2 of 50 × Meeting scheduled; 48 to go.',
  })
  expect(told.get('one')).toMatchObject({ percent: 100, next: null })
  expect((await progressOf(acme.actor(), { kind: 'TEAM', id: acme.teamId }, () => true)).get('team')!.percent).toBe(25)
  const explained = await explainRule(acme.actor(), ann, 'both')
  expect(explained!.leaves.map(({ fact, have, holds }) => [fact, have, holds])).toEqual([
    ['unlocked:one', 1, true], ['activities', 2, false], ['metric.client_satisfaction', null, null],
  ])
  expect(await explainRule(acme.actor(), ann, 'team')).toBeNull()
  expect((await requirementsOf(acme.actor())).get('fifty')).toBe('At least 50 × Meeting scheduled.')
})

test('admins define facts of the tenant\'s own; what rules read, and every tenant\'s, stay as they are', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const define = async (name: string, definition: object) => (await acme.as('ann').run(
    `mutation($input: RuleFactDefineInput!) { ruleFactDefine(input: $input) {
      fact { name example } userErrors { code message } } }`,
    { input: { name, definition: JSON.stringify(definition) } })).ruleFactDefine
  const words = { one: 'meeting', many: 'meetings' }
  const meetings = { kind: 'count', event: 'meeting_scheduled', window: { lastDays: 7 }, words }
  expect(await define('meetings.7', meetings)).toEqual(
    { fact: { name: 'meetings.7', example: 'At least 10 meetings in the last 7 days.' }, userErrors: [] })
  expect((await define('meetings.7', { ...meetings, perDayMax: 2 })).userErrors).toEqual([])
  await publish(acme, { busy: { when: atLeast('meetings.7', 3) } })
  for (const name of ['meetings.7', 'activities']) {
    expect((await define(name, meetings)).userErrors).toEqual([{ code: 'TAKEN', message: expect.any(String) }])
  }
  const { userErrors } = await define('bad', { ...meetings, event: 'nothing' })
  expect(userErrors[0].message).toContain('There are no events "nothing"')
  const { ruleFacts } = await acme.as('ann').run('{ ruleFacts(first: 100) { nodes { name } pageInfo { hasNextPage } } }')
  expect(ruleFacts.pageInfo.hasNextPage).toBe(true)
  const { ruleEventTypes } = await acme.as('ann').run('{ ruleEventTypes(first: 100) { nodes { name attributes } } }')
  expect(ruleEventTypes.nodes).toContainEqual(
    { name: 'meeting_scheduled', attributes: '{"quantity":{"type":"number"},"points":{"type":"number","signed":true}}' })
  expect((await acme.as('bob').ask('{ ruleFacts { nodes { name } } }')).errors![0]!.extensions.code).toBe('FORBIDDEN')
})
