import { expect, test } from 'vitest'
import { type Person, RECORD, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { booksOf, expectBooksAgree, writingNothing } from '../../test/ledger.ts'
import { wireId } from '../platform/ids.ts'
import { createTeam, leadTeam, moveUser } from '../users/user.service.ts'

const BATCH = `mutation($items: [ActivityRecordInput!]!) { activitiesRecord(input: { items: $items }) {
  results { index activity { id user { id } } duplicate idempotencyHit userErrors { code field } }
  mark userErrors { code field message } } }`
const batch = async (person: Person, items: object[]) => (await person.run(BATCH, { items })).activitiesRecord
const record = async (person: Person, input: object) => (await person.run(RECORD, { input })).activityRecord
const NOBODY_ID = wireId('User', '01890000-0000-7000-8000-000000000000')

/** Ten items of ten kinds; `round` keeps the keys and facts of each ten apart. */
function tenKinds(acme: TestTenant, rival: TestTenant, round: number): [item: object, verdict: string][] {
  const award = { activityType: 'team_support', userId: acme.id(round % 2 ? 'bob' : 'carol') }
  const fact = { source: 'crm', sourceId: `deal-${round}` }
  return [
    [{ ...award, ...fact, idempotencyKey: `new-${round}-key` }, 'NEW'],
    [{ activityType: 'meeting_scheduled', idempotencyKey: 'before-all', source: 'crm', sourceId: 'earlier' }, 'HIT'],
    [{ activityType: 'team_support', idempotencyKey: 'before-all' }, 'IDEMPOTENCY_CONFLICT idempotencyKey'],
    [{
      activityType: 'meeting_scheduled', idempotencyKey: `again-${round}-key`, source: 'crm', sourceId: 'earlier',
    }, 'DUPLICATE'],
    [{ ...award, ...fact, idempotencyKey: `inner-${round}-key` }, 'DUPLICATE'],
    [{ activityType: 'nothing_of_ours', idempotencyKey: `type-${round}-x` }, 'NOT_FOUND activityType'],
    [{ ...award, userId: NOBODY_ID, idempotencyKey: `nobody-${round}-key` }, 'NOT_FOUND userId'],
    [{ ...award, userId: rival.id('eve'), idempotencyKey: `rival-${round}-key` }, 'NOT_FOUND userId'],
    [{ ...award, quantity: 0, idempotencyKey: `none-${round}-x` }, 'OUT_OF_RANGE quantity'],
    [{ ...award, ...fact, idempotencyKey: `new-${round}-key` }, 'HIT'],
  ]
}

interface Result {
  index: number; activity: { id: string; user: { id: string } } | null; duplicate: boolean; idempotencyHit: boolean
  userErrors: { code: string; field: string[] }[]
}
const verdictOf = ({ duplicate, idempotencyHit, userErrors: [refusal] }: Result) =>
  refusal ? `${refusal.code} ${refusal.field}` : duplicate ? 'DUPLICATE' : idempotencyHit ? 'HIT' : 'NEW'

test('a batch of 1,000 answers each item for itself, in order, in one commit and one event', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob', 'carol')
  await using rival = await tenant('eve')
  const earlier = await record(acme.as('ann'), {
    activityType: 'meeting_scheduled', idempotencyKey: 'before-all', source: 'crm', sourceId: 'earlier',
  })
  const planned = Array.from({ length: 100 }, (_, round) => tenKinds(acme, rival, round)).flat()
  const { results, userErrors, mark } = await batch(acme.as('ann'), planned.map(([item]) => item))
  expect(userErrors).toEqual([])
  expect(mark).toMatch(/^m[0-9a-z]+$/)
  expect(results.map(({ index }: Result) => index)).toEqual(planned.map((_, at) => at))
  expect(results.map(verdictOf)).toEqual(planned.map(([, verdict]) => verdict))
  // Repeats answer the activity that they repeat, also within the batch.
  for (let at = 0; at < 1_000; at += 10) {
    const ids = results.slice(at, at + 10).map(({ activity }: Result) => activity?.id)
    expect(ids).toEqual([
      ids[0], earlier.activity.id, undefined, earlier.activity.id, ids[0], undefined, undefined, undefined, undefined,
      ids[0],
    ])
  }
  expect(await booksOf(acme)).toEqual({ activities: 101, entries: 101, keys: 101, sources: 101, reversals: 0, events: 2 })
  expect([await acme.points('ann'), await acme.points('bob'), await acme.points('carol'), await rival.points('eve')])
    .toEqual([50, 1_250, 1_250, 0])
  await expectBooksAgree(acme)
  // Sent again, all that was new is a hit; refusals and duplicates stay what they were.
  const again = await writingNothing(acme, () => batch(acme.as('ann'), planned.map(([item]) => item)))
  expect(again.mark).toBeNull()
  expect(again.results.map(verdictOf)).toEqual(planned.map(([, verdict]) => (verdict === 'NEW' ? 'HIT' : verdict)))
})

