/** Deliveries through the whole house: a mutation goes in, signed requests arrive at a real receiver. */
import { expect, test } from 'vitest'
import { asOwner, tenantOn } from '../../test/harness.ts'
import { Receiver } from '../../test/receiver.ts'
import { all, deliveries, heard, record, REPLAY, subscribe, UPDATE, verify, webhookNode } from '../../test/webhooks.ts'
import { uuidOf, wireId } from '../platform/ids.ts'
import { Queues } from '../wire/queues.ts'
import { wakeQueue } from './delivery.jobs.ts'

const company = async (...people: string[]) =>
  tenantOn(await webhookNode(), { timeZone: 'Europe/Berlin' }, 'ann:ADMIN', ...people)
const BATCH = `mutation($items: [ActivityRecordInput!]!) { activitiesRecord(input: { items: $items }) {
  results { activity { id } userErrors { code } } } }`
const REVERSE = 'mutation($input: ActivityReverseInput!) { activityReverse(input: $input) { userErrors { code } } }'
const typesOf = (received: { json: { type: string } }[]) => received.map(({ json }) => json.type)

test('each fact is one signed message: an activity, its points, the level they reach, and the points taken back', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob')
  const { id, secret } = await subscribe(acme, receiver.url('/in?from=laurel'), [
    'activity.recorded',
    'points.awarded',
    'points.reversed',
    'level.changed',
  ])
  await acme.sql('update level set threshold = 500 where number = 2')
  const activityId = await record(acme, 'bob', 'new_client_signed')
  await receiver.until(received => received.length === 3)
  await acme.as('ann').run(REVERSE, { input: { activityId, idempotencyKey: 'reverse-0001' } })
  const received = await receiver.until(({ length }) => length === 5)

  for (const each of received) verify(each, secret)
  expect(typesOf(received).slice(0, 3)).toEqual(['activity.recorded', 'points.awarded', 'level.changed'])
  expect(typesOf(received).slice(3).sort()).toEqual(['level.changed', 'points.reversed'])
  expect(new Set(received.map(({ path }) => path))).toEqual(new Set(['/in?from=laurel']))
  const [recorded, awarded, reached] = received.map(({ json }) => json)
  const [membership] = await acme.sql<{ department: string }>('select department_id as department from team')
  const place = {
    userId: acme.id('bob'),
    teamId: wireId('Team', acme.teamId),
    departmentId: wireId('Department', membership!.department),
  }
  const { day } = recorded.data
  expect(recorded).toEqual({
    type: 'activity.recorded',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
    tenant: wireId('Tenant', acme.tenantId),
    subject: acme.id('bob'),
    sequence: awarded.sequence,
    data: { activityId, activityType: 'new_client_signed', ...place, day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
  })
  expect(awarded.data).toEqual({ ...place, points: 500, balance: 500, activityType: 'new_client_signed', activityId, day })
  expect(reached.data).toEqual({
    userId: acme.id('bob'),
    teamId: place.teamId,
    direction: 'UP',
    balance: 500,
    level: expect.objectContaining({ number: 2 }),
  })
  expect(received.find(({ json }) => json.type === 'points.reversed')!.json.data).toEqual({
    ...awarded.data,
    points: -500,
    balance: 0,
  })
  // The log of deliveries says the same, byte for byte.
  const shown = await deliveries(acme, id, messages => messages.length === 5 && all('DELIVERED')(messages))
  expect(shown.map(({ id: messageId, body }) => [messageId, body])).toEqual(
    received.map(({ headers, body }) => [headers['webhook-id'], body]),
  )
  expect(shown[0]).toMatchObject({ attemptCount: 1, dueAt: null, attempts: [{ number: 1, status: 200, failure: null }] })
})

