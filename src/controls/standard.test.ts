import { Client } from 'pg'
import { expect, test } from 'vitest'
import { asOwner, Person, RECORD, tenant, tenantOn, testNode, type TestTenant, tokenOf, uuid } from '../../test/harness.ts'
import type { Role } from '../platform/tenancy.ts'
import { type Declaration, demandsOf, refusalForDeclaration, type StandardName } from './standard.rules.ts'

const DECLARE = `mutation($input: StandardDeclareInput!) { standardDeclare(input: $input) {
  declared { standard regions sessionMinutesMax auditDaysMin declaredBy { name } } userErrors { code field } mark } }`
const WITHDRAW = `mutation($input: StandardWithdrawInput!) { standardWithdraw(input: $input) {
  withdrawal { id standard reason state askedBy { name } decidedBy { name } } userErrors { code field } } }`
const APPROVE = `mutation($input: StandardWithdrawalApproveInput!) { standardWithdrawalApprove(input: $input) {
  withdrawal { state askedBy { name } decidedBy { name } } userErrors { code field } mark } }`
const DECLARED = '{ standards { declared { standard } withdrawals { id state } } }'
const PAN = '4111 1111 1111 1111'
const HOUR = 3_600_000

const declare = async (person: Person, input: object) => (await person.run(DECLARE, { input })).standardDeclare
const declared = async (person: Person): Promise<string[]> =>
  (await person.run(DECLARED)).standards.declared.map(({ standard }: { standard: string }) => standard)
/** A person of the tenant whose session began a while ago. */
const since = async (acme: TestTenant, name: string, role: Role, agoMs: number) => new Person(
  acme.node.url, await tokenOf(acme.tenantId, uuid('User', acme.id(name)), role, new Date(Date.now() - agoMs)))

const own = (standard: StandardName, change: Partial<Declaration> = {}): Declaration =>
  ({ standard, regions: [], sessionMinutesMax: null, auditDaysMin: null, ...change })

test.each<[what: string, declared: Declaration[], demands: object]>([
  ['nothing', [], { sessionMs: null, auditDaysMin: null, refusesPan: false, regions: null }],
  ['GDPR alone', [own('GDPR')], { sessionMs: null, auditDaysMin: null, refusesPan: false, regions: null }],
  ['SOC2', [own('SOC2')], { sessionMs: 12 * HOUR, auditDaysMin: 366, refusesPan: false, regions: null }],
  ['PCI_DSS', [own('PCI_DSS')], { sessionMs: 8 * HOUR, auditDaysMin: 366, refusesPan: true, regions: null }],
  ['HIPAA and PCI_DSS', [own('HIPAA'), own('PCI_DSS')],
    { sessionMs: 8 * HOUR, auditDaysMin: 2_192, refusesPan: true, regions: null }],
  ['own figures', [own('SOC2', { sessionMinutesMax: 60, auditDaysMin: 400 }), own('PCI_DSS')],
    { sessionMs: HOUR, auditDaysMin: 400, refusesPan: true, regions: null }],
  ['two lists of regions', [own('GDPR', { regions: ['eu-1', 'eu-2'] }), own('SOC2', { regions: ['eu-2', 'us-1'] })],
    { sessionMs: 12 * HOUR, auditDaysMin: 366, refusesPan: false, regions: ['eu-2'] }],
])('%s demands of each figure the tightest', (_what, standards, demands) => {
  expect(demandsOf(standards)).toEqual(demands)
})

test.each<[what: string, wished: Declaration, current: Declaration | null, refusal: [string, string] | null]>([
  ['the standard\'s own', own('SOC2'), null, null], ['a tighter session', own('SOC2', { sessionMinutesMax: 720 }), null, null],
  ['a longer session', own('SOC2', { sessionMinutesMax: 721 }), null, ['OUT_OF_RANGE', 'sessionMinutesMax']],
  ['4 minutes', own('GDPR', { sessionMinutesMax: 4 }), null, ['OUT_OF_RANGE', 'sessionMinutesMax']],
  ['a longer audit', own('HIPAA', { auditDaysMin: 2_192 }), null, null],
  ['a shorter audit', own('HIPAA', { auditDaysMin: 2_191 }), null, ['OUT_OF_RANGE', 'auditDaysMin']],
  ['looser than before', own('SOC2', { sessionMinutesMax: 61 }), own('SOC2', { sessionMinutesMax: 60 }),
    ['OUT_OF_RANGE', 'sessionMinutesMax']],
  ['this node\'s region', own('GDPR', { regions: ['eu-1', 'eu-2'] }), null, null],
  ['other regions only', own('GDPR', { regions: ['eu-2'] }), null, ['INVALID', 'regions']],
  ['a region in capitals', own('GDPR', { regions: ['EU-1'] }), null, ['INVALID', 'regions']],
  ['more regions than before', own('GDPR', { regions: ['eu-1', 'eu-2'] }), own('GDPR', { regions: ['eu-1'] }),
    ['OUT_OF_RANGE', 'regions']],
  ['all regions after one', own('GDPR'), own('GDPR', { regions: ['eu-1'] }), ['OUT_OF_RANGE', 'regions']],
])('a declaration with %s is judged', (_what, wished, current, refusal) => {
  const found = refusalForDeclaration(wished, current, [], 'eu-1')
  expect(found && [found.code, ...found.field]).toEqual(refusal)
})

