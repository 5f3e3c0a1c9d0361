import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { asOwner, RECORD, sharedNode, tenant } from '../../test/harness.ts'

interface Entry {
  id: string; action: string; decision: string; rule: string | null; subject: string | null; actor: { name: string } | null
  forUser: { name: string } | null; beforeHash: string | null; afterHash: string | null; ip: string; correlationId: string
}
const ENTRIES = `query($search: AuditSearchInput, $first: Int, $after: Cursor) {
  auditEntries(search: $search, first: $first, after: $after) {
  pageInfo { hasNextPage endCursor }
  nodes { id action decision rule subject actor { name } forUser { name } beforeHash afterHash ip correlationId } } }`
const MOVE = `mutation($input: UserMoveInput!) { userMove(input: $input) { userErrors { code } } }`
const record = (idempotencyKey: string, more = {}) => ({ input: { activityType: 'meeting_scheduled', idempotencyKey, ...more } })

async function company() {
  const acme = await tenant('ann:ADMIN', 'bob', 'fay:FINANCE')
  const entries = async (search = {}): Promise<Entry[]> => {
    await acme.audited()
    return (await acme.as('fay').run(ENTRIES, { search })).auditEntries.nodes as Entry[]
  }
  return { acme, entries }
}

test('each command leaves one entry: carried out, repeated, refused, denied', async () => {
  const { acme, entries } = await company()
  await using _ = acme
  const [ann, bob] = [acme.as('ann'), acme.as('bob')]
  await ann.run(RECORD, record('audit-first', { userId: acme.id('bob') }))
  await ann.run(RECORD, record('audit-first', { userId: acme.id('bob') }))
  await ann.run(RECORD, record('audit-wrong', { quantity: 0 }))
  await bob.run(RECORD, record('audit-other', { userId: acme.id('ann') }))
  await bob.ask(`mutation { teamCreate(input: { name: "Greens" }) { team { id } } }`)
  await bob.ask(`{ auditEntries { nodes { id } } }`)
  const [activity] = await acme.sql<{ id: string; body: Buffer }>(
    'select a.id, k.body_hash as body from activity a join command_key k on k.result_id = a.id')
  const shown = (await entries()).map(({ action, decision, rule, actor }) => [actor?.name, action, decision, rule])
  expect(shown.sort()).toEqual([
    ['ann', 'activity.record', 'ALLOWED', null], ['ann', 'activity.record', 'ALLOWED', 'nothing new'],
    ['ann', 'activity.record', 'REFUSED', 'OUT_OF_RANGE quantity'], ['bob', 'activity.record', 'DENIED', 'FORBIDDEN userId'],
    ['bob', 'audit.read', 'DENIED', 'audit.read: role MEMBER'], ['bob', 'team.write', 'DENIED', 'team.write: role MEMBER'],
  ])
  const [carriedOut] = (await entries({ decision: 'ALLOWED' })).filter(({ rule }) => rule === null)
  expect(carriedOut).toMatchObject({
    subject: `activity:${activity!.id}`, forUser: { name: 'bob' }, ip: '127.0.0.1', beforeHash: null,
    afterHash: createHash('sha256').update(activity!.body).digest('hex'),
  })
})

