/** Endpoints through the door: who may, what is refused, secrets, tests, lists; and what the night shift removes. */
import { expect, test } from 'vitest'
import { asOwner, tenantOn } from '../../test/harness.ts'
import { Receiver } from '../../test/receiver.ts'
import {
  all,
  CREATE,
  deliveries,
  DELIVERIES,
  heard,
  record,
  REPLAY,
  subscribe,
  UPDATE,
  verify,
  webhookNode,
} from '../../test/webhooks.ts'
import { uuidOf, wireId } from '../platform/ids.ts'
import { Queues } from '../wire/queues.ts'
import { DELIVER_QUEUE } from './delivery.jobs.ts'
import { tendJob } from './endpoint.jobs.ts'

const company = async (...people: string[]) =>
  tenantOn(await webhookNode(), { timeZone: 'Europe/Berlin' }, 'ann:ADMIN', ...people)
const ROTATE = `mutation($input: WebhookSecretRotateInput!) { webhookSecretRotate(input: $input) {
  endpoint { previousUntil } secret userErrors { code field } } }`
const DELETE =
  'mutation($input: WebhookEndpointDeleteInput!) { webhookEndpointDelete(input: $input) { deletedId userErrors { code field } } }'
const TEST =
  'mutation($input: WebhookTestInput!) { webhookTest(input: $input) { message { id topic state } userErrors { code field } } }'
const LIST = '{ webhookEndpoints { nodes { id url } } }'
const OPEN = { url: 'https://example.com/hooks', topics: ['activity.recorded'] }

test.each([
  ['an address inside', { url: 'http://169.254.169.254/' }, 'INVALID', ['url']],
  ['no URL', { url: 'example.com' }, 'INVALID', ['url']],
  ['a long URL', { url: `https://example.com/${'x'.repeat(2_048)}` }, 'INVALID', ['url']],
  ['no topic', { topics: [] }, 'OUT_OF_RANGE', ['topics']],
  ['a topic that there is not', { topics: ['activity.recorded', 'activity.*'] }, 'INVALID', ['topics']],
  ['a long note', { description: 'x'.repeat(501) }, 'INVALID', ['description']],
  ['a note that PostgreSQL cannot hold', { description: 'a\0b' }, 'INVALID', ['description']],
])('%s is refused and nothing is written', async (_case, change, code, field) => {
  await using acme = await company()
  const { webhookEndpointCreate } = await acme.as('ann').run(CREATE, { input: { ...OPEN, ...change } })
  expect(webhookEndpointCreate).toEqual({
    endpoint: null,
    secret: null,
    userErrors: [{ code, message: expect.any(String), field }],
    mark: null,
  })
  expect(await acme.sql('select 1 from webhook_endpoint')).toEqual([])
})

test('an endpoint is kept in the plain form of its URL, each topic once, and there are at most 50', async () => {
  await using acme = await company()
  const create = (input: object) => acme.as('ann').run(CREATE, { input })
  const {
    webhookEndpointCreate: { endpoint },
  } = await create({ url: 'HTTPS://Example.com:443/a b', topics: ['level.changed', 'level.changed'], description: ' CRM ' })
  expect(endpoint).toMatchObject({
    url: 'https://example.com/a%20b',
    topics: ['level.changed'],
    description: 'CRM',
    state: 'ACTIVE',
    disabledReason: null,
  })
  await Promise.all(Array.from({ length: 49 }, () => create(OPEN)))
  expect((await create(OPEN)).webhookEndpointCreate.userErrors).toMatchObject([{ code: 'OUT_OF_RANGE' }])
  expect((await acme.sql('select id from webhook_endpoint')).length).toBe(50)
})

test('what is absent stays, a note of null is cleared, and what may not be null is refused', async () => {
  await using acme = await company()
  const {
    webhookEndpointCreate: { endpoint },
  } = await acme.as('ann').run(CREATE, { input: { ...OPEN, description: 'CRM' } })
  const update = async (change: object) =>
    (await acme.as('ann').run(UPDATE, { input: { endpointId: endpoint.id, ...change } })).webhookEndpointUpdate
  expect((await update({ topics: ['points.awarded'] })).endpoint).toEqual({ ...endpoint, topics: ['points.awarded'] })
  expect((await update({ description: null, url: 'https://example.org/' })).endpoint).toEqual({
    ...endpoint,
    topics: ['points.awarded'],
    url: 'https://example.org/',
    description: '',
  })
  for (const [change, field] of [
    [{ url: null }, 'url'],
    [{ topics: null }, 'topics'],
    [{ state: 'DISABLED' }, 'state'],
    [{ url: 'http://10.0.0.1.nip', topics: ['x'] }, 'topics'],
  ] as const) {
    expect(await update(change)).toMatchObject({ endpoint: null, userErrors: [{ field: [field] }] })
  }
  const { node } = await acme
    .as('ann')
    .run('query($id: ID!) { node(id: $id) { ... on WebhookEndpoint { url topics state description } } }', { id: endpoint.id })
  expect(node).toEqual({ url: 'https://example.org/', topics: ['points.awarded'], state: 'ACTIVE', description: '' })
})