test('a batch is one message for each activity and each award, by topic; zero points are no award', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob', 'cat')
  const [recorded, awarded] = await Promise.all(
    ['activity.recorded', 'points.awarded'].map(topic => subscribe(acme, receiver.url(`/${topic}`), [topic])),
  )
  await acme.sql(`update activity_type set points = 0 where key = 'team_support'`)
  const types = ['meeting_scheduled', 'team_support', 'proposal_accepted', 'meeting_scheduled']
  const items = types.map((activityType, at) => ({
    activityType,
    idempotencyKey: `batch-${at}-000`,
    userId: acme.id(at % 2 ? 'cat' : 'bob'),
  }))
  const {
    activitiesRecord: { results },
  } = await acme.as('ann').run(BATCH, { items })
  expect(results.map(({ userErrors }: { userErrors: unknown[] }) => userErrors)).toEqual([[], [], [], []])
  const messages = await Promise.all([recorded!, awarded!].map(({ id }) => deliveries(acme, id, all('DELIVERED'))))
  expect(messages.map(({ length }) => length)).toEqual([4, 3])
  expect(messages[0]!.map(({ body }) => JSON.parse(body).data.activityId)).toEqual(
    results.map((result: { activity: { id: string } }) => result.activity.id),
  )
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(7)
  expect(receiver.received).toHaveLength(7)
})

test('a failed message is tried again with the same id and bytes; later ones of its subject wait, others pass', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob', 'cat')
  const { id, secret } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  const bob = acme.id('bob')
  const told: string[] = []
  // Bob's first message is refused, then not answered, then taken.
  receiver.reply = ({ json, headers }) => {
    if (json.subject !== bob) return 200
    if (!told.includes(headers['webhook-id'])) told.push(headers['webhook-id'])
    const tries = receiver.received.filter(one => one.headers['webhook-id'] === headers['webhook-id']).length
    return told.length > 1 ? 200 : [500, undefined, 204][tries]
  }
  const ids = [await record(acme, 'bob'), await record(acme, 'bob'), await record(acme, 'cat')]
  const messages = await deliveries(acme, id, shown => shown.length === 3 && all('DELIVERED')(shown))
  expect(messages.map(({ attempts }) => attempts)).toEqual([
    [
      { number: 1, status: 500, failure: 'STATUS' },
      { number: 2, status: null, failure: 'TIMEOUT' },
      { number: 3, status: 204, failure: null },
    ],
    [{ number: 1, status: 200, failure: null }],
    [{ number: 1, status: 200, failure: null }],
  ])
  const arrived = receiver.received.map(({ json }) => ids.indexOf(json.data.activityId))
  expect(arrived.filter(at => at < 2)).toEqual([0, 0, 0, 1]) // Bob's in order.
  expect(arrived.indexOf(2)).toBeLessThan(arrived.lastIndexOf(0)) // Cat did not wait for Bob.
  const tries = receiver.received.filter(({ json }) => json.data.activityId === ids[0])
  expect(new Set(tries.map(({ headers, body }) => headers['webhook-id'] + body)).size).toBe(1)
  for (const each of receiver.received) verify(each, secret)
})

