import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { tenant, type TestTenant, uuid } from '../../test/harness.ts'
import { hookLogJob } from './hook.jobs.ts'

const MAPPING = {
  version: 1, rules: [
    {
      fact: 'REVENUE', when: [{ path: 'type', in: ['invoice.paid'] }], each: 'lines', amount: { path: '@.amount' }, unit: 'MINOR',
      currency: { path: 'currency' }, owner: { externalId: { path: 'seller' } }, client: { path: 'customer' },
        sourceId: { path: '@.id' },
    },
    { fact: 'REFUND', when: [{ path: 'type', in: ['refund'] }], original: { path: 'line' }, amount: { path: 'amount' },
      sourceId: { path: 'id' } },
    {
      fact: 'ACTIVITY', when: [{ path: 'type', in: ['deal.won'] }], activityType: { const: 'new_client_signed' },
      user: { email: { path: 'rep' } }, sourceId: { path: 'id' },
    },
    { fact: 'METRIC', when: [{ path: 'type', in: ['survey'] }], metric: { const: 'client_satisfaction' },
      value: { path: 'stars' } },
  ],
}
const INVOICE =
  { type: 'invoice.paid', currency: 'eur', seller: 'S-1', customer: 'Globex', lines: [{ id: 'l1', amount: 123_450 }] }
const CREATE = `mutation($input: HookSourceCreateInput!) { hookSourceCreate(input: $input) {
  source { id name path mappingVersion } path secret userErrors { code field } mark } }`

async function sourceOf(acme: TestTenant, mapping: object = MAPPING) {
  const input = { name: 'billing', kind: 'BILLING', mapping: JSON.stringify(mapping) }
  const { hookSourceCreate: { source, path, secret } } = await acme.as('ann').run(CREATE, { input })
  return { id: source.id as string, path: path as string, secret: secret as string }
}

interface Sending { id?: string; secret?: string; at?: Date; body?: string; headers?: Record<string, string> }
async function send(acme: TestTenant, source: { path: string; secret: string }, message: unknown, sending: Sending = {}) {
  const { id = 'msg_1', at = new Date(), secret = source.secret } = sending
  const text = typeof message === 'string' ? message : JSON.stringify(message)
  const headers = {
    'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, at, text), ...sending.headers,
  }
  const response = await fetch(acme.node.url + source.path, { method: 'POST', body: sending.body ?? text, headers })
  return { status: response.status,
    ...await response.json() as { code: string; message: string; recorded: number; repeated: number } }
}

const booksOf = async (acme: TestTenant) => (await acme.sql(`select (select count(*) from revenue_fact) as revenue,
  (select count(*) from activity) as activities, (select count(*) from metric_point) as points,
    (select count(*) from command_key) as keys,
  (select coalesce(sum(amount_minor), 0)::text from revenue_fact) as sum`))[0]!
const LOG = `query($id: ID!) { node(id: $id) { ... on HookSource { messages { nodes {
  messageId outcome recorded repeated mappingVersion refusals { place code field } } } } } }`
const logOf = async (acme: TestTenant, id: string) => (await acme.as('ann').run(LOG, { id })).node.messages.nodes
const link = (acme: TestTenant, sourceId: string, externalId: string, userId: string | null) => acme.as('ann').run(
  `mutation($input: HookPersonLinkInput!) { hookPersonLink(input: $input) { linked userErrors { code field } } }`,
  { input: { sourceId, externalId, userId } })

test('a signed message becomes exact facts of its owner, is acknowledged once they are committed, and counts once', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const source = await sourceOf(acme)
  await link(acme, source.id, 'S-1', acme.id('bob'))
  expect(await send(acme, source, INVOICE)).toMatchObject({ status: 200, code: 'ACCEPTED', recorded: 1, repeated: 0 })
  const facts = await acme.sql(
    `select amount_minor::text as minor, currency, source, source_id as id, client, owner_id as owner from revenue_fact`)
  expect(facts).toEqual([
    { minor: '123450', currency: 'EUR', source: 'billing', id: 'l1', client: 'Globex', owner: uuid('User', acme.id('bob')) }])
  const books = await booksOf(acme)
  // The same message again, and the same fact under another message.
  expect(await send(acme, source, INVOICE)).toMatchObject({ status: 200, code: 'REPEATED' })
  expect(await send(acme, source, INVOICE, { id: 'msg_2' }))
    .toMatchObject({ status: 200, code: 'ACCEPTED', recorded: 0, repeated: 1 })
  expect(await booksOf(acme)).toEqual(books)
  expect(await logOf(acme, source.id)).toEqual([
    { messageId: 'msg_2', outcome: 'ACCEPTED', recorded: 0, repeated: 1, mappingVersion: 1, refusals: [] },
    { messageId: 'msg_1', outcome: 'ACCEPTED', recorded: 1, repeated: 0, mappingVersion: 1, refusals: [] },
  ])
  const audit = await acme.sql(`select action, actor_kind as kind, decision from audit_entry where action = 'revenue.record'`)
  expect(audit).toEqual([{ action: 'revenue.record', kind: 'HOUSE', decision: 'ALLOWED' }])
})