test('after a rotation both secrets verify until the first one ends, then only the new one', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob')
  const { id, secret } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  const rotate = async (previousHours?: number) =>
    (await acme.as('ann').run(ROTATE, { input: { endpointId: id, previousHours } })).webhookSecretRotate
  const first = await rotate()
  expect(first.secret).toMatch(/^whsec_[\w+/]{43}=$/)
  expect(first.secret).not.toBe(secret)
  expect(Date.parse(first.endpoint.previousUntil) - Date.now()).toBeGreaterThan(23.9 * 3_600_000)
  await record(acme, 'bob')
  const [both] = await receiver.until(({ length }) => length === 1)
  for (const good of [secret, first.secret]) verify(both!, good)

  const second = await rotate(0)
  await record(acme, 'bob')
  const [, one] = await receiver.until(({ length }) => length === 2)
  verify(one!, second.secret)
  for (const bad of [secret, first.secret]) expect(() => verify(one!, bad)).toThrow('No matching signature found')
  expect(await rotate(169)).toEqual({
    endpoint: null,
    secret: null,
    userErrors: [{ code: 'OUT_OF_RANGE', field: ['previousHours'] }],
  })
})

test('a test message reaches an endpoint whatever its topics', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company()
  const { id, secret } = await subscribe(acme, receiver.url(), ['level.changed'])
  const {
    webhookTest: { message },
  } = await acme.as('ann').run(TEST, { input: { endpointId: id } })
  expect(message).toEqual({ id: expect.stringMatching(/^whm_/), topic: 'webhook.test', state: 'PENDING' })
  const [arrived] = await receiver.until(({ length }) => length === 1)
  verify(arrived!, secret)
  expect(arrived!.headers['webhook-id']).toBe(message.id)
  expect(arrived!.json).toMatchObject({
    type: 'webhook.test',
    subject: id,
    sequence: null,
    data: { url: receiver.url(), topics: ['level.changed'] },
  })
  expect(await deliveries(acme, id, all('DELIVERED'))).toMatchObject([{ id: message.id, attemptCount: 1 }])
})

test('nothing is sent to a deleted endpoint, and its rows go in the night', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob')
  const { id } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  await record(acme, 'bob')
  const [message] = await deliveries(acme, id, all('DELIVERED'))
  expect((await acme.as('ann').run(DELETE, { input: { endpointId: id } })).webhookEndpointDelete).toEqual({
    deletedId: id,
    userErrors: [],
  })
  await record(acme, 'bob')
  await heard(acme)
  expect((await acme.as('ann').run(LIST)).webhookEndpoints.nodes).toEqual([])
  expect((await acme.as('ann').run('query($id: ID!) { node(id: $id) { id } }', { id })).node).toBeNull()
  for (const [mutation, name] of [
    [DELETE, 'webhookEndpointDelete'],
    [TEST, 'webhookTest'],
    [ROTATE, 'webhookSecretRotate'],
    [UPDATE, 'webhookEndpointUpdate'],
    [REPLAY, 'webhookReplay'],
  ] as const) {
    expect((await acme.as('ann').run(mutation, { input: { endpointId: id } }))[name].userErrors).toMatchObject([
      { code: 'NOT_FOUND' },
    ])
  }
  expect((await acme.as('ann').run(REPLAY, { input: { messageId: message!.id } })).webhookReplay.userErrors).toMatchObject([
    { code: 'INVALID' },
  ])
  for (let night = 0; night < 2; night++) await tendJob({ leave: async () => {} }).run(acme.actor())
  expect(await acme.sql('select 1 from webhook_endpoint')).toEqual([])
  expect(await acme.sql('select 1 from webhook_message union all select 1 from webhook_attempt')).toEqual([])
  expect(receiver.received).toHaveLength(1)
})

