/** The ground of the live benches: a throwaway PostgreSQL, a company, its writer, and events that move every listed place. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { demoIssuer } from '../src/identity/issuer.demo.ts'
import type { Addresses } from '../src/platform/db.ts'
import { migrate } from '../src/platform/migrations.ts'
import { type Program, startProgram } from './live.machine.ts'
import type { Company, NodeSettings } from './live.node.ts'
import { compile, startRedis, startThrowawayPostgres } from './services.ts'

const NAMES = ['Amara Okafor', 'Bruno Castelli', 'Chiara Lindqvist', 'Dmitri Volkov', 'Elena Marchetti', 'Farid Rahimi',
  'Greta Sandberg', 'Hiro Tanaka', 'Ines Carvalho', 'Jonas Weber']
const START = 'meeting_scheduled' // 50 points: the places begin 50 apart, from 50 to 500.
const OVERTAKE = 'new_client_signed' // 500 points: more than lies between the first and the last.

/** The stream that the live benches follow: ten rows of names, ranks and points, about 1.2 KB a message. */
export const BOARD = `subscription ($id: ID!, $after: Cursor) { leaderboard(id: $id, top: 10, after: $after) {
  __typename
  ... on LeaderboardSnapshot { cursor reason takenAt standings { rank points user { id name } } }
  ... on LeaderboardDelta { after cursor marks at changes { from to points user { id name } } left } } }`

const RECORD = `mutation ($input: ActivityRecordInput!) { activityRecord(input: $input) { userErrors { code message } mark } }`

/** How a live bench is run; `world` is one that is open already, for several benches in turn. */
export interface LiveOptions { quick: boolean; progress: (line: string) => void; world?: World }

/** Everything but the servers that are compared. */
export interface World extends AsyncDisposable {
  readonly company: Company
  /** The node that writes, and leads the relay. */
  readonly writer: Program
  readonly versions: Record<string, string>
  readonly addresses: Addresses
  /** What a node of this world is started with. */
  readonly settings: NodeSettings
  /** Returns tokens of the company's people, no two alike. */
  tokens(count: number): Promise<string[]>
  /** Starts another node of this world, for measuring: it serves readers and leaves the relay to the writer. */
  screens(nodeOptions?: string[]): Promise<Program>
  /** Records that the last overtakes all others, so that every listed place changes; returns the commit's mark. */
  overtake(): Promise<string>
}

/** Opens the world; `alone` makes the writer the only node, without Redis. @throws MissingBaseline without redis-server */
export async function openWorld(progress: (line: string) => void, alone = false): Promise<World> {
  const stack = new AsyncDisposableStack()
  try {
    await compile(progress)
    const issuerFolder = await mkdtemp(join(tmpdir(), 'laurel-bench-issuer-'))
    stack.defer(() => rm(issuerFolder, { recursive: true, force: true }))
    const issuer = demoIssuer(issuerFolder)
    const redis = alone ? null : stack.use(await startRedis())
    const postgres = stack.use(await startThrowawayPostgres(progress))
    const addresses = await emptyDatabase(postgres.config)
    const settings: NodeSettings = { addresses, issuerFolder, relay: true, ...redis ? { redisUrl: redis.url } : {} }
    const writer = stack.use(await startProgram('live.node.ts', { settings, isMeasured: alone }))
    const company = await writer.ask<Company>('found', NAMES)
    const port = await writer.ask<number>('port')
    const tokens = async (count: number) => await Promise.all(Array.from({ length: count }, async (_, at) => {
      const userId = company.userUuids[at % company.userUuids.length]!
      const signedAt = new Date(Date.now() - Math.floor(at / NAMES.length) * 1_000) // Another second, another token.
      return (await issuer.sign({ tenantId: company.tenantId, userId, role: 'ADMIN' }, signedAt)).token
    }))
    const [token] = await tokens(1)
    let events = 0
    const record = (activityType: string, at: number) => recordAt(port, token!, {
      activityType, userId: company.userIds[at % NAMES.length], idempotencyKey: `bench-event-${events++}` })
    for (const at of NAMES.keys()) for (let times = 0; times <= at; times++) await record(START, at)
    let turn = 0
    const owned = stack.move()
    return {
      company, writer, addresses, settings, tokens,
      versions: { postgres: postgres.version, ...redis ? { redis: redis.version } : {} },
      screens: (nodeOptions = []) => startProgram('live.node.ts', { settings: { ...settings, relay: false }, nodeOptions }),
      overtake: () => record(OVERTAKE, turn++),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** Returns the addresses of a new migrated database of this server. */
export async function emptyDatabase(owner: Awaited<ReturnType<typeof startThrowawayPostgres>>['config']): Promise<Addresses> {
  const client = new Client(owner)
  await client.connect()
  await client.query('create database laurel').finally(() => client.end())
  const config = { ...owner, database: 'laurel' }
  await migrate(config, { make: true }, () => {})
  return { owner: config, app: { ...config, user: 'laurel_app' }, relay: { ...config, user: 'laurel_relay' } }
}

async function recordAt(port: number, token: string, input: object): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: RECORD, variables: { input } }),
  })
  const answer = await response.json() as { data?: { activityRecord?: { mark: string } } }
  const mark = answer.data?.activityRecord?.mark
  if (!mark) throw new Error(`an activity was not recorded: ${JSON.stringify(answer)}`)
  return mark
}
