import { expect, test } from 'vitest'
import { type Person, sharedNode, tenant, testNode, tokenOf, type TestTenant } from '../../test/harness.ts'
import { FEATURES, ROLES } from '../platform/policy.rules.ts'
import { type Job, startJobs } from '../wire/jobs.ts'
import { FeatureKey } from './feature.entity.ts'
import { isFeatureUsed } from './feature.queries.ts'

const SET = `mutation($input: FeatureFlagSetInput!) { featureFlagSet(input: $input) {
  flag { platform key isOn changedAt } userErrors { code field message } mark } }`
const FLAGS = 'query($platform: String) { featureFlags(platform: $platform) { platform key isOn changedAt } }'
const BOARDS = '{ leaderboards { nodes { name } } }'
const CREATE = `mutation($name: String!) { leaderboardCreate(input: { name: $name, subject: USER, period: ALL_TIME }) {
  leaderboard { id } } }`
const FOLLOW = 'subscription($id: ID!) { leaderboard(id: $id) { __typename } }'
const DISABLED = { message: 'This is switched off here (leaderboards). An admin of your tenant can switch it on.',
  extensions: { code: 'FEATURE_DISABLED', feature: 'leaderboards' } }

/** A company on two platforms, with a board. */
async function company(...people: string[]) {
  const acme = await tenant('ann:ADMIN', 'bob', ...people)
  await acme.sql(`update tenant set platforms = '{bizosaas,coreldove}'`)
  const { leaderboardCreate } = await acme.as('ann').run(CREATE, { name: 'Board' })
  return { acme, boardId: leaderboardCreate.leaderboard.id as string }
}
const turn = (person: Person, isOn: boolean, platform = 'bizosaas', key = 'LEADERBOARDS') =>
  person.run(SET, { input: { platform, key, isOn } })
const topics = async (acme: TestTenant) => (await acme.emitted()).filter(topic => topic === 'feature_flag.changed')

test('all ten features are on until they are switched off, and every role sees them', async () => {
  await using acme = await tenant(...ROLES.map(role => `${role.toLowerCase()}:${role}`))
  const on = FEATURES.map(key => ({ platform: 'bizosaas', key: key.toUpperCase(), isOn: true, changedAt: null }))
  expect(Object.values(FeatureKey)).toEqual(FEATURES)
  for (const role of ROLES) expect((await acme.as(role.toLowerCase()).run(FLAGS)).featureFlags).toEqual(on)
  const strange = await acme.as('member').ask(FLAGS, { platform: 'elsewhere' })
  expect(strange.errors).toMatchObject([{ message: 'platform must be one of bizosaas.', extensions: { code: 'BAD_REQUEST' } }])
  expect(await acme.sql('select * from feature_flag')).toEqual([])
})

