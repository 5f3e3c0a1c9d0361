import { createHash } from 'node:crypto'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { asOwner, freshDatabase, type Person, tenant, tenantOn, testNode } from '../../test/harness.ts'
import { auditStatement, entryOf } from '../platform/audit.ts'
import { inTenantOnce } from '../platform/tenancy.ts'
import { dropOldAudit } from '../controls/audit.retention.ts'
import { CONTROLS, statusFor } from './control.rules.ts'
import { panScanJob, scanForPans } from './pan.jobs.ts'

const STANDARDS = `{ standards { violated { id } blocked { control count }
  controls { id standard status isBlocking evidence { kind query count sampleIds sha256 collectedAt } } } }`
const DECLARE = 'mutation($input: StandardDeclareInput!) { standardDeclare(input: $input) { userErrors { code } } }'
const declare = (person: Person, standard: string, more: object = {}) =>
  person.run(DECLARE, { input: { standard, ...more } })

interface Shown { id: string; standard: string; status: string; isBlocking: boolean; evidence: Record<string, unknown>[] }
async function controlsOf(person: Person) {
  const { standards } = await person.run(STANDARDS)
  const byId = new Map((standards.controls as Shown[]).map(control => [control.id, control]))
  return { ...standards, byId } as { violated: { id: string }[]; controls: Shown[]; byId: Map<string, Shown> }
}

test('a control stands by what was measured, and what no program can know is left to people', () => {
  const stands = (measure: 'SESSION' | 'REGIONS' | 'MANUAL', isDeclared: boolean, breaches: number | null) =>
    statusFor({ measure }, isDeclared, breaches)
  expect([
    stands('SESSION', false, 0), stands('SESSION', true, 0), stands('SESSION', true, 1), stands('SESSION', true, null),
    stands('REGIONS', true, null), stands('REGIONS', true, 1), stands('MANUAL', true, null), stands('MANUAL', false, null),
  ]).toEqual(['NOT_APPLICABLE', 'PASS', 'FAIL', 'MANUAL', 'NOT_APPLICABLE', 'FAIL', 'MANUAL', 'NOT_APPLICABLE'])
  expect(new Set(CONTROLS.map(({ id }) => id)).size).toBe(CONTROLS.length)
})

