import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tenant, uuid } from '../../test/harness.ts'
import { booksOf, eur, record, RECORD, refund, refused, reverse, writingNothing } from '../../test/revenue.ts'
import { createTeam, leadTeam, moveUser } from '../users/user.service.ts'
import { packRevenue, revenueOf } from './change.rules.ts'

test('revenue is recorded exactly, with its owner\'s team of that time, and told by ids alone', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const { team: blues } = await createTeam(acme.actor(), { name: 'Blues' })
  const occurredAt = new Date(Date.now() - 3_600_000).toISOString()
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('bob')), teamId: blues.id })
  const input = {
    amount: eur('9007199254740993.01'), recurrence: 'YEAR', ownerId: acme.id('bob'), client: 'Globex', deal: 'D-7', occurredAt,
    source: 'billing', sourceId: 'in_1', note: 'annual',
  }
  const first = await record(acme.as('ann'), input)
  expect(first).toEqual({
    revenue: {
      id: expect.stringMatching(/^rev_/), kind: 'RECOGNIZED', amount: eur('9007199254740993.01'),
      rest: { amount: '9007199254740993.01' }, recurrence: 'YEAR', client: 'Globex', deal: 'D-7', source: 'billing',
      sourceId: 'in_1', owner: { id: acme.id('bob') }, team: { id: expect.stringMatching(/^tea_/) }, original: null,
    },
    duplicate: false, idempotencyHit: false, userErrors: [], mark: expect.stringMatching(/^m/),
  })
  expect(uuid('Team', first.revenue.team.id)).toBe(acme.teamId) // An hour ago bob was in the Reds.
  const again = await writingNothing(acme, () => record(acme.as('ann'), input))
  expect(again).toEqual({ ...first, idempotencyHit: true, mark: null })
  await acme.settled()
  const [event] = await acme.sql<{ payload: object }>(`select payload from event_log where topic = 'revenue.recorded'`)
  expect(JSON.stringify(event!.payload)).not.toMatch(/Globex|D-7|annual|billing/)
  expect(revenueOf(event!.payload)).toMatchObject([{
    revenueId: uuid('RevenueFact', first.revenue.id), amountMinor: 900_719_925_474_099_301n, currency: 'EUR', recurrence: 'YEAR',
    ownerId: uuid('User', acme.id('bob')), teamId: acme.teamId, originalId: null, isCorrection: false,
  }])
  const audit = await acme.sql('select action, decision from audit_entry order by at, id')
  expect(audit).toContainEqual({ action: 'revenue.record', decision: 'ALLOWED' })
})

test('a key says one thing, and a source fact counts once whatever key it came under', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const source = { source: 'billing', sourceId: 'in_1' }
  const first = await record(ann, source)
  expect(await writingNothing(acme, () => record(ann, { ...source, amount: eur('100.01') })))
    .toEqual(refused('IDEMPOTENCY_CONFLICT', 'idempotencyKey'))
  expect(await writingNothing(acme, () => record(ann, { ...source, idempotencyKey: 'another-key', amount: eur('5.00') })))
    .toEqual({ ...first, duplicate: true, mark: null })
  // A refused command does not burn its key.
  expect(await writingNothing(acme, () => record(ann, { idempotencyKey: 'refused-key', amount: eur('0.00') })))
    .toEqual(refused('OUT_OF_RANGE', 'amount'))
  expect((await record(ann, { idempotencyKey: 'refused-key' })).userErrors).toEqual([])
  expect(await booksOf(acme)).toEqual({ facts: 2, rests: 2, rest: '20000', sum: '20000', keys: 2, events: 2 })
})

test('the same key or the same source fact twenty times at once is one fact', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const known = { source: 'crm', sourceId: 'deal-0' }
  const same = await Promise.all(Array.from({ length: 10 }, () => record(ann, known)))
  expect(same.filter(({ idempotencyHit }) => !idempotencyHit)).toHaveLength(1)
  const facts = await Promise.all(Array.from({ length: 10 }, (_, at) =>
    record(ann, { idempotencyKey: `source-key-${at}`, source: 'crm', sourceId: 'deal-1' })))
  expect(facts.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
  expect(new Set(facts.map(({ revenue }) => revenue.id)).size).toBe(1)
  expect(await booksOf(acme)).toEqual({ facts: 2, rests: 2, rest: '20000', sum: '20000', keys: 2, events: 2 })
})

