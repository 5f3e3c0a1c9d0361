/** Webhooks while things die: each fact is one message, none is lost, a subject's keep their order, an id stays what it was. */
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase, Person, RECORD, tenantOn, testNode } from './harness.ts'
import { demoToken, pauseSimulator, startServer } from './processes.ts'
import { Receiver } from './receiver.ts'
import { CREATE, subscribe, verify } from './webhooks.ts'

const BURST = 240

test('while sessions of relay and queues are cut on two nodes, each fact is one message, in order', async () => {
  const addresses = await freshDatabase()
  // So many attempts that none is given up on, however busy the machine is.
  const webhooks = { isPrivateAllowed: true, schedule: Array.from({ length: 50 }, () => 30) }
  const nodes = [await testNode({ addresses, webhooks }), await testNode({ addresses, webhooks })]
  await using receiver = await Receiver.open()
  await using acme = await tenantOn(nodes[0]!, { timeZone: 'Europe/Berlin' }, 'ann:ADMIN', 'bob', 'cat', 'dan')
  const { id, secret } = await subscribe(acme, receiver.url(), ['activity.recorded', 'points.awarded'])
  let answered = 0
  receiver.reply = () => (++answered % 7 ? 200 : 500) // Some attempts fail for their own reasons.
  const owner = new Client(addresses.owner)
  await owner.connect()
  const cut = (name: string) =>
    owner.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = current_database()',
      [name],
    )
  const recorded = new Map<string, string[]>()
  try {
    for (let count = 0; count < BURST; count++) {
      const name = ['bob', 'cat', 'dan'][count % 3]!
      const person = new Person(nodes[count % 2]!.url, acme.as('ann').token)
      const { activityRecord } = await person.run(RECORD, {
        input: { activityType: 'meeting_scheduled', idempotencyKey: `crash-${count}-00`, userId: acme.id(name) },
      })
      recorded.set(acme.id(name), [...(recorded.get(acme.id(name)) ?? []), activityRecord.activity.id])
      if (count % 40 === 20) await cut('laurel relay')
      if (count % 40 === 35) await cut('laurel queues')
    }
    const idsOf = () => new Set(receiver.received.map(({ headers }) => headers['webhook-id']))
    await receiver.until(() => idsOf().size === 2 * BURST, 60_000)
    for (const until = Date.now() + 10_000; ;) {
      const { rows } = await owner.query('select state, count(*)::int as count from webhook_message group by 1')
      if (rows.length === 1 && rows[0].state === 'DELIVERED') {
        expect(rows).toEqual([{ state: 'DELIVERED', count: 2 * BURST }])
        break
      }
      expect(Date.now(), JSON.stringify(rows)).toBeLessThan(until)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  } finally {
    await owner.end()
  }
  for (const [subject, activityIds] of recorded) {
    const seen = new Set<string>()
    const firsts = receiver.received.filter(
      ({ json, headers }) => json.subject === subject && !seen.has(headers['webhook-id']) && seen.add(headers['webhook-id']),
    )
    expect(firsts.map(({ json }) => [json.type, json.data.activityId])).toEqual(
      activityIds.flatMap(activityId => [
        ['activity.recorded', activityId],
        ['points.awarded', activityId],
      ]),
    )
  }
  for (const each of receiver.received) verify(each, secret)
  expect(id).toMatch(/^whe_/)
}, 120_000)

test('what a node had in hand when it was killed is delivered by another, with the same id and bytes', async () => {
  const { owner: address } = await freshDatabase()
  const owner = new Client(address)
  await owner.connect()
  await using receiver = await Receiver.open()
  const settings = {
    DATABASE_URL: `postgresql://${address.user}@${encodeURIComponent(address.host!)}:${address.port}/${address.database}`,
    LAUREL_DEMO: '1',
    LAUREL_WEBHOOKS_PRIVATE: 'allow',
  }
  const first = await startServer(settings)
  await pauseSimulator(first.url)
  const admin = new Person(first.url, await demoToken(first.url, { role: 'ADMIN' }))
  const {
    webhookEndpointCreate: { secret, userErrors },
  } = await admin.run(CREATE, { input: { url: receiver.url(), topics: ['activity.recorded'] } })
  expect(userErrors).toEqual([])
  receiver.reply = () => {} // It takes the message and does not answer.
  await admin.run(RECORD, { input: { activityType: 'meeting_scheduled', idempotencyKey: 'killed-0001' } })
  await receiver.until(({ length }) => length === 1)
  await first.kill('SIGKILL')
  receiver.reply = () => 200
  const second = await startServer(settings)
  try {
    await pauseSimulator(second.url)
    // The dead node's last sign of life lies 10 s back before its work is taken over; the test moves it there.
    await owner.query(`update laurel_jobs.job set heartbeat_on = now() - interval '1 minute' where state = 'active'`)
    const [before, after] = await receiver.until(({ length }) => length === 2, 20_000)
    expect([after!.headers['webhook-id'], after!.body]).toEqual([before!.headers['webhook-id'], before!.body])
    for (const each of [before!, after!]) verify(each, secret)
    for (const until = Date.now() + 5_000; Date.now() < until;) {
      if ((await owner.query(`select 1 from webhook_message where state = 'DELIVERED'`)).rowCount) break
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    const { rows } = await owner.query(
      'select m.state, m.attempts, a.status from webhook_message m join webhook_attempt a on a.message_id = m.id',
    )
    expect(rows).toEqual([{ state: 'DELIVERED', attempts: 1, status: 200 }]) // The killed attempt was written down by nobody.
    expect(receiver.received).toHaveLength(2)
  } finally {
    await second.kill('SIGTERM')
    await owner.end()
  }
  expect(second.child.exitCode).toBe(0)
}, 120_000)