test('a declared standard ends sessions that are too old, over HTTP and on open sockets, and only its tenant\'s', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  await using rival = await tenant('eve')
  const old = await since(acme, 'bob', 'MEMBER', 8 * HOUR + 1_000)
  const young = await since(acme, 'bob', 'MEMBER', 8 * HOUR - 60_000)
  const elsewhere = await since(rival, 'eve', 'MEMBER', 9 * HOUR)
  const socket = old.subscribe('subscription { feed(scope: ME) { __typename } }')
  const spared = young.subscribe('subscription { feed(scope: ME) { __typename } }')
  await Promise.all([socket.next(), spared.next()])
  expect(await declare(acme.as('ann'), { standard: 'PCI_DSS' })).toEqual({
    declared: { standard: 'PCI_DSS', regions: [], sessionMinutesMax: null, auditDaysMin: null, declaredBy: { name: 'ann' } },
    userErrors: [], mark: expect.any(String) })
  const over = [{ message: 'This session has lasted as long as your tenant\'s standards allow: sign in again.',
    extensions: { code: 'UNAUTHENTICATED' } }]
  expect((await old.ask('{ viewer { role } }')).errors).toMatchObject(over)
  await socket.until(() => socket.closedWith !== null)
  expect(socket.closedWith!.code).toBe(4401)
  const again = old.subscribe('subscription { feed(scope: ME) { __typename } }')
  await again.until(() => again.closedWith !== null)
  expect(again.closedWith!.code).toBe(4401)
  expect(await young.run('{ viewer { role } }')).toEqual({ viewer: { role: 'MEMBER' } })
  expect([spared.closedWith, await elsewhere.run('{ viewer { role } }')]).toEqual([null, { viewer: { role: 'MEMBER' } }])
  await declare(acme.as('ann'), { standard: 'GDPR', sessionMinutesMax: 300 })
  expect((await young.ask('{ viewer { role } }')).errors).toMatchObject(over)
  spared.close()
})

test('what is declared may be tightened, not loosened, and saying the same again writes nothing', async () => {
  await using acme = await tenant('ann:ADMIN', 'cor:COMPLIANCE', 'fay:FINANCE')
  const cor = acme.as('cor')
  await declare(cor, { standard: 'SOC2', sessionMinutesMax: 60 })
  const before = await acme.emitted()
  expect(await declare(cor, { standard: 'SOC2', sessionMinutesMax: 61 }))
    .toEqual({ declared: null, userErrors: [{ code: 'OUT_OF_RANGE', field: ['sessionMinutesMax'] }], mark: null })
  expect(await declare(cor, { standard: 'SOC2', regions: ['eu-1'] }))
    .toMatchObject({ declared: null, userErrors: [{ code: 'INVALID', field: ['regions'] }] })
  expect(await declare(cor, { standard: 'SOC2' }))
    .toMatchObject({ declared: { sessionMinutesMax: 60 }, userErrors: [], mark: null })
  expect(await acme.emitted()).toEqual(before)
  expect(await acme.sql('select standard, session_minutes_max as max, audit_days_min as days from declared_standard'))
    .toEqual([{ standard: 'SOC2', max: 60, days: null }])
  const stale = await since(acme, 'cor', 'COMPLIANCE', 16 * 60_000)
  for (const person of [stale, acme.as('fay')]) {
    expect((await person.ask(DECLARE, { input: { standard: 'HIPAA' } })).errors)
      .toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  }
  expect(await declared(acme.as('fay'))).toEqual(['SOC2'])
})

