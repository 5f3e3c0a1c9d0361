import { expect, test } from 'vitest'
import { RECORD, sharedNode, tenant, tenantOn, type TestTenant, uuid } from '../../test/harness.ts'
import { recordInputs } from '../activities/intake.service.ts'
import { changesOf } from '../points/change.rules.ts'
import { ErrorCode } from '../platform/errors.ts'
import { wireId } from '../platform/ids.ts'
import { createDepartment, createTeam, createUser, leadTeam, moveUser } from './user.service.ts'
import { UserRole } from './user.entity.ts'

const MOVE = `mutation($input: UserMoveInput!) { userMove(input: $input) { user { name team { name } } userErrors { code field }
  mark } }`
const NOBODY_ID = wireId('User', '01890000-0000-7000-8000-000000000000')

async function withBlues(acme: TestTenant) {
  const { team } = await createTeam(acme.actor(), { name: 'Blues' })
  return { id: team.id, wire: wireId('Team', team.id) }
}

test('userMove gives a person another team from now on; the same team again is no change', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const blues = await withBlues(acme)
  const move = async () => (await acme.as('ann').run(MOVE, { input: { userId: acme.id('bob'), teamId: blues.wire } })).userMove
  expect(await move())
    .toEqual({ user: { name: 'bob', team: { name: 'Blues' } }, userErrors: [], mark: expect.stringMatching(/^m/) })
  expect(await move()).toEqual({ user: { name: 'bob', team: { name: 'Blues' } }, userErrors: [], mark: null })
  expect((await acme.emitted()).filter(topic => topic === 'user.moved')).toHaveLength(1)
  const stays = await acme.sql(`select team_id as team, ends_at is null as "isOpen" from team_membership where user_id = $1
    order by starts_at`, [uuid('User', acme.id('bob'))])
  expect(stays).toEqual([{ team: acme.teamId, isOpen: false }, { team: blues.id, isOpen: true }])
  expect((await acme.as('bob').run('{ viewer { user { team { name } } } }')).viewer.user.team).toEqual({ name: 'Blues' })
})

test('userMove refuses people and teams that are not there or not ours, and changes nothing', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  await using rival = await tenant('eve')
  const team = wireId('Team', acme.teamId)
  const refusals: [object, string][] = [
    [{ userId: rival.id('eve'), teamId: team }, 'userId'], [{ userId: NOBODY_ID, teamId: team }, 'userId'],
    [{ userId: acme.id('bob'), teamId: wireId('Team', rival.teamId) }, 'teamId'],
  ]
  const before = await acme.sql('select * from team_membership order by id')
  for (const [input, field] of refusals) {
    expect((await acme.as('ann').run(MOVE, { input })).userMove)
      .toEqual({ user: null, userErrors: [{ code: 'NOT_FOUND', field: [field] }], mark: null })
  }
  expect(await acme.sql('select * from team_membership order by id')).toEqual(before)
  expect(await acme.emitted()).not.toContain('user.moved')
})

test('only an ADMIN adds people and teams and moves people', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const before = await acme.emitted()
  const commands: [string, object][] = [
    [MOVE, { input: { userId: acme.id('bob'), teamId: wireId('Team', acme.teamId) } }],
    ['mutation { userCreate(input: { name: "Cy", email: "cy@x.example" }) { mark } }', {}],
    ['mutation { teamCreate(input: { name: "Blues" }) { mark } }', {}],
  ]
  for (const role of ['VIEWER', 'MEMBER', 'PARTNER', 'FINANCE', 'COMPLIANCE', 'MANAGER'] as const) {
    for (const [command, variables] of commands) {
      const { errors } = await acme.as('bob', role).ask(command, variables)
      expect([role, errors?.map(({ extensions }) => extensions.code)]).toEqual([role, ['FORBIDDEN']])
    }
  }
  expect(await acme.emitted()).toEqual(before)
  expect(await acme.sql('select (select count(*) from users) as users, (select count(*) from team) as teams'))
    .toEqual([{ users: 2, teams: 1 }])
})