test('of a batch each item is answered by itself, and repeats within it are found', async () => {
  await using acme = await tenant('ann:ADMIN')
  const item = (key: string, change: object = {}) => ({ amount: eur('1.00'), idempotencyKey: key, ...change })
  const items = [
    item('batch-key-1'), item('batch-key-1'), item('batch-key-1', { amount: eur('2.00') }), item('short'),
    item('batch-key-2', { source: 'a', sourceId: '1' }), item('batch-key-3', { source: 'a', sourceId: '1' }),
    item('batch-key-4', { amount: eur('1.001') }),
      item('batch-key-5', { amount: { amount: '1', currency: 'JPY' }, ownerId: null }),
  ]
  const { revenuesRecord } = await acme.as('ann').run(`mutation($input: RevenuesRecordInput!) { revenuesRecord(input: $input) {
    results { index revenue { owner { id } amount { amount } } duplicate idempotencyHit userErrors { code } } userErrors {
      code } } }`,
  { input: { items } })
  expect(revenuesRecord.results
    .map(({ index, duplicate, idempotencyHit, userErrors }: Record<string, any>) => // eslint-disable-line
    [index, duplicate, idempotencyHit, userErrors[0]?.code ?? null])).toEqual([
    [0, false, false, null], [1, false, true, null], [2, false, false, 'IDEMPOTENCY_CONFLICT'], [3, false, false, 'INVALID'],
    [4, false, false, null], [5, true, false, null], [6, false, false, 'INVALID'], [7, false, false, null],
  ])
  expect(revenuesRecord.results[0].revenue).toEqual({ owner: { id: acme.id('ann') }, amount: { amount: '1.00' } })
  expect(revenuesRecord.results[7].revenue).toEqual({ owner: null, amount: { amount: '1' } })
  expect(await booksOf(acme)).toEqual({ facts: 3, rests: 3, rest: '201', sum: '201', keys: 3, events: 1 })
})

test('a manager moves a million at a time, whether recorded, refunded or taken back; finance any amount', async () => {
  await using acme = await tenant('max:MANAGER', 'fay:FINANCE', 'bob')
  await leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuid('User', acme.id('max')) })
  const [max, fay] = [acme.as('max'), acme.as('fay')]
  const of = (amount: string, currency = 'EUR') =>
    ({ ownerId: acme.id('bob'), amount: { amount, currency }, idempotencyKey: `${amount}-${currency}` })
  expect((await record(max, of('1000000.00'))).userErrors).toEqual([])
  expect((await record(max, of('1000000', 'JPY'))).userErrors).toEqual([])
  for (const input of [of('1000000.01'), of('1000001', 'JPY'), of('1000000.001', 'KWD')]) {
    expect([input, await writingNothing(acme, () => record(max, input))]).toEqual([input, refused('FORBIDDEN', 'amount')])
  }
  const { revenue: { id: revenueId }, userErrors } = await record(fay, of('1000000.01'))
  expect(userErrors).toEqual([])
  expect(await writingNothing(acme, () => refund(max, { revenueId }))).toEqual(refused('FORBIDDEN', 'amount'))
  expect(await writingNothing(acme, () => reverse(max, { revenueId }))).toEqual(refused('FORBIDDEN', 'revenueId'))
  expect((await refund(max, { revenueId, amount: '0.01' })).userErrors).toEqual([])
  expect((await reverse(max, { revenueId })).userErrors).toEqual([])
  await acme.audited()
  expect(await acme.sql(`select distinct decision, rule from audit_entry where decision = 'DENIED'`)).toEqual(
    expect.arrayContaining([{ decision: 'DENIED', rule: 'FORBIDDEN amount' }]))
})