test('free text with a card number is refused, nothing of it is written or audited, and other tenants go on', async () => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('eve:ADMIN')
  const [ann, eve] = [acme.as('ann'), rival.as('eve')]
  await declare(ann, { standard: 'PCI_DSS' })
  const input = { activityType: 'meeting_scheduled', idempotencyKey: 'pan-in-note', note: `card ${PAN}` }
  const before = await acme.emitted()
  expect((await ann.run(RECORD, { input })).activityRecord).toEqual({
    activity: null, duplicate: false, idempotencyHit: false, mark: null, userErrors: [{
      code: 'PAN_REJECTED', field: ['note'],
      message: 'note holds what looks like a card number, which must not be kept here: take it out.' }] })
  const clean = { activityType: 'meeting_scheduled', idempotencyKey: 'pan-batch-1' }
  const items = [clean, { ...input, idempotencyKey: 'pan-batch-2' }]
  const BATCH = `mutation($input: ActivitiesRecordInput!) { activitiesRecord(input: $input) { results { activity { id } }
    userErrors { code field } } }`
  expect((await ann.run(BATCH, { input: { items } })).activitiesRecord)
    .toEqual({ results: [], userErrors: [{ code: 'PAN_REJECTED', field: ['items', '1', 'note'] }] })
  const { teamCreate } = await ann.run(
    'mutation($name: String!) { teamCreate(input: { name: $name }) { team { id } userErrors { code field } } }', { name: PAN })
  expect(teamCreate).toEqual({ team: null, userErrors: [{ code: 'PAN_REJECTED', field: ['name'] }] })
  expect([await acme.emitted(), await acme.sql('select * from activity'), await acme.sql(`select name from team`)])
    .toEqual([before, [], [{ name: 'Reds' }]])
  await acme.audited()
  const entries = await acme.sql<{ rule: string }>(`select * from audit_entry where decision = 'REFUSED' order by id`)
  expect(entries.map(({ rule }) => rule)).toEqual(['PAN_REJECTED note', 'PAN_REJECTED items 1 note', 'PAN_REJECTED name'])
  expect(JSON.stringify(entries)).not.toMatch(/4111/)
  const { standards } = await ann.run('{ standards { blocked { control count } violated { id } } }')
  expect(standards).toEqual({ blocked: [{ control: 'pan_refusal', count: 3 }], violated: [] })
  // A number among a machine's ids is no card number, and a refused command has not used its key up.
  const kept = await ann.run(RECORD, { input: { ...input, note: 'no card', source: 'crm', sourceId: '4111111111111111' } })
  expect(kept.activityRecord.userErrors).toEqual([])
  expect((await eve.run(RECORD, { input })).activityRecord.userErrors).toEqual([])
})

test('a standard is withdrawn by two people: whoever asked cannot approve, another tenant finds nothing, and once', async () => {
  await using acme = await tenant('ann:ADMIN', 'cor:COMPLIANCE', 'dan:ADMIN')
  await using rival = await tenant('eve:ADMIN')
  const [ann, cor] = [acme.as('ann'), acme.as('cor')]
  const ask = async (standard: string) =>
    (await ann.run(WITHDRAW, { input: { standard, reason: 'We left it.' } })).standardWithdraw
  expect(await ask('SOC2')).toEqual({ withdrawal: null, userErrors: [{ code: 'NOT_FOUND', field: ['standard'] }] })
  await declare(ann, { standard: 'SOC2' })
  const { withdrawal } = await ask('SOC2')
  expect(withdrawal).toMatchObject(
    { standard: 'SOC2', reason: 'We left it.', state: 'ASKED', askedBy: { name: 'ann' }, decidedBy: null })
  expect(await ask('SOC2')).toEqual({ withdrawal: null, userErrors: [{ code: 'TAKEN', field: ['standard'] }] })
  const approve = async (person: Person) =>
    (await person.run(APPROVE, { input: { withdrawalId: withdrawal.id } })).standardWithdrawalApprove
  const before = await acme.emitted()
  const refused = (code: string) => ({ withdrawal: null, userErrors: [{ code, field: ['withdrawalId'] }], mark: null })
  expect(await approve(ann)).toEqual(refused('FORBIDDEN'))
  expect(await approve(rival.as('eve'))).toEqual(refused('NOT_FOUND'))
  expect([await declared(ann), await acme.emitted()]).toEqual([['SOC2'], before])
  // Two at once: both have read the ask, or wait for their turn to, before either may change what is in force.
  const { owner } = acme.node.db.addresses
  const holder = new Client(owner)
  await holder.connect()
  await holder.query('begin; lock table declared_standard in share row exclusive mode')
  const answering = Promise.all([cor, acme.as('dan')].map(approve))
  const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  await expect.poll(async () => (await asOwner(owner.database!, waiting)).length, { timeout: 5_000 }).toBe(2)
  await holder.end()
  const answers = [...await answering, await approve(cor)]
  expect(answers.filter(({ mark }) => mark !== null)).toHaveLength(1)
  expect(answers.filter(({ mark }) => mark === null)).toEqual(Array(2).fill(refused('ALREADY_DECIDED')))
  expect(answers.find(({ mark }) => mark !== null)!.withdrawal).toMatchObject({ state: 'APPROVED', askedBy: { name: 'ann' } })
  expect(await cor.run(DECLARED)).toEqual({ standards: { declared: [], withdrawals: [] } })
  expect((await acme.emitted()).filter(topic => topic === 'standard.withdrawn')).toHaveLength(1)
  await acme.audited()
  expect(await acme.sql(`select rule from audit_entry where decision = 'DENIED'`)).toEqual([{ rule: 'FORBIDDEN withdrawalId' }])
})