test('what fails to the end is a dead letter that can be read and sent again; what is behind it goes on', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob', 'cat')
  const { id } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  await record(acme, 'cat')
  await deliveries(acme, id, all('DELIVERED'))
  let poison: string | undefined
  const tries = () => receiver.received.filter(({ json }) => json.data.activityId === poison).length
  let catCame = () => {}
  const cat = new Promise<void>(resolve => (catCame = resolve))
  receiver.reply = ({ json }, response) => {
    if (json.subject === acme.id('cat')) catCame()
    if (json.subject === acme.id('bob')) poison ??= json.data.activityId as string // Bob's first.
    if (json.data.activityId !== poison) return 200
    // Cat's message arrives between the first failure and the last, whatever this machine is busy with.
    if (tries() > 0) void cat.then(() => response.writeHead(422).end())
    else return 422
  }
  expect(await record(acme, 'bob')).toBe((await receiver.until(({ length }) => length === 2))[1]!.json.data.activityId)
  const after = [await record(acme, 'bob'), await record(acme, 'cat')]
  const shown = await deliveries(
    acme,
    id,
    messages => messages.length === 4 && messages.every(({ state }) => state !== 'PENDING'),
  )
  const dead = shown.filter(({ state }) => state === 'DEAD')
  expect(dead).toMatchObject([{ attemptCount: 3, attempts: [{ status: 422 }, { status: 422 }, { status: 422 }] }])
  expect(JSON.parse(dead[0]!.body).data.activityId).toBe(poison)
  expect(receiver.received.slice(-2).map(({ json }) => json.data.activityId)).toEqual(expect.arrayContaining([after[0]]))
  // Cat's message arrived meanwhile, so the endpoint is not given up on.
  const { node } = await acme
    .as('ann')
    .run('query($id: ID!) { node(id: $id) { ... on WebhookEndpoint { state failingSince } } }', { id })
  expect(node.state).toBe('ACTIVE')

  receiver.reply = () => 200
  const { webhookReplay } = await acme.as('ann').run(REPLAY, { input: { messageId: dead[0]!.id } })
  expect(webhookReplay).toEqual({ replayed: 1, userErrors: [], mark: expect.any(String) })
  const again = await deliveries(acme, id, all('DELIVERED'))
  expect(again.find(message => message.id === dead[0]!.id)).toMatchObject({
    attemptCount: 4,
    attempts: [{}, {}, {}, { number: 4, status: 200, failure: null }],
  })
  const { webhookReplay: refused } = await acme.as('ann').run(REPLAY, { input: { messageId: dead[0]!.id } })
  expect(refused).toEqual({ replayed: null, userErrors: [{ code: 'INVALID', field: ['messageId'] }], mark: null })
})

test('PST-06: an endpoint where nothing arrives is disabled with notice and keeps what waits', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob')
  const { id } = await subscribe(acme, receiver.url('/ill'), ['activity.recorded'])
  await subscribe(acme, receiver.url('/well'), ['webhook.disabled'])
  receiver.reply = ({ path }) => (path === '/ill' ? 503 : 200)
  await record(acme, 'bob')
  await record(acme, 'bob')
  const [notice] = (await receiver.until(received => received.some(({ path }) => path === '/well'))).filter(
    ({ path }) => path === '/well',
  )
  expect(notice!.json).toMatchObject({ type: 'webhook.disabled', subject: id, data: { endpointId: id, reason: 'FAILING' } })
  await record(acme, 'bob') // Nothing gathers for an endpoint that was given up on.
  await heard(acme)
  const shown = await deliveries(acme, id, messages => messages.length === 2)
  expect(shown.map(({ state, attemptCount }) => [state, attemptCount])).toEqual([
    ['DEAD', 3],
    ['PENDING', 0],
  ])
  const ask = () =>
    acme
      .as('ann')
      .run('query($id: ID!) { node(id: $id) { ... on WebhookEndpoint { state disabledReason failingSince } } }', { id })
  expect((await ask()).node).toEqual({ state: 'DISABLED', disabledReason: 'FAILING', failingSince: expect.any(String) })

  receiver.reply = () => 200
  await acme.as('ann').run(UPDATE, { input: { endpointId: id, state: 'ACTIVE' } })
  await acme.as('ann').run(REPLAY, { input: { endpointId: id } })
  const well = await deliveries(acme, id, all('DELIVERED'))
  expect(well.map(({ attemptCount }) => attemptCount)).toEqual([4, 1])
  expect((await ask()).node).toEqual({ state: 'ACTIVE', disabledReason: null, failingSince: null })
})