test('a feature that is off answers FEATURE_DISABLED at every door, writes nothing, and does not exist by id', async () => {
  const { acme, boardId } = await company()
  await using _ = acme
  await using rival = await tenant('eve:ADMIN')
  const [ann, bob] = [acme.as('ann'), acme.as('bob')]
  const { featureFlagSet } = await turn(ann, false)
  expect(featureFlagSet).toEqual({
    flag: { platform: 'bizosaas', key: 'LEADERBOARDS', isOn: false, changedAt: expect.any(String) }, userErrors: [],
    mark: expect.any(String) })
  expect((await bob.ask(BOARDS)).errors).toMatchObject([DISABLED])
  expect((await bob.ask(`{ leaderboardMessages(id: "${boardId}") { __typename } }`)).errors).toMatchObject([DISABLED])
  const socket = bob.subscribe(FOLLOW, { id: boardId })
  await socket.until(() => socket.errors.length > 0)
  expect(socket.errors).toMatchObject([DISABLED])
  socket.close()
  const sse = await fetch(`${bob.url}/graphql/stream`, {
    method: 'POST', body: JSON.stringify({ query: FOLLOW, variables: { id: boardId } }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bob.token}` } })
  expect(await sse.text()).toContain('"code":"FEATURE_DISABLED"')
  const rest = await fetch(`${bob.url}/api/v1/leaderboards`, { headers: { authorization: `Bearer ${bob.token}` } })
  expect([rest.status, await rest.json()]).toEqual([403, { errors: [DISABLED] }])
  expect(await bob.run('query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }', { id: boardId }))
    .toEqual({ node: null, nodes: [null] })
  const before = await acme.emitted()
  expect((await ann.ask(CREATE, { name: 'Another' })).errors).toMatchObject([DISABLED])
  expect(await acme.sql('select name from leaderboard')).toEqual([{ name: 'Board' }])
  expect(await acme.emitted()).toEqual(before)
  await acme.audited()
  expect(await acme.sql(`select action, decision, rule from audit_entry where rule is not null`))
    .toEqual([{ action: 'leaderboard.write', decision: 'REFUSED', rule: 'FEATURE_DISABLED' }])
  expect(await rival.as('eve').run(BOARDS)).toEqual({ leaderboards: { nodes: [] } })
  await turn(ann, true)
  expect(await bob.run(BOARDS)).toEqual({ leaderboards: { nodes: [{ name: 'Board' }] } })
})

test('a request is for the platform it names, the default when it names none, and never for one the tenant lacks', async () => {
  const { acme, boardId } = await company()
  await using _ = acme
  const bob = acme.as('bob')
  await turn(acme.as('ann'), false, 'coreldove')
  expect(await bob.run(BOARDS)).toEqual({ leaderboards: { nodes: [{ name: 'Board' }] } })
  expect((await bob.on('coreldove').ask(BOARDS)).errors).toMatchObject([DISABLED])
  const [flag] = (await bob.on('coreldove').run(FLAGS)).featureFlags.filter(({ isOn }: { isOn: boolean }) => !isOn)
  expect(flag).toMatchObject({ platform: 'coreldove', key: 'LEADERBOARDS' })
  for (const strange of ['elsewhere', '', 'bizosaas, coreldove', '木']) {
    expect((await bob.on(strange).ask('{ viewer { role } }')).errors).toMatchObject([{
      message: 'The platform (header x-laurel-platform, or platform in connection_init) must be one of bizosaas, coreldove, '
        + 'or absent for bizosaas.', extensions: { code: 'BAD_REQUEST', platforms: ['bizosaas', 'coreldove'] } }])
    const socket = bob.on(strange).subscribe(FOLLOW, { id: boardId })
    await socket.until(() => socket.errors.length > 0)
    expect(socket.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
    socket.close()
  }
})

test('running subscriptions end with their feature on every node, those of another platform or feature run on', async () => {
  const { acme, boardId } = await company()
  await using _ = acme
  const { db } = await sharedNode()
  const other = await testNode({ addresses: db.addresses, relay: false })
  const bob = acme.as('bob')
  const people = [bob, Object.assign(Object.create(bob) as Person, { url: other.url })]
  const boards = people.map(person => person.subscribe(FOLLOW, { id: boardId }))
  const spared = people.flatMap(person => [
    person.on('coreldove').subscribe(FOLLOW, { id: boardId }),
    person.subscribe('subscription { feed(scope: ME) { __typename } }'),
  ])
  const sse = await fetch(`${other.url}/graphql/stream`, {
    method: 'POST', body: JSON.stringify({ query: FOLLOW, variables: { id: boardId } }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bob.token}` } })
  await Promise.all([...boards, ...spared].map(stream => stream.next()))
  await turn(acme.as('ann'), false)
  for (const stream of boards) {
    await stream.until(() => stream.errors.length > 0)
    expect(stream.errors).toMatchObject([[DISABLED]])
  }
  expect(await sse.text()).toMatch(/"code":"FEATURE_DISABLED"[^\n]*\n\nevent: complete/)
  expect(spared.map(({ errors, closedWith }) => [errors, closedWith])).toEqual(Array(4).fill([[], null]))
  expect((await people[1]!.ask(BOARDS)).errors).toMatchObject([DISABLED])
  for (const stream of [...boards, ...spared]) stream.close()
})