test('an ask that nobody approved for seven days is over, and may be asked anew', async () => {
  await using acme = await tenant('ann:ADMIN', 'cor:COMPLIANCE')
  const ann = acme.as('ann')
  await declare(ann, { standard: 'HIPAA' })
  const ask = async () => (await ann.run(WITHDRAW, { input: { standard: 'HIPAA', reason: 'Old.' } })).standardWithdraw.withdrawal
  const first = await ask()
  await acme.sql(`update standard_withdrawal set asked_at = asked_at - interval '7 days 1 second'`)
  const { standardWithdrawalApprove } = await acme.as('cor').run(APPROVE, { input: { withdrawalId: first.id } })
  expect(standardWithdrawalApprove.userErrors).toEqual([{ code: 'ALREADY_DECIDED', field: ['withdrawalId'] }])
  expect(await declared(ann)).toEqual(['HIPAA'])
  const second = await ask()
  expect(await acme.sql('select state from standard_withdrawal order by id')).toEqual([{ state: 'EXPIRED' }, { state: 'ASKED' }])
  expect(second.id).not.toBe(first.id)
})

test('a node outside of a tenant\'s regions refuses its writes, says so, and answers its reads', async () => {
  const near = await testNode({ region: 'eu-central-1' })
  const far = await testNode({ addresses: near.db.addresses, relay: false, region: 'us-east-1' })
  const acme = await tenantOn(near, { timeZone: 'UTC' }, 'ann:ADMIN')
  const rival = await tenantOn(near, { timeZone: 'UTC' }, 'eve:ADMIN')
  const abroad = (person: Person) => new Person(far.url, person.token)
  const record = (idempotencyKey: string) => ({ input: { activityType: 'meeting_scheduled', idempotencyKey } })
  const ann = acme.as('ann')
  expect((await abroad(ann).run(RECORD, record('before-1'))).activityRecord.userErrors).toEqual([])
  expect(await declare(abroad(ann), { standard: 'GDPR', regions: ['eu-central-1'] }))
    .toMatchObject({ declared: null, userErrors: [{ code: 'INVALID', field: ['regions'] }] })
  expect(await declare(ann, { standard: 'GDPR', regions: ['eu-central-1', 'eu-west-1'] })).toMatchObject({ userErrors: [] })
  const write = async () => (await abroad(ann).ask(RECORD, record('afterwards-1'))).errors
  await expect.poll(write, { timeout: 5_000 }).toMatchObject([{
    message: 'Your tenant\'s data may be written in eu-central-1, eu-west-1 only, and this node stands in us-east-1: '
      + 'send it to a node there.',
    extensions: { code: 'FORBIDDEN', control: 'allowed_regions', regions: ['eu-central-1', 'eu-west-1'] } }])
  await far.audit.settled()
  const blockedSoFar = await acme.sql(`select 1 from audit_entry where rule = 'FORBIDDEN allowed_regions'`)
  const { standards } = await abroad(ann).run('{ standards { violated { id } blocked { control } } }')
  expect([standards.violated, blockedSoFar.length > 0]).toEqual([[{ id: 'GDPR.regions' }], true])
  expect(standards.blocked).toEqual([{ control: 'regions' }])
  expect((await ann.run('{ standards { violated { id } } }')).standards.violated).toEqual([])
  expect((await ann.run(RECORD, record('at-home-1'))).activityRecord.userErrors).toEqual([])
  expect((await abroad(rival.as('eve')).run(RECORD, record('rival-here-1'))).activityRecord.userErrors).toEqual([])
})