test('refunds, activities and metrics come by the same door, and what no rule is for is ignored', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const source = await sourceOf(acme)
  await link(acme, source.id, 'S-1', acme.id('bob'))
  await send(acme, source, INVOICE)
  const { sql } = acme
  const sent = [
    { type: 'refund', id: 're1', line: 'l1', amount: 34.5 }, { type: 'deal.won', id: 'd1', rep: `BOB@${acme.slug}.example` },
    { type: 'survey', stars: 4.7 }, { type: 'customer.created' },
  ]
  const answers: [number, string, number][] = []
  for (const [at, message] of sent.entries()) {
    const { status, code, recorded } = await send(acme, source, message, { id: `kind-${at}` })
    answers.push([status, code, recorded])
  }
  expect(answers).toEqual([[200, 'ACCEPTED', 1], [200, 'ACCEPTED', 1], [200, 'ACCEPTED', 1], [200, 'IGNORED', 0]])
  expect(await booksOf(acme)).toMatchObject({ revenue: 2, activities: 1, points: 1, sum: '120000' })
  expect(await acme.points('bob')).toBe(500) // POINT-01
  expect(await sql('select trim_scale(value)::text as value from metric_point')).toEqual([{ value: '4.7' }])
  expect(await send(acme, source, { type: 'refund', id: 're2', line: 'l1', amount: '5000.00' }, { id: 'too-much' }))
    .toMatchObject({ status: 422, code: 'OUT_OF_RANGE' })
  expect(await send(acme, source, { type: 'refund', id: 're3', line: 'nothing' }, { id: 'of-nothing' }))
    .toMatchObject({ status: 422 })
  expect(await booksOf(acme)).toMatchObject({ revenue: 2, sum: '120000' })
})

test('what is not signed by the source, in time and as it came, is refused and writes nothing but the log', async () => {
  await using acme = await tenant('ann:ADMIN')
  const source = await sourceOf(acme)
  const other = new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  const late = new Date(Date.now() - 301_000)
  const early = new Date(Date.now() + 302_000)
  const cases: [string, Sending, number, string][] = [
    ['another secret', { headers: { 'webhook-signature': other.sign('msg_1', new Date(), JSON.stringify(INVOICE)) } }, 401,
      'SIGNATURE'],
    ['no signature', { headers: { 'webhook-signature': '' } }, 401, 'SIGNATURE'],
    ['another body', { body: JSON.stringify({ ...INVOICE, currency: 'usd' }) }, 401, 'SIGNATURE'],
    ['another id', { headers: { 'webhook-id': 'msg_9' } }, 401, 'SIGNATURE'], ['too old', { at: late }, 401, 'TIMESTAMP'],
    ['too new', { at: early }, 401, 'TIMESTAMP'], ['no time', { headers: { 'webhook-timestamp': 'now' } }, 401, 'TIMESTAMP'],
    ['no id', { headers: { 'webhook-id': '' } }, 400, 'MESSAGE_ID'],
  ]
  const books = await booksOf(acme)
  for (const [title, sending, status, code] of cases) {
    expect([title, await send(acme, source, INVOICE, sending)]).toEqual([title, expect.objectContaining({ status, code })])
  }
  expect(await booksOf(acme)).toEqual(books)
  const log = await logOf(acme, source.id)
  expect(log.length).toBeGreaterThanOrEqual(1) // At most one a second, since anybody may send such.
  expect(log.length).toBeLessThanOrEqual(4)
  expect(log.at(-1)).toMatchObject({ outcome: 'REFUSED', refusals: [{ place: null, code: 'SIGNATURE' }] })
  for (const path of ['/hooks/hks_00000000000000000000000000', '/hooks/nothing', `/hooks/${acme.id('ann')}`]) {
    expect(await send(acme, { ...source, path }, INVOICE)).toMatchObject({ status: 404, code: 'NOT_FOUND' })
  }
})

