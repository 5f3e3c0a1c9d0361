/** Lists keep their places apart: a cursor says which list it is of, and is refused by every other one. */
import { expect, test } from 'vitest'
import { RECORD, tenant } from './harness.ts'

test('every list continues after its own cursor and refuses that of another list', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const ann = acme.as('ann')
  const boards: string[] = []
  for (const name of ['One', 'Two']) {
    const { leaderboardCreate } = await ann.run(`mutation($name: String!) { leaderboardCreate(input: {
      name: $name, subject: USER, period: ALL_TIME }) { leaderboard { id } } }`, { name })
    boards.push(leaderboardCreate.leaderboard.id)
  }
  let mark = ''
  for (const name of ['ann', 'bob']) {
    ({ activityRecord: { mark } } = await ann.run(RECORD, {
      input: { activityType: 'team_support', idempotencyKey: `lists-of-${name}`, userId: acme.id(name) } }))
  }
  const root = (field: string) => [field, `query($after: Cursor) { list: ${field} { pageInfo { endCursor } } }`]
  const standings = (id: string) => [`standings of ${id}`, `query($after: Cursor) { leaderboard(id: "${id}") {
    list: standings(after: $after, atLeast: "${mark}") { pageInfo { endCursor } } } }`]
  const lists = new Map([
    ...['users', 'teams', 'departments', 'activityTypes', 'activities', 'leaderboards']
      .map(name => root(`${name}(after: $after)`)),
    ...['ann', 'bob'].map(name => root(`activities(userId: "${acme.id(name)}", after: $after)`)), ...boards.map(standings),
  ] as [string, string][])
  const pageOf = async (query: string, after: string | null) => {
    const { data, errors } = await ann.ask(query, { after })
    return errors ? errors[0]!.extensions.code : (data.list ?? data.leaderboard.list).pageInfo.endCursor as string | null
  }
  const cursors = new Map<string, string>()
  for (const [name, query] of lists) cursors.set(name, (await pageOf(query, null))!)
  expect(new Set(cursors.values()).size).toBe(10)
  for (const [name, query] of lists) {
    for (const [owner, cursor] of cursors) {
      expect([name, owner, await pageOf(query, cursor)]).toEqual([name, owner, owner === name ? null : 'BAD_REQUEST'])
    }
  }
})