test('A-64: points count for the team of when it happened, however late it is recorded', async () => {
  const node = await sharedNode()
  await using acme = await tenantOn(node, { timeZone: 'UTC', since: new Date('2026-01-01T00:00:00Z') }, 'bob')
  const departmentId = await createDepartment(acme.actor(), 'Delivery')
  const { team: blues } = await createTeam(acme.actor(), { name: 'Blues', departmentId })
  const [sales] = await acme.sql<{ id: string }>(`select id from department where name = 'Sales'`)
  const moved = new Date('2026-03-10T12:00:00.000Z')
  await moveUser(acme.actor('bob', moved), { userId: uuid('User', acme.id('bob')), teamId: blues.id })
  const at: [occurredAt: string, team: string | null, department: string | null][] = [
    ['2026-03-10T11:59:59.999Z', acme.teamId, sales!.id], ['2026-03-10T12:00:00.000Z', blues.id, departmentId],
    ['2026-03-11T00:00:00.000Z', blues.id, departmentId],
    ['2026-01-01T00:00:00.000Z', acme.teamId, sales!.id],
  ]
  const inputs = at.map(([occurredAt], item) => ({
    activityType: 'team_support', idempotencyKey: `dated-${item}-key`, occurredAt: new Date(occurredAt),
  }))
  await recordInputs(acme.actor('bob', new Date('2026-03-12T00:00:00Z')), inputs)
  const expected = at.map(([, teamId, departmentId]) => ({ teamId, departmentId }))
  expect(await acme.sql('select team_id as "teamId", department_id as "departmentId" from point_entry order by seq'))
    .toEqual(expected)
  await acme.settled()
  const [event] = await acme.sql<{ payload: unknown }>(`select payload from event_log where topic = 'activity.recorded'`)
  expect(changesOf(event!.payload).map(({ teamId, departmentId }) => ({ teamId, departmentId }))).toEqual(expected)
})

test('who has no team has points without one', async () => {
  await using acme = await tenant('ann:ADMIN')
  const { user } = await createUser(acme.actor(), { name: 'Cy', email: 'cy@x.example', role: UserRole.MEMBER })
  const { activityRecord } = await acme.as('ann').run(
    RECORD, { input: { activityType: 'team_support', idempotencyKey: 'for-cy-alone', userId: wireId('User', user.id) } })
  expect(activityRecord.userErrors).toEqual([])
  expect(await acme.sql('select points, team_id as team, department_id as department from point_entry'))
    .toEqual([{ points: 25, team: null, department: null }])
})

test('two at once that want the same address or name are one person and one team', async () => {
  await using acme = await tenant('ann')
  const outcomes = async (works: Promise<unknown>[]) =>
    (await Promise.allSettled(works))
      .map(outcome => (outcome.status === 'fulfilled' ? 'made' : (outcome.reason as { code?: string }).code)).sort()
  const eight = Array.from({ length: 8 }, (_, at) => at)
  const expected = [...Array.from({ length: 7 }, () => ErrorCode.TAKEN), 'made']
  expect(await outcomes(eight.map(() => createUser(acme.actor(), { name: 'Cy', email: 'cy@x.example', role: UserRole.MEMBER }))))
    .toEqual(expected)
  expect(await outcomes(eight.map(() => createTeam(acme.actor(), { name: 'Blues' })))).toEqual(expected)
  expect(await outcomes(eight.map(() => createDepartment(acme.actor(), 'Delivery')))).toEqual(expected)
  expect(await acme.sql(`select (select count(*) from users) as users, (select count(*) from team) as teams,
    (select count(*) from department) as departments`))
    .toEqual([{ users: 2, teams: 2, departments: 2 }])
})

test('many moves of one person at once leave one open team and no gap between teams', async () => {
  await using acme = await tenant('ann')
  const teams = await Promise.all(
    ['Blues', 'Greens', 'Golds'].map(async name => (await createTeam(acme.actor(), { name })).team.id))
  const begun = Date.now()
  await Promise.all(Array.from({ length: 12 }, (_, at) =>
    moveUser(acme.actor('ann', new Date(begun + at)), { userId: uuid('User', acme.id('ann')), teamId: teams[at % 3]! })))
  const stays = await acme.sql<{ startsAt: Date; endsAt: Date | null }>(`select starts_at as "startsAt", ends_at as "endsAt"
    from team_membership order by starts_at`)
  expect(stays.filter(({ endsAt }) => !endsAt)).toHaveLength(1)
  expect(stays.slice(0, -1).map(({ endsAt }) => endsAt)).toEqual(stays.slice(1).map(({ startsAt }) => startsAt))
})

test('leadTeam refuses a lead who is not ours', async () => {
  await using acme = await tenant('ann')
  await using rival = await tenant('eve')
  await expect(leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuid('User', rival.id('eve')) })).rejects.toMatchObject({
    code: 'NOT_FOUND', field: ['leadId'],
  })
  await expect(leadTeam(acme.actor(), { teamId: rival.teamId, leadId: uuid('User', acme.id('ann')) })).rejects.toMatchObject({
    code: 'NOT_FOUND', field: ['teamId'],
  })
  expect(await acme.sql('select lead_id from team')).toEqual([{ lead_id: null }])
})