test('a paused endpoint gathers messages and is sent them, in order, when it is ACTIVE again', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob')
  const { id } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  await acme.as('ann').run(UPDATE, { input: { endpointId: id, state: 'PAUSED' } })
  const ids = [await record(acme, 'bob'), await record(acme, 'bob'), await record(acme, 'bob')]
  const waiting = await deliveries(acme, id, ({ length }) => length === 3)
  expect(waiting.map(({ state, attemptCount }) => [state, attemptCount])).toEqual([
    ['PENDING', 0],
    ['PENDING', 0],
    ['PENDING', 0],
  ])
  expect(receiver.received).toEqual([])
  await acme.as('ann').run(UPDATE, { input: { endpointId: id, state: 'ACTIVE' } })
  await deliveries(acme, id, all('DELIVERED'))
  expect(receiver.received.map(({ json }) => json.data.activityId)).toEqual(ids)
})

test('a retry that waits is brought forward when its endpoint is made ACTIVE again', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob')
  const { id } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  receiver.reply = () => 500
  await record(acme, 'bob')
  await deliveries(acme, id, ([message]) => message?.attemptCount === 1)
  const { database } = acme.node.db.addresses.owner
  const active = () => asOwner(database!, `select 1 from laurel_jobs.job where group_id = $1 and state = 'active'`, [
    uuidOf('WebhookEndpoint', id),
  ])
  while ((await active()).length) await new Promise(resolve => setTimeout(resolve, 20)) // The first attempt puts its work away.
  // As with the delays of production: far beyond what the test would wait.
  await asOwner(database!, `update webhook_message set due_at = now() + interval '1 day' where endpoint_id = $1`, [
    uuidOf('WebhookEndpoint', id),
  ])
  await asOwner(
    database!,
    `update laurel_jobs.job set start_after = now() + interval '1 day' where group_id = $1 and state = 'created'`,
    [uuidOf('WebhookEndpoint', id)],
  )
  receiver.reply = () => 200
  for (const state of ['PAUSED', 'ACTIVE']) await acme.as('ann').run(UPDATE, { input: { endpointId: id, state } })
  const [message] = await deliveries(acme, id, all('DELIVERED'))
  expect(message!.attempts.at(-1)).toMatchObject({ status: 200 })
})

test('what an endpoint is woken for is due at that moment, never a part of a millisecond later', async () => {
  await using receiver = await Receiver.open()
  await using acme = await company('bob')
  const { id } = await subscribe(acme, receiver.url(), ['activity.recorded'])
  await acme.as('ann').run(UPDATE, { input: { endpointId: id, state: 'PAUSED' } }) // Nothing is sent meanwhile.
  await record(acme, 'bob')
  await deliveries(acme, id, ([message]) => message?.state === 'PENDING')
  const { node: { db }, tenantId } = acme
  const [endpointId, database] = [uuidOf('WebhookEndpoint', id)!, db.addresses.owner.database!]
  // A woken message lies a day ahead and comes to now; by then its time has been rounded to what the column holds.
  await asOwner(database, `create function refuse_later() returns trigger language plpgsql as $$ begin
    if old.due_at > now() + interval '1 hour' and new.due_at > now() then raise exception 'due later'; end if; return new; end $$;
    create trigger refuse_later before update on webhook_message for each row execute function refuse_later()`)
  const queues = await Queues.open(db.addresses.app)
  try {
    const { work } = wakeQueue(db, queues)
    for (let times = 0; times < 30; times++) {
      await asOwner(database, `update webhook_message set due_at = now() + interval '1 day' where endpoint_id = $1`, [endpointId])
      await work({ tenantId, endpointId }, new AbortController().signal)
    }
  } finally {
    await queues.close()
    await asOwner(database, 'drop trigger refuse_later on webhook_message; drop function refuse_later')
  }
  await acme.as('ann').run(UPDATE, { input: { endpointId: id, state: 'ACTIVE' } })
  expect((await deliveries(acme, id, all('DELIVERED')))[0]!.attempts).toMatchObject([{ number: 1, status: 200 }])
})