test('a body beyond 256 KB is cut off, and one that is no JSON is refused', async () => {
  await using acme = await tenant('ann:ADMIN')
  const source = await sourceOf(acme)
  expect((await send(acme, source, JSON.stringify({ type: 'x'.repeat(256 * 1_024) }))).status).toBe(413)
  expect(await send(acme, source, '{ no', { id: 'no-json' })).toMatchObject({ status: 400, code: 'INVALID' })
  expect(await logOf(acme, source.id)).toMatchObject([{ messageId: 'no-json', outcome: 'REFUSED' }])
})

test('a fact that is refused is said why, leaves the others alone, and is recorded once its cause is mended', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const source = await sourceOf(acme)
  const lines = [{ id: 'l1', amount: 100 }, { id: 'l2', amount: 1.5 }]
  expect(await send(acme, source, { ...INVOICE, lines })).toMatchObject({ status: 422, code: 'NOT_FOUND', recorded: 0 })
  await link(acme, source.id, 'S-1', acme.id('bob'))
  const half = await send(acme, source, { ...INVOICE, lines })
  expect(half).toMatchObject({ status: 422, code: 'INVALID', recorded: 1, repeated: 0 })
  expect((await logOf(acme, source.id))[0])
    .toMatchObject({ outcome: 'REFUSED', recorded: 1, refusals: [{ place: 1, code: 'INVALID', field: 'amount' }] })
  const mended = [lines[0], { id: 'l2', amount: 150 }]
  expect(await send(acme, source, { ...INVOICE, lines: mended })).toMatchObject({ status: 200, recorded: 1, repeated: 1 })
  expect(await booksOf(acme)).toMatchObject({ revenue: 2, sum: '250' })
  await link(acme, source.id, 'S-1', null)
  expect(await send(acme, source, INVOICE, { id: 'unlinked' })).toMatchObject({ status: 422, code: 'NOT_FOUND' })
})

test('the same message eight times at once is one set of facts', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const source = await sourceOf(acme)
  await link(acme, source.id, 'S-1', acme.id('bob'))
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(acme, source, INVOICE)))
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
  expect(answers.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(1)
  expect(await booksOf(acme)).toMatchObject({ revenue: 1, keys: 1, sum: '123450' })
})

test('a secret is shown once and rotates with an overlap; a paused source is asked to send again', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const source = await sourceOf(acme)
  await link(acme, source.id, 'S-1', acme.id('bob'))
  const rotate = async (previousHours: number) => (await acme.as('ann').run(`mutation($input: HookSecretRotateInput!) {
    hookSecretRotate(input: $input) {
      secret userErrors { code } } }`, { input: { sourceId: source.id, previousHours } })).hookSecretRotate
  const { secret } = await rotate(1)
  expect(secret).not.toBe(source.secret)
  const by = (used: string, id: string) => send(acme, source, { ...INVOICE, lines: [{ id, amount: 1 }] }, { secret: used, id })
  expect([(await by(source.secret, 'old-1')).status, (await by(secret, 'new-1')).status]).toEqual([200, 200])
  const { secret: last } = await rotate(0)
  expect([(await by(secret, 'old-2')).status, (await by(last, 'new-2')).status]).toEqual([401, 200])
  expect(await rotate(169)).toEqual({ secret: null, userErrors: [{ code: 'OUT_OF_RANGE' }] })
  const shown = await acme.as('ann').run('{ hookSources { nodes { name kind state path mapping } } }')
  expect(JSON.stringify(shown)).not.toContain('whsec_')
  const [{ mapping, ...own }] = shown.hookSources.nodes
  expect(own).toEqual({ name: 'billing', kind: 'BILLING', state: 'ACTIVE', path: source.path })
  expect(JSON.parse(mapping)).toEqual(MAPPING)
  const pause = (state: string) =>
    acme.as('ann').run(`mutation($input: HookSourceUpdateInput!) { hookSourceUpdate(input: $input) {
    source { state mappingVersion } userErrors { code } } }`, { input: { sourceId: source.id, state } })
  expect((await pause('PAUSED')).hookSourceUpdate).toEqual({ source: { state: 'PAUSED', mappingVersion: 1 }, userErrors: [] })
  expect(await by(last, 'paused')).toMatchObject({ status: 503, code: 'PAUSED' })
  await pause('ACTIVE')
  expect((await by(last, 'paused')).status).toBe(200)
  await acme.as('ann').run(`mutation($input: HookSourceDeleteInput!) { hookSourceDelete(input: $input) { deleted } }`,
    { input: { sourceId: source.id } })
  expect((await by(last, 'gone')).status).toBe(404)
  expect(await acme.sql('select (select count(*) from revenue_fact) as facts, (select count(*) from hook_message) as log'))
    .toEqual([{ facts: 4, log: 0 }])
})

