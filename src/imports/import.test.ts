import { expect, test } from 'vitest'
import { Person, tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { importJob } from './import.jobs.ts'
import { stepImport } from './import.service.ts'

const HEADER = 'Invoice No;Date;Customer;Sales Rep E-Mail;Amount;Billing'
const fileOf = (lines: readonly string[], header = HEADER) => [header, ...lines].join('\r\n')
const COLUMNS = ['SOURCE_ID', 'OCCURRED_AT', 'CLIENT', 'OWNER_EMAIL', 'AMOUNT', 'RECURRENCE']
  .map((field, column) => ({ column, field }))
const SETTINGS = {
  kind: 'REVENUE', source: 'billing', columns: COLUMNS, decimalSign: ',', thousandsSeparator: '.', dateOrder: 'DMY',
    currency: 'EUR',
}

async function upload(by: Person, file: string | Uint8Array, query = 'name=march.csv') {
  const response = await fetch(`${by.url}/imports?${query}`, {
    method: 'POST', headers: { 'content-type': 'text/csv', authorization: `Bearer ${by.token}` }, body: file as string,
  })
  return { status: response.status, body: await response.json() as Record<string, any> } // eslint-disable-line
}
const IMPORT = 'state header lineCount doneCount recorded repeated refused startedAt finishedAt settings { kind source }'
const move = async (by: Person, verb: 'Start' | 'Cancel' | 'Resume', input: object) => (await by.run(
  `mutation($input: Import${verb === 'Start' ? 'Start' : ''}Input!) { import${verb}(input: $input) {
    factImport { state } userErrors { code field } } }`,
  { input }))[`import${verb}`]
const courseOf = async (by: Person, id: string) =>
  (await by.run(`query($id: ID!) { node(id: $id) { ... on FactImport { ${IMPORT}
    errors(first: 100) { nodes { line code field } } } } }`, { id })).node

async function finished(by: Person, id: string) {
  for (let tries = 0; tries < 400; tries++) {
    const course = await courseOf(by, id)
    if (course.state !== 'RUNNING') return course
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('the import did not come to an end')
}
const booksOf = async (acme: TestTenant) => (await acme.sql(`select (select count(*) from revenue_fact) as facts,
  (select coalesce(sum(amount_minor), 0)::text from revenue_fact) as sum, (select count(*) from fact_import) as imports,
  (select count(*) from fact_import_line) as lines`))[0]!

test('a file is uploaded, previewed without writing, recorded, and its refused lines are told with their reasons', async () => {
  await using acme = await tenant('fay:FINANCE', 'bob')
  const fay = acme.as('fay')
  const bob = `bob@${acme.slug}.example`
  const file = fileOf([
    `R-1;10.03.2026;Globex;${bob};"1.234,50";monthly`, `R-2;10.03.2026;"Initech; Inc";;12,00;`, 'R-3;31.02.2026;Hooli;;1,00;',
    'R-4;10.03.2026;Hooli;nobody@nowhere.example;1,00;', 'R-5;10.03.2026;Hooli;;1,234.50;', `R-2;10.03.2026;Initech;;12,00;`,
      'R-7;10.03.2026;=1+1;;x;',
  ])
  const { status, body } = await upload(fay, file)
  expect([status, body]).toEqual([201, { id: expect.stringMatching(/^imp_/), lines: 7, mark: expect.stringMatching(/^m/) }])
  const before = await booksOf(acme)
  const PREVIEW =
    `query($id: ID!, $settings: ImportSettingsInput) { node(id: $id) { ... on FactImport { preview(settings: $settings) {
    settings { kind source decimalSign columns { column field } currency } rows drafts {
      place amount { amount } occurredAt client flaw { code field } } } } } }`
  const guessed = (await fay.run(PREVIEW, { id: body.id })).node.preview
  expect(guessed.settings).toEqual({ kind: 'REVENUE', source: 'import', decimalSign: '.', columns: COLUMNS, currency: 'EUR' })
  expect(guessed.rows[1]).toEqual(['R-2', '10.03.2026', 'Initech; Inc', '', '12,00', ''])
  const { drafts } = (await fay.run(PREVIEW, { id: body.id, settings: SETTINGS })).node.preview
  expect(drafts.slice(0, 3)).toEqual([
    // The 10th begins at 23:00 UTC of the 9th in Berlin.
    { place: 1, amount: { amount: '1234.50' }, occurredAt: '2026-03-09T23:00:00.000Z', client: 'Globex', flaw: null },
    { place: 2, amount: { amount: '12.00' }, occurredAt: '2026-03-09T23:00:00.000Z', client: 'Initech; Inc', flaw: null },
    { place: 3, amount: null, occurredAt: null, client: null, flaw: { code: 'INVALID', field: 'OCCURRED_AT' } },
  ])
  expect(drafts[3].flaw).toEqual({ code: 'NOT_FOUND', field: 'user' })
  expect(await booksOf(acme)).toEqual(before)

  expect(await move(fay, 'Start', { importId: body.id, settings: SETTINGS }))
    .toEqual({ factImport: { state: 'RUNNING' }, userErrors: [] })
  const course = await finished(fay, body.id)
  expect(course).toMatchObject({
    state: 'DONE', lineCount: 7, doneCount: 7, recorded: 2, repeated: 1, refused: 4,
      settings: { kind: 'REVENUE', source: 'billing' },
    errors: { nodes: [
      { line: 3, code: 'INVALID', field: 'OCCURRED_AT' }, { line: 4, code: 'NOT_FOUND', field: 'user' },
      { line: 5, code: 'INVALID', field: 'AMOUNT' }, { line: 7, code: 'INVALID', field: 'AMOUNT' },
    ] },
  })
  expect(await booksOf(acme)).toEqual({ facts: 2, sum: '124650', imports: 1, lines: 4 }) // Lines that became facts are gone.
  expect(await acme.sql('select source, source_id as id, recurrence, owner_id as owner from revenue_fact order by source_id'))
    .toEqual([
    { source: 'billing', id: 'R-1', recurrence: 'MONTH', owner: uuid('User', acme.id('bob')) },
    { source: 'billing', id: 'R-2', recurrence: 'ONE_OFF', owner: null },
  ])
  const errors = await fetch(`${fay.url}/imports/${body.id}/errors.csv`, { headers: { authorization: `Bearer ${fay.token}` } })
  const text = await errors.text()
  expect(text.split('\r\n')).toHaveLength(6)
  expect(text).toContain('"3","INVALID","OCCURRED_AT"')
  expect(text).toContain('"\'=1+1"') // No spreadsheet takes it for a formula.
  await acme.settled()
  const progress = await acme.sql<{ payload: object }>(`select payload from event_log where topic = 'import.progressed'`)
  expect(progress.map(({ payload }) => payload)).toEqual([{
    importId: uuid('FactImport', body.id), state: 'DONE', done: 7, lines: 7, recorded: 2, repeated: 1, refused: 4,
  }])
  // The same file again: the same source facts, which count once.
  const again = await upload(fay, file)
  await move(fay, 'Start', { importId: again.body.id, settings: SETTINGS })
  expect(await finished(fay, again.body.id)).toMatchObject({ state: 'DONE', recorded: 0, repeated: 3, refused: 4 })
  expect(await booksOf(acme)).toMatchObject({ facts: 2, sum: '124650' })
})

test('an import is canceled and resumed where it stopped, and a step that is done twice counts once', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const lines = Array.from({ length: 450 }, (_, at) => `;10.03.2026;C${at};;${at + 1},00;`) // No ids: each line is its own fact.
  const { body } = await upload(ann, fileOf(lines))
  const importId = uuid('FactImport', body.id)
  // Nobody carries it on but this test: the state is set from behind, so that no work is left.
  await acme.sql(`update fact_import set state = 'RUNNING', settings = $1`, [JSON.stringify(SETTINGS)])
  const step = () => stepImport(acme.actor(), importId)
  expect(await step()).toBe(true)
  expect(await courseOf(ann, body.id)).toMatchObject({ state: 'RUNNING', doneCount: 200, recorded: 200 })
  expect(await move(ann, 'Cancel', { importId: body.id })).toEqual({ factImport: { state: 'CANCELED' }, userErrors: [] })
  expect(await step()).toBe(false)
  expect(await booksOf(acme)).toMatchObject({ facts: 200 })
  expect(await move(ann, 'Cancel', { importId: body.id }))
    .toMatchObject({ userErrors: [{ code: 'INVALID', field: ['importId'] }] })
  // A node died after the facts and before the note: the step is done again.
  await acme.sql(`update fact_import set state = 'RUNNING', next_line = 1`)
  await acme.sql(`insert into fact_import_line (tenant_id, import_id, line, cells)
    select $1, $2, line,
      json_build_array('', '10.03.2026', 'C' || line - 1, '', line || ',00', '') from generate_series(1, 200) line`,
  [acme.tenantId, importId])
  expect((await Promise.all([step(), step(), step()])).includes(true)).toBe(true)
  expect(await courseOf(ann, body.id)).toMatchObject({ doneCount: 200, recorded: 200, repeated: 200 })
  expect(await booksOf(acme)).toMatchObject({ facts: 200 })
  await move(ann, 'Cancel', { importId: body.id })
  expect(await move(ann, 'Resume', { importId: body.id })).toEqual({ factImport: { state: 'RUNNING' }, userErrors: [] })
  expect(await finished(ann, body.id)).toMatchObject({ state: 'DONE', doneCount: 450, refused: 0 })
  expect(await booksOf(acme)).toMatchObject({ facts: 450, sum: String((450 * 451) / 2 * 100), lines: 0 })
})

test('what is no CSV, too large or too wide is refused, and nothing of it is kept', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const wide = Array.from({ length: 101 }, (_, at) => `c${at}`).join(';')
  const cases: [string, string | Uint8Array, string, string][] = [
    ['nothing', '', 'INVALID', 'file'], ['one line', HEADER, 'INVALID', 'file'],
      ['an open quote', `${HEADER}\n"abc;1`, 'INVALID', 'file'],
    ['101 columns', fileOf(['1'], wide), 'OUT_OF_RANGE', 'file'],
      ['a line of 70 KB', fileOf(['x'.repeat(70_000)]), 'INVALID', 'file'],
  ]
  for (const [title, file, code, field] of cases) {
    const { status, body } = await upload(ann, file)
    expect([title, status, body.userErrors?.[0]?.code, body.userErrors?.[0]?.field])
      .toEqual([title, title === 'nothing' ? status : 422, code, [field]])
  }
  const many = new TextEncoder().encode(`a;b\n${'1;2\n'.repeat(200_001)}`)
  expect(await upload(ann, many)).toMatchObject({ status: 422, body: { userErrors: [{ code: 'OUT_OF_RANGE' }] } })
  expect(await upload(ann, fileOf(['1']), 'delimiter=SPACE'))
    .toMatchObject({ status: 422, body: { userErrors: [{ field: ['delimiter'] }] } })
  expect(await booksOf(acme)).toMatchObject({ imports: 0, lines: 0 })
  await acme.audited()
  const audit = await acme.sql(`select distinct decision from audit_entry where action = 'import.write'`)
  expect(audit).toEqual([{ decision: 'REFUSED' }])
})