test('the report says of every control how it stands, with evidence that was counted', async () => {
  await using acme = await tenant('ann:ADMIN', 'fay:FINANCE', 'bob')
  const before = await controlsOf(acme.as('fay'))
  expect([before.controls.length, new Set(before.controls.map(({ status }) => status))])
    .toEqual([CONTROLS.length, new Set(['NOT_APPLICABLE'])])
  await declare(acme.as('ann'), 'SOC2', { sessionMinutesMax: 45, auditDaysMin: 500 })
  const { byId, controls, violated } = await controlsOf(acme.as('fay'))
  expect(controls.filter(({ standard }) => standard === 'SOC2').map(({ id, status }) => `${id} ${status}`)).toEqual([
    'SOC2.row_security PASS', 'SOC2.session PASS', 'SOC2.audit_fixed PASS', 'SOC2.audit_names PASS', 'SOC2.retention PASS',
    'SOC2.duties PASS', 'SOC2.regions NOT_APPLICABLE', 'SOC2.change_approval MANUAL', 'SOC2.restore_test MANUAL',
  ])
  expect(violated).toEqual([])
  const [session] = byId.get('SOC2.session')!.evidence
  const { kind, query, count, sampleIds } = session!
  expect(session).toEqual({
    kind: 'SETTING', query: 'minutes after which a session ends', count: 45, sampleIds: [], collectedAt: expect.any(String),
    sha256: createHash('sha256').update(JSON.stringify({ count, kind, query, sampleIds })).digest('hex') })
  expect(byId.get('SOC2.retention')!.evidence).toMatchObject([{ count: 500 }])
  expect(byId.get('SOC2.row_security')).toMatchObject({ isBlocking: false, evidence: [{ kind: 'CATALOG', count: 0 }] })
  expect(byId.get('GDPR.row_security')).toMatchObject({ status: 'NOT_APPLICABLE', evidence: [] })
  expect((await acme.as('bob').ask(STANDARDS)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
})

test('what breaks a control is found: a table without row security, a right on the audit, an entry without a name', async () => {
  const node = await testNode()
  const acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann:ADMIN')
  const database = node.db.addresses.owner.database!
  await declare(acme.as('ann'), 'SOC2')
  expect((await controlsOf(acme.as('ann'))).violated).toEqual([])
  await asOwner(database, 'alter table team no force row level security; grant delete on audit_entry to laurel_app')
  const nameless = { ...entryOf({ ...acme.actor(), credential: { kind: 'PERSON' } as never }, 'team.write', {
    correlationId: '01900000-0000-7000-8000-000000000001', ip: null, agent: null }) }
  await inTenantOnce(acme.actor(), auditStatement(acme.tenantId, [nameless]))
  const { byId, violated } = await controlsOf(acme.as('ann'))
  expect(violated).toEqual([{ id: 'SOC2.row_security' }, { id: 'SOC2.audit_fixed' }, { id: 'SOC2.audit_names' }])
  expect(byId.get('SOC2.row_security')!.evidence).toMatchObject([{ count: 1, sampleIds: ['team'] }])
  expect(byId.get('SOC2.audit_fixed')!.evidence).toMatchObject([{ count: 1, sampleIds: ['delete'] }])
  expect(byId.get('SOC2.audit_names')!.evidence).toMatchObject([{ count: 1, sampleIds: [nameless.id] }])
})

test('the scan finds card numbers in any text column of the tenant, tells their place and never the number', async () => {
  await using acme = await tenant('ann:ADMIN')
  await using rival = await tenant('eve:ADMIN')
  const actor = acme.actor()
  for (const each of [acme, rival]) await each.sql(`update team set name = 'Card 4111-1111 1111-1111'`)
  const [team] = await acme.sql<{ id: string }>('select id from team')
  await panScanJob.run(actor)
  expect(await acme.sql('select * from control_evidence')).toEqual([]) // Nobody asked for it.
  await declare(acme.as('ann'), 'PCI_DSS')
  expect((await controlsOf(acme.as('ann'))).byId.get('PCI_DSS.pan_scan')).toMatchObject({ status: 'MANUAL', evidence: [] })
  await panScanJob.run(actor)
  const { byId, violated } = await controlsOf(acme.as('ann'))
  expect(violated).toEqual([{ id: 'PCI_DSS.pan_scan' }])
  expect(byId.get('PCI_DSS.pan_scan')!.evidence).toMatchObject([{ kind: 'SCAN', count: 1, sampleIds: [`team.name:${team!.id}`] }])
  expect(byId.get('PCI_DSS.pan_refusal')).toMatchObject({ status: 'PASS', isBlocking: true, evidence: [{ count: 1 }] })
  await acme.sql(`update team set name = 'Reds'`)
  await panScanJob.run(actor) // Once a day.
  expect((await controlsOf(acme.as('ann'))).violated).toHaveLength(1)
  await panScanJob.run({ ...actor, now: new Date(actor.now.getTime() + 86_400_001) })
  expect((await controlsOf(acme.as('ann'))).violated).toEqual([])
  expect(await scanForPans(rival.actor())).toMatchObject({ count: 1 })
})

test('old months of the audit are dropped whole, never what a tenant\'s standards ask to keep, and none unasked', async () => {
  const node = await testNode({ addresses: await freshDatabase() })
  const acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann:ADMIN')
  const rival = await tenantOn(node, { timeZone: 'UTC' }, 'eve:ADMIN')
  const database = node.db.addresses.owner.database!
  const now = new Date('2026-11-24T12:00:00Z')
  const months = ['2020-11', '2020-12', '2025-11', '2025-12', '2026-09']
  for (const month of months) {
    const end = new Date(`${month}-01T00:00:00Z`)
    end.setUTCMonth(end.getUTCMonth() + 1)
    await asOwner(database, 'call laurel_partition($1, $2, $3, $4)', ['audit_entry', month.replace('-', ''), `${month}-01Z`, end])
    const entry = { ...entryOf(acme.actor(), 'team.write', {
      correlationId: '01900000-0000-7000-8000-000000000001', ip: null, agent: null }), at: new Date(`${month}-15T00:00:00Z`) }
    await inTenantOnce(acme.actor(), auditStatement(acme.tenantId, [entry]))
  }
  // As an owner who is no superuser: row security hides tenants from them too.
  const role = `owner_${database}`
  await asOwner(database, `create role ${role} login`)
  await asOwner(database, `do $$ declare t record; begin for t in select c.oid::regclass as name from pg_class c
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') loop
    execute format('alter table %s owner to ${role}', t.name); end loop; end $$; grant all on schema public to ${role}`)
  const owner = new Client({ ...node.db.addresses.owner, user: role })
  await owner.connect()
  try {
    const drop = (days: number, ids = async () => [acme.tenantId, rival.tenantId]) => dropOldAudit(owner, now, days, ids)
    const left = async () => (await acme.sql<{ month: string }>(
      `select to_char(at at time zone 'UTC', 'YYYY-MM') as month from audit_entry where at < '2026-11-01' order by at`))
      .map(({ month }) => month)
    expect(await drop(10_000)).toEqual([])
    await declare(rival.as('eve'), 'HIPAA')
    await expect(drop(30, async () => { throw new Error('away') })).rejects.toThrow('away')
    expect(await left()).toEqual(months)
    expect(await drop(30)).toEqual([]) // 2,192 days before the day reach into November 2020.
    const later = new Date('2026-12-05T00:00:00Z')
    expect(await dropOldAudit(owner, later, 30, async () => [acme.tenantId, rival.tenantId])).toEqual(['audit_entry_202011'])
    await rival.sql('delete from declared_standard')
    await declare(rival.as('eve'), 'SOC2')
    expect(await drop(30)).toEqual(['audit_entry_202012'])
    await rival.sql('delete from declared_standard')
    expect(await drop(30)).toEqual(['audit_entry_202511', 'audit_entry_202512', 'audit_entry_202609'])
    expect(await left()).toEqual([])
  } finally {
    await owner.end()
    await asOwner(database, `reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`)
  }
})