test('a manager records for the teams they lead, finance for all; a person sees their own, a manager their teams\'', async () => {
  await using acme = await tenant('ann:ADMIN', 'fay:FINANCE', 'max:MANAGER', 'bob', 'carol', 'cleo:COMPLIANCE')
  const { team: blues } = await createTeam(acme.actor(), { name: 'Blues' })
  for (const name of ['carol', 'cleo', 'fay', 'ann']) {
    await moveUser(acme.actor(), { userId: uuid('User', acme.id(name)), teamId: blues.id })
  }
  const of = (who: string, name: string) => record(acme.as(who), { idempotencyKey: `${who}-for-${name}`, ownerId: acme.id(name) })
  expect(await writingNothing(acme, () => of('max', 'bob'))).toEqual(refused('FORBIDDEN', 'ownerId'))
  await leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuid('User', acme.id('max')) })
  const bobs = await of('max', 'bob')
  expect(bobs.userErrors).toEqual([])
  expect(await writingNothing(acme, () => of('max', 'carol'))).toEqual(refused('FORBIDDEN', 'ownerId'))
  expect(await writingNothing(acme, () => record(acme.as('max'), { ownerId: null }))).toEqual(refused('FORBIDDEN', 'ownerId'))
  const carols = await of('fay', 'carol')
  expect(await writingNothing(acme, () => refund(acme.as('max'), { revenueId: carols.revenue.id })))
    .toEqual(refused('FORBIDDEN', 'revenueId'))
  const seenBy = async (name: string) => {
    const { revenueFacts } = await acme.as(name).run('{ revenueFacts { nodes { owner { id } } } }')
    return revenueFacts.nodes
      .map(({ owner }: { owner: { id: string } }) => ['bob', 'carol'].find(each => acme.id(each) === owner.id))
  }
  expect(await seenBy('ann')).toEqual(['carol', 'bob'])
  expect(await seenBy('cleo')).toEqual(['carol', 'bob'])
  expect([await seenBy('max'), await seenBy('bob'), await seenBy('carol')]).toEqual([['bob'], ['bob'], ['carol']])
  const nodes =
    await acme.as('bob').run('query($one: ID!, $other: ID!) { one: node(id: $one) { id } other: node(id: $other) { id } }',
    { one: bobs.revenue.id, other: carols.revenue.id })
  expect(nodes).toEqual({ one: { id: bobs.revenue.id }, other: null })
})

test('revenue of another tenant does not exist: not to read, to refund or to own', async () => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('eve:ADMIN')
  const { revenue } = await record(acme.as('ann'), { source: 'billing', sourceId: 'in_1' })
  const eve = rival.as('eve')
  expect(await eve.run('query($id: ID!) { node(id: $id) { id } revenueFacts { nodes { id } } }', { id: revenue.id }))
    .toEqual({ node: null, revenueFacts: { nodes: [] } })
  expect(await refund(eve, { revenueId: revenue.id })).toEqual(refused('NOT_FOUND', 'revenueId'))
  expect(await reverse(eve, { revenueId: revenue.id })).toEqual(refused('NOT_FOUND', 'revenueId'))
  expect(await record(eve, { ownerId: acme.id('ann') })).toEqual(refused('NOT_FOUND', 'ownerId'))
  // The same key and source fact are another tenant's own affair.
  expect(await record(eve, { source: 'billing', sourceId: 'in_1' }))
    .toMatchObject({ duplicate: false, idempotencyHit: false, userErrors: [] })
})