test('an entity that changes leaves the hash of its rows before and after', async () => {
  const { acme, entries } = await company()
  await using _ = acme
  const ann = acme.as('ann')
  const { userDeactivate } = await ann.run(
    `mutation($input: UserDeactivateInput!) { userDeactivate(input: $input) { userErrors { code } } }`,
    { input: { userId: acme.id('bob') } })
  expect(userDeactivate.userErrors).toEqual([])
  const [entry] = await entries({ action: 'user.write' })
  expect(entry).toMatchObject({
    decision: 'ALLOWED', beforeHash: expect.stringMatching(/^[0-9a-f]{64}$/), afterHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    subject: expect.stringMatching(/^user:/),
  })
  expect(entry!.beforeHash).not.toBe(entry!.afterHash)
  const missing = await ann.run(MOVE, { input: { userId: acme.id('bob'), teamId: 'tea_0000000000e008000000000000' } })
  expect(missing.userMove.userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
  expect((await entries({ decision: 'REFUSED' }))[0])
    .toMatchObject({ action: 'user.write', rule: 'NOT_FOUND teamId', afterHash: null })
})

test('commands that share a commit leave an entry each', async () => {
  const { acme, entries } = await company()
  await using _ = acme
  await Promise.all(Array.from({ length: 32 }, (_, at) => acme.as('ann').run(RECORD, record(`together-${at}`))))
  const own = await entries({ action: 'activity.record' })
  expect(own.map(({ decision, rule }) => `${decision} ${rule}`)).toEqual(Array(own.length).fill('ALLOWED null'))
  expect(new Set(own.map(({ subject }) => subject)).size).toBe(own.length)
  expect(await acme.sql('select count(*)::int as count from audit_entry')).toEqual([{ count: 32 }])
})

test('pages follow one another, and the search narrows by person, action, decision and time', async () => {
  const { acme, entries } = await company()
  await using _ = acme
  for (let at = 0; at < 5; at++) await acme.as('bob').run(RECORD, record(`page-${at}`))
  const middle = new Date()
  await acme.as('ann').run(RECORD, record('page-late'))
  await acme.audited()
  const first = (await acme.as('fay').run(ENTRIES, { first: 4 })).auditEntries
  const rest = (await acme.as('fay').run(ENTRIES, { first: 4, after: first.pageInfo.endCursor })).auditEntries
  expect([first.nodes.length, first.pageInfo.hasNextPage]).toEqual([4, true])
  expect([rest.nodes.length, rest.pageInfo.hasNextPage]).toEqual([2, false])
  expect(await entries({ actorId: acme.id('bob') })).toHaveLength(5)
  expect(await entries({ until: middle.toISOString() })).toHaveLength(5)
  expect(await entries({ since: middle.toISOString() })).toHaveLength(1)
  const wrong = await acme.as('fay').ask(ENTRIES, { search: { action: 'everything' } })
  expect(wrong.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
})

test('the export is JSON Lines from the oldest on, for those who may, of their own tenant', async () => {
  const { acme } = await company()
  await using _ = acme
  await using rival = await tenant('eve:ADMIN')
  await rival.as('eve').run(RECORD, record('rival-1'))
  for (let at = 0; at < 3; at++) await acme.as('bob').run(RECORD, record(`export-${at}`))
  await acme.audited()
  const { url } = await sharedNode()
  const get = (path: string, token: string) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
  const answer = await get('/audit.jsonl', acme.as('fay').token)
  const lines = (await answer.text()).trim().split('\n')
    .map(line => JSON.parse(line) as { at: string; actor: string; action: string })
  expect(answer.headers.get('content-type')).toBe('application/jsonl; charset=utf-8')
  expect(lines.map(({ actor, action }) => [actor, action])).toEqual(Array(3).fill([acme.id('bob'), 'activity.record']))
  expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).sort())
  expect((await get('/audit.jsonl', acme.as('bob').token)).status).toBe(403)
  expect((await get('/audit.jsonl?since=yesterday', acme.as('fay').token)).status).toBe(400)
  const later = await get(`/audit.jsonl?since=${new Date(Date.now() + 60_000).toISOString()}`, acme.as('fay').token)
  expect([later.status, await later.text()]).toEqual([200, ''])
})

test('nobody changes or removes an entry, not even the owner of the table', async () => {
  const { acme } = await company()
  await using _ = acme
  await acme.as('ann').run(RECORD, record('forever-1'))
  const { db } = await sharedNode()
  const database = db.addresses.app.database!
  for (const change of [`update audit_entry set rule = 'x'`, 'delete from audit_entry', 'truncate audit_entry']) {
    const asSuper = `set session_replication_role = origin; set row_security = off; ${change}`
    await expect(asOwner(database, asSuper)).rejects.toMatchObject({ code: '42501' })
  }
})

test('a request is named by its correlation id, the client\'s own when it sent one', async () => {
  const { acme, entries } = await company()
  await using _ = acme
  const { url } = await sharedNode()
  const correlationId = '0199a000-0000-7000-8000-00000000abcd'
  const ask = (headers: object) => fetch(`${url}/graphql`, {
    method: 'POST', body: JSON.stringify({ query: RECORD, variables: record('correlated-1') }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${acme.as('bob').token}`, ...headers },
  })
  expect((await ask({ 'x-correlation-id': correlationId })).headers.get('x-correlation-id')).toBe(correlationId)
  expect((await entries())[0]).toMatchObject({ correlationId })
  expect((await ask({ 'x-correlation-id': '\'; drop table' })).headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/)
})
