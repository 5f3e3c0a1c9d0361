import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { RECORD, sharedNode, tenant, type TestTenant } from '../../test/harness.ts'

const BOARD = 'mutation($input: LeaderboardCreateInput!) { leaderboardCreate(input: $input) { leaderboard { id } } }'

async function get(acme: TestTenant | null, person: string, path: string) {
  const { url } = await sharedNode()
  const answer = await fetch(`${url}${path}`, { headers: acme ? { authorization: `Bearer ${acme.as(person).token}` } : {} })
  return { status: answer.status, body: await answer.json() as any } // eslint-disable-line
}

async function company() {
  const acme = await tenant('ann:ADMIN', 'bob', 'pat:PARTNER')
  const create = async (name: string, period: string): Promise<string> =>
    (await acme.as('ann').run(BOARD, { input: { name, subject: 'USER', period } })).leaderboardCreate.leaderboard.id
  const monthly = await create('Monthly', 'MONTHLY')
  await create('Ever', 'ALL_TIME')
  for (const [name, type] of [['bob', 'new_client_signed'], ['ann', 'meeting_scheduled']] as const) {
    await acme.as(name).run(RECORD, { input: { activityType: type, idempotencyKey: `rest-${name}-1` } })
  }
  await acme.settled()
  return { acme, monthly }
}

test('both paths of leaderboards answer the monthly board with rows, one\'s own row and its end, by default', async () => {
  const { acme, monthly } = await company()
  await using _ = acme
  for (const path of ['/api/v1/gamification/leaderboards', '/api/v1/leaderboards?metric=performance&period=monthly&limit=50']) {
    const { status, body } = await get(acme, 'ann', path)
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: monthly, name: 'Monthly', period: 'MONTHLY', timeZone: 'Europe/Berlin', size: 2 })
    expect(body.standings.nodes.map(({ rank, points, user }: any) => [rank, points, user.name])) // eslint-disable-line
      .toEqual([[1, 500, 'bob'], [2, 50, 'ann']])
    expect(body.viewerStanding).toMatchObject({ rank: 2, points: 50 })
    expect(new Date(body.periodEnd).getTime()).toBeGreaterThan(Date.now())
  }
  const { body } = await get(acme, 'bob', '/api/v1/leaderboards?period=all_time&limit=1')
  expect([body.name, body.standings.nodes.length]).toEqual(['Ever', 1])
})

test('analytics answers the last days from what is stored, all or some of it, for the token\'s own tenant only', async () => {
  const { acme } = await company()
  await using _ = acme
  const path = `/api/v1/analytics/gamification/${acme.slug}`
  const { status, body } = await get(acme, 'bob', path)
  expect(status).toBe(200)
  expect(body).toMatchObject({ people: 3, activeUsers: 2, activities: 2, points: 550 })
  expect(body.participation).toBeCloseTo(200 / 3)
  expect(body.byDay).toHaveLength(30)
  expect(body.byDay.at(-1)).toEqual({ day: body.until, activities: 2, points: 550, activeUsers: 2 })
  expect(body.byDay[0]).toEqual({ day: body.since, activities: 0, points: 0, activeUsers: 0 })
  expect(Object.keys((await get(acme, 'bob', `${path}?period=7d&metrics=points,people`)).body).sort())
    .toEqual(['people', 'points', 'since', 'until'])
  await using rival = await tenant('eve:ADMIN')
  const byId = `/api/v1/analytics/gamification/${(await rival.as('eve').run('{ viewer { tenant { id } } }')).viewer.tenant.id}`
  expect((await get(rival, 'eve', byId)).body).toMatchObject({ people: 1, activities: 0, points: 0, participation: 0 })
  for (const strange of [path, '/api/v1/analytics/gamification/nobody']) {
    const refused = await get(rival, 'eve', strange)
    expect([refused.status, refused.body.errors[0].extensions.code]).toEqual([404, 'NOT_FOUND'])
  }
})

test.each([
  ['/api/v1/leaderboards?limit=0', 400, /limit must be a whole number from 1 to 100/],
  ['/api/v1/leaderboards?limit=ten', 400, /limit/],
  ['/api/v1/leaderboards?metric=shrinkage', 400, /metric must be one of performance/],
  ['/api/v1/leaderboards?period=monthly&period=daily', 400, /period must be one of/],
  ['/api/v1/leaderboards?tenant=other', 400, /known are metric, period, limit/],
  ['/api/v1/leaderboards?period=weekly', 404, /nothing of this kind/],
  ['/api/v1/analytics/gamification/x?period=0d', 400, /period/],
  ['/api/v1/analytics/gamification/x?period=400d', 400, /days must be between 1 and 366/],
  ['/api/v1/analytics/gamification/x?metrics=secrets', 400, /metrics must be all, or some of people/],
])('%s is answered %i and what to do', async (path, status, words) => {
  const { acme } = await company()
  await using _ = acme
  const refused = await get(acme, 'bob', path)
  expect([refused.status, refused.body.errors[0].message]).toEqual([status, expect.stringMatching(words)])
})

test('rights are those of GraphQL: no token, and a partner', async () => {
  const { acme } = await company()
  await using _ = acme
  expect((await get(null, '', '/api/v1/leaderboards')).status).toBe(401)
  expect((await get(acme, 'pat', '/api/v1/leaderboards')).status).toBe(404) // Boards with employees do not exist for partners.
  const refused = await get(acme, 'pat', `/api/v1/analytics/gamification/${acme.slug}`)
  expect([refused.status, refused.body.errors[0].extensions]).toEqual([403, { code: 'FORBIDDEN', action: 'analytics.read' }])
})

test('the OpenAPI description is valid, and every answer is as it says', async () => {
  const { acme } = await company()
  await using _ = acme
  const { body } = await get(null, '', '/api/v1/openapi.json')
  expect(await new Validator().validate(structuredClone(body))).toMatchObject({ valid: true })
  expect(Object.keys(body.paths)).toEqual([
    '/api/v1/gamification/leaderboards', '/api/v1/leaderboards', '/api/v1/analytics/gamification/{tenant}'])
  const answer = body.paths['/api/v1/leaderboards'].get.responses[200].content['application/json'].schema
  const found = (await get(acme, 'ann', '/api/v1/leaderboards')).body
  expect(Object.keys(answer.properties).sort()).toEqual(Object.keys(found).sort())
  expect(answer.properties.size).toEqual({ type: 'integer', description: 'How many subjects are ranked.' })
  const { user } = answer.properties.standings.properties.nodes.items.properties
  expect(user.anyOf[0].properties.name).toMatchObject({ type: 'string' })
})