test('switching is announced and audited once: what stands so already is left alone, also when many switch at once', async () => {
  const { acme } = await company('fay:FINANCE')
  await using _ = acme
  const ann = acme.as('ann')
  expect((await turn(ann, true)).featureFlagSet)
    .toMatchObject({ flag: { isOn: true, changedAt: null }, userErrors: [], mark: null })
  expect([await topics(acme), await acme.sql('select * from feature_flag')]).toEqual([[], []])
  const done = await Promise.all(Array.from({ length: 6 }, () => turn(ann, false)))
  expect(done.filter(({ featureFlagSet }) => featureFlagSet.mark !== null)).toHaveLength(1)
  expect(await topics(acme)).toHaveLength(1)
  await turn(ann, true)
  expect(await acme.sql('select platform, key, is_on from feature_flag'))
    .toEqual([{ platform: 'bizosaas', key: 'leaderboards', is_on: true }])
  await acme.audited()
  const entries = await acme.sql<{ subject: string; before: boolean; after: boolean }>(`select subject, before_hash is not null as
    before, after_hash is not null as after from audit_entry where action = 'feature.write' and rule is null order by id`)
  expect(entries).toEqual(Array(2).fill({ subject: 'feature_flag:leaderboards on bizosaas', before: true, after: true }))
})

test('a platform that the tenant lacks is refused and nothing is written', async () => {
  const { acme } = await company()
  await using _ = acme
  const before = await acme.emitted()
  const { featureFlagSet } = await turn(acme.as('ann'), false, 'elsewhere')
  expect(featureFlagSet).toEqual({ flag: null, mark: null, userErrors: [
    { code: 'INVALID', field: ['platform'], message: 'platform must be one of bizosaas, coreldove.' }] })
  expect((await acme.as('bob').ask(SET, { input: { platform: 'bizosaas', key: 'LEADERBOARDS', isOn: false } })).errors)
    .toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  expect([await acme.sql('select * from feature_flag'), await acme.emitted()]).toEqual([[], before])
})

test('a request pays no statement for flags that the node knows', async () => {
  const { acme } = await company()
  await using _ = acme
  const { db: { pool } } = await sharedNode()
  const ask = async () => {
    let taken = 0
    const count = () => { taken++ }
    pool.on('acquire', count)
    await acme.as('bob').run('{ teams { nodes { name } } }')
    pool.off('acquire', count)
    return taken
  }
  await ask()
  await acme.settled()
  // Other tenants of this file are silent by now; a poll of the log may fall into one of the three.
  expect(Math.min(await ask(), await ask(), await ask())).toBe(1)
})

test('the jobs of a feature skip a tenant that has it on none of its platforms, and only that tenant', async () => {
  const { acme } = await company()
  await using _ = acme
  const { db } = await sharedNode()
  const rival = await tenant('eve:ADMIN')
  const runs: string[] = []
  const run: Job['run'] = async ({ tenantId }) => { runs.push(tenantId) }
  const ids = async () => [acme.tenantId, rival.tenantId]
  const turns = async (job: Job) => {
    runs.length = 0
    const stop = startJobs(db, [job], () => true, ids, isFeatureUsed)
    await new Promise(resolve => setTimeout(resolve, 1_300))
    await stop()
    return runs
  }
  const job: Job = { name: 'test', everyMs: 60_000, feature: 'leaderboards', run }
  await turn(acme.as('ann'), false, 'bizosaas')
  expect(await turns(job)).toEqual([acme.tenantId, rival.tenantId])
  await turn(acme.as('ann'), false, 'coreldove')
  expect(await turns(job)).toEqual([rival.tenantId])
  expect(await turns({ name: 'test', everyMs: 60_000, run })).toEqual([acme.tenantId, rival.tenantId])
})

test('a token of a tenant that is not there does not make a node remember anything', async () => {
  const { url } = await sharedNode()
  const lost = await tokenOf('01900000-0000-7000-8000-00000000dead', null, 'ADMIN')
  const response = await fetch(`${url}/graphql`, {
    method: 'POST', body: JSON.stringify({ query: FLAGS }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${lost}` } })
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
})