test('facts are found by client, deal, source, currency, kind and time, page by page', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const make = (at: number, change: object) => record(ann, { idempotencyKey: `filter-key-${at}`, ...change })
  const first = await make(0, { client: 'Globex', deal: 'D-1', occurredAt: '2026-01-15T10:00:00.000Z' })
  await make(1, { client: 'Initech', source: 'crm', sourceId: 'x', amount: { amount: '5', currency: 'JPY' } })
  await refund(ann, { revenueId: first.revenue.id, amount: '1.00' })
  const found = async (filter: object) => (await ann.run(`query($filter: RevenueFilterInput) { revenueFacts(filter: $filter) {
    nodes { amount {
      amount } } } }`, { filter })).revenueFacts.nodes.map(({ amount }: { amount: { amount: string } }) => amount.amount)
  expect(await found({})).toEqual(['-1.00', '5', '100.00'])
  expect(await found({ client: 'Globex' })).toEqual(['-1.00', '100.00'])
  expect(await found({ client: 'Globex', kind: 'RECOGNIZED' })).toEqual(['100.00'])
  expect(await found({ deal: 'D-1', kind: 'REFUND' })).toEqual(['-1.00'])
  expect([await found({ source: 'crm' }), await found({ currency: 'JPY' })]).toEqual([['5'], ['5']])
  expect(await found({ since: '2026-01-15T10:00:00.000Z', until: '2026-01-15T10:00:00.001Z' })).toEqual(['100.00'])
  expect(await found({ until: '2026-01-15T10:00:00.000Z' })).toEqual([])
  const page = await ann.run('{ revenueFacts(first: 2) { pageInfo { endCursor hasNextPage } } }')
  const rest = await ann.run('query($after: Cursor) { revenueFacts(after: $after) { nodes { amount { amount } } } }',
    { after: page.revenueFacts.pageInfo.endCursor })
  expect([page.revenueFacts.pageInfo.hasNextPage, rest.revenueFacts.nodes]).toEqual([true, [{ amount: { amount: '100.00' } }]])
})

test('bounds of a revenue fact', async () => {
  await using acme = await tenant('ann:ADMIN')
  const cases: [object, string, string][] = [
    [{ idempotencyKey: 'k'.repeat(7) }, 'INVALID', 'idempotencyKey'], [{ amount: eur('-1.00') }, 'OUT_OF_RANGE', 'amount'],
    [{ amount: eur('10000000000000000.00') }, 'OUT_OF_RANGE', 'amount'], [{ client: '' }, 'INVALID', 'client'],
    [{ client: 'c'.repeat(201) }, 'INVALID', 'client'], [{ deal: 'a\0b' }, 'INVALID', 'deal'],
    [{ source: 'crm' }, 'INVALID', 'sourceId'], [{ note: 'n'.repeat(501) }, 'INVALID', 'note'],
    [{ occurredAt: '2999-01-01T00:00:00.000Z' }, 'OUT_OF_RANGE', 'occurredAt'],
    [{ occurredAt: '1999-01-01T00:00:00.000Z' }, 'OUT_OF_RANGE', 'occurredAt'],
      [{ ownerId: 'usr_nobody' }, 'NOT_FOUND', 'ownerId'],
  ]
  for (const [change, code, field] of cases) {
    expect([change, await writingNothing(acme, () => record(acme.as('ann'), change))]).toEqual([change, refused(code, field)])
  }
  for (const amount of [{ amount: 1.5, currency: 'EUR' }, { amount: '1.00', currency: 'EURO' }]) {
    const { errors } = await acme.as('ann').ask(RECORD, { input: { amount, idempotencyKey: 'a-good-key' } })
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
  }
})

test('requests add facts and change none', async () => {
  await using acme = await tenant('ann:ADMIN')
  await record(acme.as('ann'))
  for (const text of ['update revenue_fact set amount_minor = 1', 'delete from revenue_fact', 'delete from revenue_rest']) {
    await expect(acme.sql(text)).rejects.toMatchObject({ code: '42501' })
  }
  await expect(acme.sql('update revenue_rest set rest_minor = -1')).rejects.toMatchObject({ code: '23514' })
})

const seed = Number(process.env.LAUREL_SEED ?? Date.now() % 2 ** 31)
test(`an event's table gives back the changes it was made of (seed ${seed})`, () => {
  const id = fc.uuid()
  const change = fc.record({
    revenueId: id, originalId: fc.option(id), ownerId: fc.option(id), teamId: fc.option(id), departmentId: fc.constant(null),
    amountMinor: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), currency: fc.constantFrom('EUR', 'JPY'),
    recurrence: fc.constantFrom('ONE_OFF', 'YEAR'), day: fc.constantFrom('2026-01-01', '2026-01-02'),
    week: fc.constant('2025-12-29'), month: fc.constant('2026-01-01'), isCorrection: fc.boolean(),
  })
  fc.assert(fc.property(fc.array(change, { maxLength: 20 }), changes => {
    expect(revenueOf(JSON.parse(JSON.stringify({ revenue: packRevenue(changes) })))).toEqual(changes)
  }), { seed })
  expect(revenueOf({})).toEqual([])
})