test('only ADMIN and FINANCE import, FINANCE no activities, and another tenant\'s file does not exist', async () => {
  await using acme = await tenant('ann:ADMIN', 'fay:FINANCE', 'bob')
  await using rival = await tenant('eve:ADMIN')
  const bad = await upload(acme.as('bob'), fileOf(['1']))
  expect([bad.status, bad.body.errors[0].extensions.code]).toEqual([403, 'FORBIDDEN'])
  expect((await upload(new Person(acme.node.url, 'nonsense'), fileOf(['1']))).status).toBe(401)
  const activities = fileOf([`x;${`bob@${acme.slug}.example`};meeting_scheduled`], 'id;email;activity type')
  const { body } = await upload(acme.as('fay'), activities)
  const settings =
    { kind: 'ACTIVITY', columns: ['SOURCE_ID', 'OWNER_EMAIL', 'ACTIVITY_TYPE'].map((field, column) => ({ column, field })) }
  expect(await move(acme.as('fay'), 'Start', { importId: body.id, settings }))
    .toMatchObject({ userErrors: [{ code: 'FORBIDDEN' }] })
  const strange = rival.as('eve')
  expect(await strange.run('query($id: ID!) { node(id: $id) { id } imports { nodes { id } } }', { id: body.id }))
    .toEqual({ node: null, imports: { nodes: [] } })
  expect(await move(strange, 'Start', { importId: body.id, settings })).toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] })
  const download =
    await fetch(`${strange.url}/imports/${body.id}/errors.csv`, { headers: { authorization: `Bearer ${strange.token}` } })
  expect(download.status).toBe(404)
  expect((await move(acme.as('ann'), 'Start', { importId: body.id, settings })).userErrors).toEqual([])
  expect(await finished(acme.as('ann'), body.id)).toMatchObject({ state: 'DONE', recorded: 1 })
  expect(await acme.points('bob')).toBe(50) // POINT-05
})

