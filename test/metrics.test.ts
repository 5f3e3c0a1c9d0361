import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { expect, inject, test } from 'vitest'
import { parse } from 'yaml'
import { LeaderboardPeriod, LeaderboardSubject } from '../src/leaderboards/leaderboard.entity.ts'
import { createLeaderboard } from '../src/leaderboards/leaderboard.service.ts'
import { wireId } from '../src/platform/ids.ts'
import { projectRoot } from '../src/platform/project.ts'
import { asOwner, Person, RECORD, sharedNode, tenant, tenantOn, testNode } from './harness.ts'

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8')
const FOLLOW = `subscription ($id: ID!, $after: Cursor) { leaderboard(id: $id, after: $after) { __typename
  ... on LeaderboardSnapshot { cursor } ... on LeaderboardDelta { cursor marks } } }`
const once = (key: string) => ({ input: { activityType: 'meeting_scheduled', idempotencyKey: key } })

/** What a node says of itself: each series as `name{labels}` with its value. */
async function scrape(url: string): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`)
  const lines = (await response.text()).split('\n').filter(line => line && !line.startsWith('#'))
  return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

/** Returns by how much each series that changed has grown meanwhile. */
async function grownBy(url: string, doing: () => Promise<unknown>): Promise<(series: string) => number> {
  const before = await scrape(url)
  await doing()
  const after = await scrape(url)
  return series => (after.get(series) ?? 0) - (before.get(series) ?? 0)
}

const operation = (door: string, type: string, outcome: string) =>
  `laurel_operation_seconds_count{door="${door}",type="${type}",outcome="${outcome}"}`

// First, while it is the only node of this process, whose metrics all its nodes share.
test('an operation that fails by our fault counts against the error budget', async () => {
  const node = await testNode()
  const { url, db } = node
  await using acme = await tenantOn(node, { timeZone: 'UTC' }, 'ann')
  const asker = acme.as('ann')
  await asker.run('{ viewer { role } }')
  await db.pool.end() // Whatever asks the database now meets a fault of ours.
  const grown = await grownBy(url, () => asker.ask('{ users { nodes { id } } }'))
  expect(grown(operation('http', 'query', 'failed'))).toBe(1)
  const now = await scrape(url)
  expect([now.get('laurel_ready'), now.get('laurel_postgres_up')]).toEqual([0, 0])
  await node.close()
})

test('operations are counted by door, type and outcome; what the asker can mend is no failure of ours', async () => {
  const { url } = await sharedNode()
  await using acme = await tenant('ann')
  const ann = acme.as('ann')
  const grown = await grownBy(url, async () => {
    await ann.run('{ viewer { role } }')
    await ann.run('{ feedMessages { __typename } }')
    await ann.run(RECORD, once('metrics-1'))
    await ann.ask('{ nothing }')
    await new Person(url, '').ask('{ viewer { role } }')
    await fetch(`${url}/graphql/stream`, {
      method: 'POST', body: JSON.stringify({ query: '{ viewer { role } }' }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ann.token}` },
    })
    const asked = ann.subscribe('{ viewer { role } }')
    await asked.next()
    asked.close()
  })
  const counts = [['http', 'query', 'ok'], ['http', 'poll', 'ok'], ['http', 'mutation', 'ok'], ['http', 'none', 'refused'],
    ['http', 'query', 'refused'], ['sse', 'query', 'ok'], ['socket', 'query', 'ok'], ['http', 'query', 'failed']] as const
  expect(counts.map(([door, type, outcome]) => grown(operation(door, type, outcome)))).toEqual([1, 1, 1, 1, 1, 1, 1, 0])
})

