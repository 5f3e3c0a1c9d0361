import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { permissionsText } from '../src/permissions.ts'
import { actionOf } from '../src/platform/policy.ts'
import { type Action, POLICY, type Role, ROLES } from '../src/platform/policy.rules.ts'
import { type Kind, wireId } from '../src/platform/ids.ts'
import { projectRoot } from '../src/platform/project.ts'
import { makeSchema } from '../src/schema.ts'
import { type Person, RECORD, tenant, type TestTenant } from './harness.ts'
import { operationsOf } from './operations.ts'

const running = await makeSchema()
const [queries, mutations] = [running.getQueryType()!, running.getMutationType()!]
const roots = [
  ...operationsOf('query', queries).map(each => ({ ...each, field: queries.getFields()[each.name]! })),
  ...operationsOf('mutation', mutations).map(each => ({ ...each, field: mutations.getFields()[each.name]! })),
]
const may = (role: Role, action: Action) => (POLICY[action].roles as Partial<Record<Role, string>>)[role] !== undefined

test('the page of permissions is the table', () => {
  expect(readFileSync(join(projectRoot, 'docs/reference/permissions.md'), 'utf8')).toBe(permissionsText(running))
})

test.each(ROLES)('every root field answers a %s as the table says, and what is denied leaves but an audit entry', async role => {
  await using acme = await tenant(`ann:${role}`)
  const before = await acme.emitted()
  const denied: string[] = []
  for (const { name, text, field } of roots) {
    const { errors } = await acme.as('ann').ask(text)
    const isDenied = Boolean(errors?.some(
      ({ extensions: { code, action } }) => code === 'FORBIDDEN' && action === actionOf(field)))
    expect([name, isDenied]).toEqual([name, !may(role, actionOf(field))])
    if (isDenied) denied.push(actionOf(field))
  }
  for (const { name, text } of operationsOf('subscription', running.getSubscriptionType()!)) {
    const action = actionOf(running.getSubscriptionType()!.getFields()[name]!)
    const opened = acme.as('ann').subscribe(text)
    await opened.until(() => opened.errors.length > 0 || opened.messages.length > 0)
    const isDenied = JSON.stringify(opened.errors).includes('FORBIDDEN')
    expect([name, isDenied]).toEqual([name, !may(role, action)])
    if (isDenied) denied.push(action)
    opened.close()
  }
  if (role === 'VIEWER') expect(await acme.emitted()).toEqual(before)
  await acme.audited()
  const entries = await acme.sql<{ action: string }>(
    `select action from audit_entry where decision = 'DENIED' and rule like '%role %'`)
  expect(entries.map(({ action }) => action).sort()).toEqual(denied.sort())
})

/** Sets a challenge and returns its id. */
async function challenge(admin: Person): Promise<string> {
  const { challengeCreate } = await admin.run(`mutation { challengeCreate(input: {
    title: "Calls", subject: USER, measure: { kind: DEALS }, days: 7, tiers: [] }) { challenge { id } } }`)
  return challengeCreate.challenge.id
}

/** Makes one of everything in a tenant and returns the ids by kind. */
async function furnish(owned: TestTenant): Promise<Map<Kind, string>> {
  const ann = owned.as('ann')
  const { teams: { nodes: [team] } } = await ann.run('{ teams { nodes { id department { id } } } }')
  const recorded = await ann.run(RECORD, { input: { activityType: 'meeting_scheduled', idempotencyKey: 'furnished-1' } })
  const { webhookEndpointCreate } = await ann.run(`mutation { webhookEndpointCreate(input: {
    url: "https://receiver.example/hook", topics: ["activity.recorded"] }) { endpoint { id } } }`)
  await ann.run('mutation { standardDeclare(input: { standard: GDPR }) { mark } }')
  const { standardWithdraw } = await ann.run(
    'mutation { standardWithdraw(input: { standard: GDPR, reason: "Furnished." }) { withdrawal { id } } }')
  return new Map<Kind, string>([
    ['User', owned.id('ann')], ['Team', team.id], ['Department', team.department.id],
    ['Activity', recorded.activityRecord.activity.id], ['WebhookEndpoint', webhookEndpointCreate.endpoint.id],
    ['Leaderboard', await board(ann, {})], ['Challenge', await challenge(ann)],
      ['StandardWithdrawal', standardWithdraw.withdrawal.id],
  ])
}