test('only an ADMIN sees or changes endpoints, and only those of the own tenant', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob:MANAGER')
  await using rival = await company()
  const { id } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  await record(acme, 'bob')
  const [message] = await deliveries(acme, id, all('DELIVERED'))
  const reads = [
    [LIST, {}],
    [DELIVERIES, { id }],
    ['{ webhookTopics { name } }', {}],
  ] as const
  const commands = [
    [UPDATE, { endpointId: id, state: 'PAUSED' }],
    [DELETE, { endpointId: id }],
    [ROTATE, { endpointId: id }],
    [TEST, { endpointId: id }],
    [REPLAY, { messageId: message!.id }],
    [REPLAY, { endpointId: id }],
  ] as const
  for (const [query, variables] of [...reads, ...commands.map(([mutation, input]) => [mutation, { input }] as const)]) {
    const { errors } = await acme.as('bob').ask(query, variables)
    expect([query, errors?.map(({ extensions }) => extensions.code)]).toEqual([query, ['FORBIDDEN']])
  }
  for (const thing of [id, message!.id]) {
    expect(await acme.as('bob').run('query($id: ID!) { node(id: $id) { id } }', { id: thing })).toEqual({ node: null })
  }
  expect((await rival.as('ann').run(LIST)).webhookEndpoints.nodes).toEqual([])
  expect((await rival.as('ann').run(DELIVERIES, { id })).webhookDeliveries.nodes).toEqual([])
  for (const thing of [id, message!.id])
    expect((await rival.as('ann').run('query($id: ID!) { node(id: $id) { id } }', { id: thing })).node).toBeNull()
  for (const [mutation, input] of commands) {
    const payload = Object.values(await rival.as('ann').run(mutation, { input }))[0] as { userErrors: { code: string }[] }
    expect(payload.userErrors.map(({ code }) => code)).toEqual(['NOT_FOUND'])
  }
  await record(rival, 'ann') // Facts of another tenant are not told.
  await heard(rival)
  expect((await deliveries(acme, id, ({ length }) => length > 0)).map(({ state }) => state)).toEqual(['DELIVERED'])
  expect(receiver.received.map(({ json }) => json.tenant)).toEqual([wireId('Tenant', acme.tenantId)])
})

test('messages page from the newest, by state when asked', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob')
  const { id } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  for (let count = 0; count < 5; count++) await record(acme, 'bob')
  const whole = (await deliveries(acme, id, messages => messages.length === 5 && all('DELIVERED')(messages))).reverse()
  const page = async (state: string | null, after?: string) =>
    (await acme.as('ann').run(DELIVERIES, { id, state, first: 2, after })).webhookDeliveries
  const first = await page(null)
  const second = await page('DELIVERED', first.pageInfo.endCursor)
  const third = await page('DELIVERED', second.pageInfo.endCursor)
  expect([...first.nodes, ...second.nodes, ...third.nodes]).toEqual(whole)
  expect([first, second, third].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, true, false])
  expect((await page('DEAD')).nodes).toEqual([])
  const { errors } = await acme.as('ann').ask(DELIVERIES, { id, after: 'bm9wZQ' })
  expect(errors![0]!.extensions.code).toBe('BAD_REQUEST')
})

test('the night shift removes what is older than 30 days, disables what gathers too much, leaves lost lanes again', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob')
  const owner = acme.node.db.addresses.owner.database!
  const { id } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  receiver.reply = () => 500
  for (let count = 0; count < 3; count++) await record(acme, 'bob')
  await deliveries(acme, id, messages => messages.length === 3 && messages[0]!.attemptCount > 0)
  await acme.as('ann').run(UPDATE, { input: { endpointId: id, state: 'PAUSED' } })
  const uuid = uuidOf('WebhookEndpoint', id)
  const left: string[] = []
  const leave: Queues['leave'] = async (_, works) => {
    left.push(...works.map(({ key }) => key))
  }
  const night = () => tendJob({ leave }, 100).run(acme.actor())

  await acme.sql(
    `update webhook_message set at = now() - interval '31 days' where seq = (select min(seq) from webhook_message)`,
  )
  await night()
  expect((await acme.sql('select 1 from webhook_message')).length).toBe(2)
  expect(left).toEqual([]) // PAUSED

  // The work of its lane was lost; only the rows know that something waits.
  await asOwner(owner, 'delete from laurel_jobs.job where group_id = $1', [uuid])
  await asOwner(owner, `update webhook_endpoint set state = 'ACTIVE' where id = $1`, [uuid])
  await acme.sql(`update webhook_message set due_at = now() - interval '2 minutes'`)
  await night()
  expect(left).toEqual([`${uuid}:${acme.id('bob')}`])
  receiver.reply = () => 200
  const queues = await Queues.open(acme.node.db.addresses.app)
  await queues.leave(DELIVER_QUEUE, [
    { key: left[0]!, group: uuid!, ids: { tenantId: acme.tenantId, endpointId: uuid!, subject: acme.id('bob') } },
  ])
  await queues.close()
  await deliveries(acme, id, all('DELIVERED'))

  await acme.as('ann').run(UPDATE, { input: { endpointId: id, state: 'PAUSED' } })
  await acme.sql(
    `insert into webhook_message (tenant_id, id, endpoint_id, topic, subject, payload, at)
    select $1, gen_random_uuid(), $2, 'activity.recorded', 'usr_1', '{}', now() from generate_series(1, 100)`,
    [acme.tenantId, uuid],
  )
  await night()
  const state = () => acme.sql('select state, disabled_reason from webhook_endpoint')
  expect(await state()).toEqual([{ state: 'PAUSED', disabled_reason: null }])
  await record(acme, 'bob')
  await deliveries(acme, id, ([...messages]) => messages.some(({ subject }) => subject === acme.id('bob')))
  await night()
  expect(await state()).toEqual([{ state: 'DISABLED', disabled_reason: 'BACKLOG' }])
})