test('in a batch the second use of a key for something else is a conflict, and of a key whose first use was refused is not',
  async () => {
  await using acme = await tenant('ann')
  const { results } = await batch(acme.as('ann'), [
    { activityType: 'team_support', idempotencyKey: 'twice-used' },
    { activityType: 'team_mentoring', idempotencyKey: 'twice-used' },
    { activityType: 'nothing_of_ours', idempotencyKey: 'once-refused' },
    { activityType: 'team_support', idempotencyKey: 'once-refused' },
  ])
  expect(results.map(verdictOf)).toEqual(['NEW', 'IDEMPOTENCY_CONFLICT idempotencyKey', 'NOT_FOUND activityType', 'NEW'])
  expect(await acme.points('ann')).toBe(50)
})

test.each([[0, 'has 0'], [1_001, 'has 1001']])('a list of %i activities is refused as a whole', async (length, words) => {
  await using acme = await tenant('ann')
  const items = Array.from({ length }, (_, at) => ({ activityType: 'team_support', idempotencyKey: `item-${at}-key` }))
  const refused = await writingNothing(acme, () => batch(acme.as('ann'), items))
  expect(refused).toMatchObject({ results: [], mark: null, userErrors: [{ code: 'OUT_OF_RANGE', field: ['items'] }] })
  expect(refused.userErrors[0].message).toContain(words)
})

const minutesAhead = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
const NUL = '\u0000'
const BOUNDS: [title: string, change: () => object, answer: string][] = [
  ['a key of 7 characters', () => ({ idempotencyKey: 'k'.repeat(7) }), 'INVALID idempotencyKey'],
  ['a key of 8 characters', () => ({ idempotencyKey: 'k'.repeat(8) }), 'NEW'],
  ['a key of 64 characters', () => ({ idempotencyKey: '~'.repeat(64) }), 'NEW'],
  ['a key of 65 characters', () => ({ idempotencyKey: 'k'.repeat(65) }), 'INVALID idempotencyKey'],
  ['a key with a space', () => ({ idempotencyKey: 'spaced out' }), 'INVALID idempotencyKey'],
  ['a key with an accent', () => ({ idempotencyKey: 'clé-unique' }), 'INVALID idempotencyKey'],
  ['a key with a NUL', () => ({ idempotencyKey: `nul-nul-${NUL}` }), 'INVALID idempotencyKey'],
  ['a key that ends its line', () => ({ idempotencyKey: 'line-end\n' }), 'INVALID idempotencyKey'],
  ['quantity 0', () => ({ quantity: 0 }), 'OUT_OF_RANGE quantity'],
  ['quantity −1', () => ({ quantity: -1 }), 'OUT_OF_RANGE quantity'],
  ['quantity 1,000', () => ({ quantity: 1_000 }), 'NEW'],
  ['quantity 1,001', () => ({ quantity: 1_001 }), 'OUT_OF_RANGE quantity'],
  ['quantity null, which is 1', () => ({ quantity: null }), 'NEW'],
  ['4 minutes ahead', () => ({ occurredAt: minutesAhead(4) }), 'NEW'],
  ['6 minutes ahead', () => ({ occurredAt: minutesAhead(6) }), 'OUT_OF_RANGE occurredAt'],
  ['eleven years ago', () => ({ occurredAt: minutesAhead(-11 * 366 * 1_440) }), 'OUT_OF_RANGE occurredAt'],
  ['an activity before its type was there', () => ({ occurredAt: minutesAhead(-500 * 1_440) }), 'NOT_FOUND activityType'],
  ['a source alone', () => ({ source: 'crm' }), 'INVALID sourceId'],
  ['a sourceId alone', () => ({ sourceId: '7' }), 'INVALID source'],
  ['an empty source', () => ({ source: '', sourceId: '7' }), 'INVALID source'],
  ['an empty sourceId', () => ({ source: 'crm', sourceId: '' }), 'INVALID sourceId'],
  ['a source and sourceId of 100 characters', () => ({ source: 's'.repeat(100), sourceId: 'i'.repeat(100) }), 'NEW'],
  ['a source of 101 characters', () => ({ source: 's'.repeat(101), sourceId: '7' }), 'INVALID source'],
  ['a sourceId of 101 characters', () => ({ source: 'crm', sourceId: 'i'.repeat(101) }), 'INVALID sourceId'],
  ['a note of 500 characters', () => ({ note: 'ñ'.repeat(500) }), 'NEW'],
  ['a note of 501 characters', () => ({ note: 'n'.repeat(501) }), 'INVALID note'],
  ['a NUL in the note', () => ({ note: `a${NUL}b` }), 'INVALID note'],
  ['a NUL in the source', () => ({ source: NUL, sourceId: '7' }), 'INVALID source'],
  ['a NUL in the sourceId', () => ({ source: 'crm', sourceId: NUL }), 'INVALID sourceId'],
  ['a NUL in the type', () => ({ activityType: `team_support${NUL}` }), 'NOT_FOUND activityType'],
  ['a lone surrogate in the note', () => ({ note: 'half \ud83d' }), 'INVALID note'],
  ['a lone surrogate in the sourceId', () => ({ source: 'crm', sourceId: '\udc4f' }), 'INVALID sourceId'],
  ['a lone surrogate in the type', () => ({ activityType: '\ud83d' }), 'NOT_FOUND activityType'],
  ['an empty type', () => ({ activityType: '' }), 'NOT_FOUND activityType'],
  ['a type of another case', () => ({ activityType: 'Team_Support' }), 'NOT_FOUND activityType'],
  ['a type of 100,000 characters', () => ({ activityType: 't'.repeat(100_000) }), 'NOT_FOUND activityType'],
  ['a user who is no id', () => ({ userId: 'bob' }), 'NOT_FOUND userId'],
  ['a user who is a team', () => ({ userId: wireId('Team', '01890000-0000-7000-8000-000000000000') }), 'NOT_FOUND userId'],
]