test('another tenant\'s things are answered by every field exactly as things that never were', async () => {
  await using rival = await tenant('ann:ADMIN')
  // Two alike: what was asked once may be refused the second time.
  await using acme = await tenant('ann:ADMIN')
  await using twin = await tenant('ann:ADMIN')
  const [theirs, before] = [await furnish(rival), await rival.emitted()]
  const never = (kind: Kind) => wireId(kind, randomUUID())
  const taken = new Set<string>()
  const idOf = (kind: Kind) => {
    const id = theirs.get(kind)
    if (id) taken.add(kind)
    return id ?? never(kind)
  }
  const shownBy = async (asker: TestTenant, idFor: (kind: Kind) => string) => {
    const answers: string[] = []
    for (const [kind, root] of [['query', queries], ['mutation', mutations]] as const) {
      for (const { name, text } of operationsOf(kind, root, idFor)) {
        const wanted = kind === 'query' ? '{ __typename }' : '{ __typename userErrors { code message field } }'
        const { data, errors } = await asker.as('ann').ask(text.replace('{ __typename }', wanted))
        const answer = JSON.stringify([name, data, errors?.map(({ message, extensions }) => [message, extensions])])
        answers.push(answer.replaceAll(/[a-z]{3}_[0-9a-z]{26}/g, 'an id'))
      }
    }
    return answers
  }
  expect(await shownBy(acme, idOf)).toEqual(await shownBy(twin, never))
  expect([...taken].sort())
    .toEqual(['Activity', 'Challenge', 'Department', 'Leaderboard', 'StandardWithdrawal', 'Team', 'User', 'WebhookEndpoint'])
  expect(await rival.emitted()).toEqual(before)
})

test('a schema with a root field that declares no action of the policy is not built', async () => {
  const field = { ...mutations.getFields().teamCreate!, extensions: {} }
  expect(() => actionOf(field)).toThrow('teamCreate declares no action of the policy')
  expect(() => actionOf({ ...field, extensions: { action: 'toString' } })).toThrow('declares no action')
})

const PEOPLE = '{ users(first: 100) { nodes { name } } }'
const BOARD = 'mutation($input: LeaderboardCreateInput!) { leaderboardCreate(input: $input) { leaderboard { id } } }'
const board = async (admin: Person, input: object): Promise<string> =>
  (await admin.run(BOARD, { input: { name: 'B', subject: 'USER', period: 'ALL_TIME', ...input } })).leaderboardCreate
    .leaderboard.id

test('a PARTNER never sees employees: not in lists, by id, on boards, in news, in streams or through others', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'pat:PARTNER', 'pia:PARTNER')
  const [ann, pat] = [acme.as('ann'), acme.as('pat')]
  const [everybody, partners] = [await board(ann, {}), await board(ann, { subjectIds: [acme.id('pat'), acme.id('pia')] })]
  for (const name of ['bob', 'pat', 'pia']) {
    const input = { activityType: 'meeting_scheduled', idempotencyKey: `partner-${name}`, userId: acme.id(name) }
    await ann.run(RECORD, { input })
  }
  await acme.settled()
  expect((await pat.run(PEOPLE)).users.nodes).toEqual([{ name: 'pat' }, { name: 'pia' }])
  expect((await ann.run(PEOPLE)).users.nodes).toHaveLength(4)
  const seen = await pat.run(`query($bob: ID!, $pia: ID!, $everybody: ID!) { bob: node(id: $bob) { id } pia: node(id: $pia) { id }
    everybody: leaderboard(id: $everybody) { id } leaderboards(first: 5) { nodes { id standings { nodes { user { name } } } } }
    activities { nodes { user { name } } } }`, { bob: acme.id('bob'), pia: acme.id('pia'), everybody })
  expect(seen).toEqual({
    bob: null, pia: { id: acme.id('pia') }, everybody: null,
    leaderboards: { nodes: [{ id: partners, standings: { nodes: [{ user: { name: 'pat' } }, { user: { name: 'pia' } }] } }] },
    activities: { nodes: [{ user: { name: 'pat' } }] },
  })
  const places = await pat.run(`query($everybody: ID!, $partners: ID!) { users { nodes {
    everybody: standing(leaderboardId: $everybody) { rank } partners: standing(leaderboardId: $partners) { rank } } } }`,
  { everybody, partners })
  expect(places.users.nodes).toEqual([{ everybody: null, partners: { rank: 1 } }, { everybody: null, partners: { rank: 1 } }])
  const tenantNews = await pat.ask('{ feedMessages(scope: TENANT) { __typename } }')
  expect(tenantNews.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN', action: 'feed.read' } }])
  const polled = await pat.ask(`{ leaderboardMessages(id: "${everybody}") { __typename } }`)
  expect(polled.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
  const FOLLOW = `subscription($id: ID!) { leaderboard(id: $id) {
    ... on LeaderboardSnapshot { standings { user { name manager { name } } } } } }`
  const stream = pat.subscribe(FOLLOW, { id: partners })
  expect(await stream.next()).toEqual(
    { standings: [{ user: { name: 'pat', manager: null } }, { user: { name: 'pia', manager: null } }] })
  stream.close()
})

test('nobody who works here is given the role PARTNER', async () => {
  await using acme = await tenant('ann:ADMIN')
  const CREATE = `mutation($input: UserCreateInput!) { userCreate(input: $input) { user { kind } userErrors { code field } } }`
  const input = { name: 'Pia', email: 'pia@out.example', role: 'PARTNER' }
  const refused = await acme.as('ann').run(CREATE, { input: { ...input, kind: 'EMPLOYEE' } })
  expect(refused.userCreate).toEqual({ user: null, userErrors: [{ code: 'INVALID', field: ['kind'] }] })
  expect((await acme.as('ann').run(CREATE, { input })).userCreate).toEqual({ user: { kind: 'PARTNER' }, userErrors: [] })
})