test('settings that do not fit the file are refused', async () => {
  await using acme = await tenant('ann:ADMIN')
  const ann = acme.as('ann')
  const { body } = await upload(ann, fileOf(['1;10.03.2026;C;;1,00;']))
  const cases: [object, string][] = [
    [{ columns: [] }, 'columns'], [{ columns: [{ column: 9, field: 'AMOUNT' }] }, 'columns'],
    [{ columns: [...COLUMNS, { column: 0, field: 'NOTE' }] }, 'columns'], [{ decimalSign: ';' }, 'decimalSign'],
    [{ thousandsSeparator: ',' }, 'thousandsSeparator'], [{ thousandsSeparator: '0' }, 'thousandsSeparator'],
      [{ currency: null }, 'currency'],
    [{ source: '' }, 'source'], [{ kind: 'METRIC' }, 'columns'],
  ]
  for (const [change, field] of cases) {
    expect([change, await move(ann, 'Start', { importId: body.id, settings: { ...SETTINGS, ...change } })])
      .toEqual([change, { factImport: null, userErrors: [{ code: 'INVALID', field: ['settings', field] }] }])
  }
  expect(await booksOf(acme)).toMatchObject({ facts: 0, lines: 1 })
  await importJob({ leave: async () => {} }).run(acme.actor(undefined, new Date(Date.now() + 31 * 86_400_000)))
  expect(await booksOf(acme)).toMatchObject({ imports: 0, lines: 0 })
})