test('the bounds of an activity: what lies within is recorded, what lies without is refused by name and writes nothing',
  async () => {
  await using acme = await tenant('ann:ADMIN')
  for (const [at, [title, change, expected]] of BOUNDS.entries()) {
    const input = { activityType: 'team_support', idempotencyKey: `bound-${at}-key`, ...change() }
    const work = () => record(acme.as('ann'), input)
    const answer = expected === 'NEW' ? await work() : await writingNothing(acme, work)
    expect([title, verdictOf(answer)]).toEqual([title, expected])
    // In a batch, with good ones around it, each answers the same.
    const good = (side: string) => ({ activityType: 'team_support', idempotencyKey: `${side}-${at}-good` })
    const { results } = await batch(acme.as('ann'), [good('left'), input, good('right')])
    expect([title, ...results.map(verdictOf)]).toEqual([title, 'NEW', expected === 'NEW' ? 'HIT' : expected, 'NEW'])
  }
  await expectBooksAgree(acme)
})

test.each([
  ['quantity 1.5', { quantity: 1.5 }], ['quantity "two"', { quantity: 'two' }],
  ['a time without a zone', { occurredAt: '2026-11-24T09:30:00' }],
  ['a day that does not exist', { occurredAt: '2026-02-30T09:30:00Z' }], ['a note that is a number', { note: 7 }],
  ['a field that is not there', { points: 7 }],
])('%s is a bad request', async (_title, change) => {
  await using acme = await tenant('ann')
  const input = { activityType: 'team_support', idempotencyKey: 'wrong-shape', ...change }
  const { errors } = await writingNothing(acme, () => acme.as('ann').ask(RECORD, { input }))
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
})