test('the delay of a live update is counted from its commit, once a message and group, not for what is replayed', async () => {
  const { url } = await sharedNode()
  await using acme = await tenant('ann')
  const { leaderboard } = await createLeaderboard(
    acme.actor(), { name: 'Board', subject: LeaderboardSubject.USER, period: LeaderboardPeriod.ALL_TIME })
  const id = wireId('Leaderboard', leaderboard.id)
  await acme.settled()
  const ann = acme.as('ann')
  const readers = [ann.subscribe(FOLLOW, { id }), ann.subscribe(FOLLOW, { id })]
  const [{ cursor }] = await Promise.all(readers.map(reader => reader.next()))
  const series = 'laurel_live_delay_seconds_count{kind="STATE"}'
  let delaySum = 0
  const grown = await grownBy(url, async () => {
    await ann.run(RECORD, once('metrics-2'))
    await Promise.all(readers.map(reader => reader.next()))
  })
  delaySum = grown('laurel_live_delay_seconds_sum{kind="STATE"}')
  expect(grown(series)).toBe(1)
  expect(delaySum).toBeGreaterThan(0)
  expect(delaySum).toBeLessThan(2)
  const replayed = await grownBy(url, async () => {
    const late = ann.subscribe(FOLLOW, { id, after: cursor })
    expect((await late.next()).__typename).toBe('LeaderboardDelta')
    late.close()
  })
  expect(replayed(series)).toBe(0)
  for (const reader of readers) reader.close()
})

test('an event keeps the time of its commit, also when the relay numbers it later', async () => {
  const node = await testNode({ relay: false })
  const other = { addresses: node.db.addresses }
  const database = node.db.addresses.owner.database!
  await asOwner(database, `insert into tenant (tenant_id, slug, name, platforms, default_platform, time_zone, currency)
    values (gen_random_uuid(), 'late', 'Late', '{a}', 'a', 'UTC', 'EUR')`)
  await asOwner(database, `insert into event_head (tenant_id, epoch) select tenant_id, 'e' from tenant`)
  await asOwner(database, `insert into outbox (tenant_id, topic, payload, at)
    select tenant_id, 'late.' || ago, '{}', now() - ago * interval '1 second' from tenant, unnest(array[90, 90000]) ago`)
  await node.close() // Both would tell the one registry of this process whether they lead.
  const relaying = await testNode({ ...other, relay: true })
  const numbered = async () => (await asOwner(database, 'select 1 from event_log')).length === 2
  for (let tries = 0; !await numbered() && tries < 200; tries++) await new Promise(resolve => setTimeout(resolve, 25))
  const rows = await asOwner<{ topic: string; seconds: string }>(database,
    `select topic, round(extract(epoch from now() - at) / 30) * 30 as seconds from event_log order by pos`)
  expect(rows.map(({ topic, seconds }) => [topic, Number(seconds)])).toEqual([['late.90', 90], ['late.90000', 3_600]])
  const led = async () => (await scrape(relaying.url)).get('laurel_relay_leads') === 1 // Looked at now and then.
  for (let tries = 0; !await led() && tries < 200; tries++) await new Promise(resolve => setTimeout(resolve, 25))
  const metrics = await scrape(relaying.url)
  expect([metrics.get('laurel_relay_leads'), metrics.get('laurel_outbox_oldest_seconds')]).toEqual([1, 0])
  expect(metrics.get('laurel_queue_waiting_most{queue="outbox"}')).toBeGreaterThanOrEqual(2)
})

interface Rule { record?: string; alert?: string; expr: string; labels?: { severity: string }; annotations?: { summary: string } }
interface Panel { type: string; title: string; targets?: { expr: string; legendFormat: string }[] }
const { groups } = parse(read('deploy/alerts.yml')) as { groups: { name: string; rules: Rule[] }[] }
const rules = groups.flatMap(group => group.rules)
const { panels } = JSON.parse(read('deploy/grafana.json')) as { panels: Panel[] }
const trials = (parse(read('deploy/alerts.test.yml')) as { tests: { input_series: { series: string }[] }[] }).tests
const fed = trials.flatMap(trial => trial.input_series.map(({ series }) => series))
const shown = panels.flatMap(({ targets = [] }) => targets)

/** A series that an expression asks for: its name and what it demands of labels. */
interface Wanted { name: string; labels: [label: string, value: string | null][] }