test('a preview shows the facts and their flaws and writes nothing', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const source = await sourceOf(acme)
  await link(acme, source.id, 'S-1', acme.id('bob'))
  const PREVIEW = `query($mapping: String!, $sample: String!, $sourceId: ID) {
    hookPreview(mapping: $mapping, sample: $sample, sourceId: $sourceId) {
    drafts { place fact sourceId amount { amount currency } client flaw { code field } } userErrors { code field } } }`
  const preview = async (sample: string, mapping = JSON.stringify(MAPPING), sourceId: string | null = source.id) =>
    (await acme.as('ann').run(PREVIEW, { mapping, sample, sourceId })).hookPreview
  const books = await booksOf(acme)
  const lines = [{ id: 'l1', amount: 123_450 }, { id: 'l2', amount: 1.5 }]
  const fact =
    { place: 0, fact: 'REVENUE', sourceId: 'l1', amount: { amount: '1234.50', currency: 'EUR' }, client: 'Globex', flaw: null }
  expect(await preview(JSON.stringify({ ...INVOICE, lines }))).toEqual({ userErrors: [], drafts: [
    fact, { ...fact, place: 1, sourceId: 'l2', amount: null, flaw: { code: 'INVALID', field: 'amount' } },
  ] })
  expect((await preview(JSON.stringify({ ...INVOICE, seller: 'S-2' }))).drafts)
    .toMatchObject([{ flaw: { code: 'NOT_FOUND', field: 'user' } }])
  expect((await preview(JSON.stringify(INVOICE), JSON.stringify(MAPPING), null)).drafts)
    .toMatchObject([{ flaw: { code: 'NOT_FOUND' } }])
  expect(await preview('{ no')).toEqual({ drafts: [], userErrors: [{ code: 'INVALID', field: ['sample'] }] })
  expect(await preview('{}', '{}')).toMatchObject({ drafts: [], userErrors: [{ code: 'INVALID' }] })
  expect(await booksOf(acme)).toEqual(books)
})

test('bounds of a source, and the same name in two tenants', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  await using rival = await tenant('ann:ADMIN', 'eve')
  const source = await sourceOf(acme)
  const create = async (input: object) => (await acme.as('ann').run(CREATE, {
    input: { name: 'other', kind: 'CRM', mapping: JSON.stringify(MAPPING), ...input } })).hookSourceCreate
  const refusals: [object, string, string][] = [
    [{ name: 'billing' }, 'TAKEN', 'name'], [{ name: 'B' }, 'INVALID', 'name'], [{ mapping: '[]' }, 'INVALID', 'mapping'],
  ]
  for (const [input, code, field] of refusals) {
    expect(await create(input))
      .toEqual({ source: null, path: null, secret: null, mark: null, userErrors: [{ code, field: [field] }] })
  }
  const theirs = await sourceOf(rival)
  await link(rival, theirs.id, 'S-1', rival.id('eve'))
  // Signed by one tenant's source and sent to the other's: it is no message of theirs.
  expect((await send(acme, { path: theirs.path, secret: source.secret }, INVOICE)).status).toBe(401)
  expect((await send(acme, theirs, INVOICE)).status).toBe(200)
  expect([await booksOf(acme), await booksOf(rival)]).toMatchObject([{ revenue: 0 }, { revenue: 1 }])
  const foreign = await link(acme, theirs.id, 'S-1', acme.id('bob'))
  expect(foreign.hookPersonLink).toEqual({ linked: false, userErrors: [{ code: 'NOT_FOUND', field: ['sourceId'] }] })
  const stranger = await link(acme, source.id, 'S-1', rival.id('eve'))
  expect(stranger.hookPersonLink).toEqual({ linked: false, userErrors: [{ code: 'NOT_FOUND', field: ['userId'] }] })
})

test('the log is kept for 30 days, and a fact still counts once after that', async () => {
  await using acme = await tenant('ann:ADMIN', 'bob')
  const source = await sourceOf(acme)
  await link(acme, source.id, 'S-1', acme.id('bob'))
  await send(acme, source, INVOICE)
  await hookLogJob.run(acme.actor(undefined, new Date(Date.now() + 29 * 86_400_000)))
  expect(await logOf(acme, source.id)).toHaveLength(1)
  await hookLogJob.run(acme.actor(undefined, new Date(Date.now() + 31 * 86_400_000)))
  expect(await logOf(acme, source.id)).toEqual([])
  expect(await send(acme, source, INVOICE)).toMatchObject({ status: 200, recorded: 0, repeated: 1 })
})