test('a VIEWER records nothing, a MEMBER for themself, a MANAGER for a team they lead, an ADMIN for all', async () => {
  await using acme = await tenant(
    'vic:VIEWER', 'meg', 'max:MANAGER', 'ada:ADMIN', 'bob', 'carol', 'pat:PARTNER', 'fin:FINANCE', 'com:COMPLIANCE')
  const { team: blues } = await createTeam(acme.actor(), { name: 'Blues' })
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('carol')), teamId: blues.id })
  await leadTeam(acme.actor(), { teamId: acme.teamId, leadId: uuid('User', acme.id('max')) })
  const attempts: [who: string, whom: string | null, answer: string][] = [
    ['meg', null, 'NEW'], ['meg', 'meg', 'NEW'], ['meg', 'bob', 'FORBIDDEN userId'], ['meg', 'carol', 'FORBIDDEN userId'],
    ['max', null, 'NEW'], ['max', 'bob', 'NEW'], ['max', 'carol', 'FORBIDDEN userId'], ['ada', 'bob', 'NEW'],
    ['ada', 'carol', 'NEW'],
    ['pat', null, 'NEW'], ['pat', 'bob', 'FORBIDDEN userId'], ['fin', 'bob', 'FORBIDDEN userId'],
    ['com', 'bob', 'FORBIDDEN userId'],
  ]
  for (const [at, [who, whom, expected]] of attempts.entries()) {
    const input = { activityType: 'team_support', idempotencyKey: `attempt-${at}`, ...whom && { userId: acme.id(whom) } }
    const work = () => record(acme.as(who), input)
    expect([who, whom, verdictOf(expected === 'NEW' ? await work() : await writingNothing(acme, work))])
      .toEqual([who, whom, expected])
  }
  const { errors } = await writingNothing(
    acme, () => acme.as('vic').ask(RECORD, { input: { activityType: 'team_support', idempotencyKey: 'viewer-tries' } }))
  expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  expect(errors![0]!.message).toContain('your token has VIEWER')
})

test('a MANAGER records for the teams of a department they head, and no longer for who has left their team', async () => {
  await using acme = await tenant('hed:MANAGER', 'bob')
  const attempt = async (key: string) =>
    verdictOf(await record(acme.as('hed'), { activityType: 'team_support', idempotencyKey: key, userId: acme.id('bob') }))
  expect(await attempt('not-yet-head')).toBe('FORBIDDEN userId')
  await acme.sql('update department set head_id = $1', [uuid('User', acme.id('hed'))])
  expect(await attempt('head-by-now')).toBe('NEW')
  const { team: greens } = await createTeam(acme.actor(), { name: 'Greens' })
  await moveUser(acme.actor(), { userId: uuid('User', acme.id('bob')), teamId: greens.id })
  expect(await attempt('bob-has-left')).toBe('FORBIDDEN userId')
  // Being a lead without the role is not enough.
  await leadTeam(acme.actor(), { teamId: greens.id, leadId: uuid('User', acme.id('hed')) })
  const demoted = await acme.as('hed', 'MEMBER').run(
    RECORD, { input: { activityType: 'team_support', idempotencyKey: 'only-a-lead', userId: acme.id('bob') } })
  expect(verdictOf(demoted.activityRecord)).toBe('FORBIDDEN userId')
})

test('a user of another tenant is not found, whoever asks, and neither tenant is written to', async () => {
  await using acme = await tenant('ann:ADMIN', 'max:MANAGER', 'bob')
  await using rival = await tenant('eve')
  for (const who of ['ann', 'max', 'bob']) {
    const input = { activityType: 'team_support', idempotencyKey: 'for-a-stranger', userId: rival.id('eve') }
    const refused = await writingNothing(rival, () => writingNothing(acme, () => record(acme.as(who), input)))
    expect([who, verdictOf(refused)]).toEqual([who, 'NOT_FOUND userId'])
  }
  // A source fact of another tenant is no fact of ours.
  const fact = { activityType: 'team_support', idempotencyKey: 'same-words', source: 'crm', sourceId: 'deal-7' }
  expect(verdictOf(await record(acme.as('ann'), fact))).toBe('NEW')
  expect(verdictOf(await record(rival.as('eve'), fact))).toBe('NEW')
})

test('who has left is no longer recorded for, and a token without a person must name one', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  await acme.sql('update users set deactivated_at = now() where id = $1', [uuid('User', acme.id('bob'))])
  const left = await writingNothing(acme, () => record(
    acme.as('ann'), { activityType: 'team_support', idempotencyKey: 'bob-is-gone', userId: acme.id('bob') }))
  expect(left.userErrors).toEqual([{ code: 'NOT_FOUND', message: 'This user is no longer active.', field: ['userId'] }])
  const { Person: Asker, tokenOf } = await import('../../test/harness.ts')
  const screen = new Asker(acme.node.url, await tokenOf(acme.tenantId, null, 'ADMIN'))
  expect(verdictOf(await record(screen, { activityType: 'team_support', idempotencyKey: 'for-nobody' }))).toBe('INVALID userId')
  expect(verdictOf(await record(screen, { activityType: 'team_support', idempotencyKey: 'for-ann-now', userId: acme.id('ann') })))
    .toBe('NEW')
})