/** Returns what an expression asks for; labels by which it groups or that a legend shows are asked for of any of its series. */
function wantedBy({ expr, legendFormat = '' }: { expr: string; legendFormat?: string }): Wanted[] {
  const selected = [...expr.matchAll(/\b(laurel[:\w]+)(?:\{([^}]*)\})?/g)].map(([, name, inner]) => ({
    name: name!, labels: [...(inner ?? '').matchAll(/(\w+)=~?"([^"]*)"/g)]
      .flatMap(([, label, values]) => values!.split('|').map((value): [string, string | null] => [label!, value])),
  }))
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(/,\s*/))
  const told = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
  const any = [...new Set([...grouped, ...told])].map((label): [string, null] => [label, null])
  return selected.map(({ name, labels }) => ({ name, labels: [...labels, ...any].filter(([label]) => label !== 'instance') }))
}

/** Returns what is asked for and is not there. `instance` is Prometheus's own. */
function missing(wanted: Wanted[], series: string[], recorded: Set<string>): string[] {
  return wanted.flatMap(({ name, labels }) => {
    if (name.includes(':')) return recorded.has(name) && labels.every(([, value]) => value === null) ? [] : [name]
    const own = series.filter(each => each === name || each.startsWith(`${name}{`))
    if (!own.length) return [name]
    const isTold = (text: string) => own.some(each => each.includes(text))
    return labels.filter(([label, value]) => !isTold(value === null ? `${label}="` : `${label}="${value}"`))
      .map(([label, value]) => `${name}{${label}="${value ?? '…'}"}`)
  })
}

test('every metric and label of the alert rules, of their trials and of the dashboard is told by a running node', async () => {
  const redisUrl = inject('redisUrl')
  const node = await testNode(redisUrl ? { redisUrl } : {})
  const series = [...(await scrape(node.url)).keys()]
  const recorded = new Set(rules.flatMap(({ record }) => record ?? []))
  const wanted = [...rules, ...shown, ...fed.map(expr => ({ expr }))].flatMap(wantedBy)
  expect(wanted.length).toBeGreaterThan(80)
  expect(missing(wanted, series, recorded)).toEqual([])
  const planted = wantedBy(
    { expr: 'sum by (pol) (laurel_pool_connections{state="bsy"}) / laurel_nothing', legendFormat: '{{pool}}' })
  expect(missing(planted.slice(0, 1), series, recorded))
    .toEqual(['laurel_pool_connections{state="bsy"}', 'laurel_pool_connections{pol="…"}'])
  expect(missing(planted.slice(1), series, recorded)).toEqual(['laurel_nothing'])
})

test('each rule is whole, named once, and each alert is explained in docs/operate.md', () => {
  const names = rules.map(({ record, alert }) => record ?? alert!)
  expect(new Set(names).size).toBe(names.length)
  const alerts = rules.filter(({ alert }) => alert)
  expect(alerts.length).toBeGreaterThanOrEqual(15)
  const isBare = ({ labels, annotations }: Rule) => !/^(page|ticket)$/.test(labels?.severity ?? '') || !annotations?.summary
  expect(alerts.filter(isBare)).toEqual([])
  const operate = read('docs/operate.md')
  expect(alerts.map(({ alert }) => alert!).filter(alert => !operate.includes(`| \`${alert}\` |`))).toEqual([])
  const named = [...operate.matchAll(/^\| `(Laurel\w+)` \|/gm)].map(([, name]) => name)
  expect(named.sort()).toEqual(alerts.map(({ alert }) => alert).sort())
  const isOpen = (expr: string) => expr.split('(').length !== expr.split(')').length
  expect([...rules, ...shown].map(({ expr }) => expr).filter(isOpen)).toEqual([])
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
if (!hasPromtool) {
  process.stderr.write(
    '\nNOTE: promtool is not installed (Debian: prometheus); Prometheus itself does not check deploy/alerts.yml.\n\n')
}

test.skipIf(!hasPromtool)('Prometheus reads the rules, and they fire when they should', () => {
  const promtool = (...args: string[]) => spawnSync('promtool', args, { cwd: join(projectRoot, 'deploy'), encoding: 'utf8' })
  const checked = promtool('check', 'rules', 'alerts.yml')
  expect(checked.status, checked.stdout + checked.stderr).toBe(0)
  const tested = promtool('test', 'rules', 'alerts.test.yml')
  expect(tested.status, tested.stdout + tested.stderr).toBe(0)
})
