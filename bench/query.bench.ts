/**
 * The dashboard list over HTTP: 50 people with level, points, rank on a board, and team. CPU a request of Laurel (identity,
 * rights and row security on) beside PostGraphile 5 and Mercurius with its compiled executor, on the same rows, the same answer.
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Client } from 'pg'
import { projectRoot } from '../src/platform/project.ts'
import { median, whole } from './figures.ts'
import { connectTo, type Connection } from './http.ts'
import { placing, type Program, startProgram, stepAside } from './live.machine.ts'
import type { QueryCompany, QuerySettings } from './query.node.ts'
import { emptyDatabase } from './live.world.ts'
import { laurel, LISTED, mercurius, postgraphile, type Row, type Server } from './query.servers.ts'
import { peerViews } from './query.views.ts'
import { compile, MissingBaseline, postgresCpuUs, startThrowawayPostgres } from './services.ts'

/** How much: people of the tenant, connections, requests a round and before the first, rounds. */
interface Effort {
  people: number
  connections: number
  requests: number
  warmUp: number
  rounds: number
}
const FULL: Effort = { people: 1_000, connections: 8, requests: 4_000, warmUp: 3_000, rounds: 5 }
const QUICK: Effort = { people: 100, connections: 4, requests: 100, warmUp: 100, rounds: 1 }

/** A server that answers: how it is asked, and the bytes it must answer. */
interface Running {
  server: Server
  program: Program
  /** Opens connections; a server may close those that rest. */
  connect(): Promise<Connection[]>
  body: Buffer
  answer: Buffer
}

/** CPU of one round, in microseconds a request. */
interface Round {
  serverUs: number
  postgresUs: number
}

/** Returns the two ratios. @throws MissingBaseline when the peers are not installed */
export default async function query({ quick, progress }: { quick: boolean; progress: (line: string) => void }) {
  const peerVersions = versionsOfPeers()
  const effort = quick ? QUICK : FULL
  await compile(progress)
  const backOn = stepAside()
  await using stack = new AsyncDisposableStack()
  stack.defer(backOn)
  const postgres = stack.use(await startThrowawayPostgres(progress))
  const addresses = await emptyDatabase(postgres.config)
  const owner = new Client(addresses.owner)
  await owner.connect()
  stack.defer(() => owner.end())
  const issuerFolder = await mkdtemp(join(tmpdir(), 'laurel-bench-issuer-'))
  stack.defer(() => rm(issuerFolder, { recursive: true, force: true }))

  progress(`a node with ${effort.people} people`)
  const settings: QuerySettings = { addresses, issuerFolder }
  // Such as --cpu-prof, to see where the time goes.
  const nodeOptions = process.env.LAUREL_BENCH_NODE_OPTIONS?.split(' ') ?? []
  const node = stack.use(await startProgram('query.node.ts', { settings, nodeOptions }))
  const company = await node.ask<QueryCompany>('found', effort.people)
  await earn(company, await node.ask<string>('recorder', company.tenantId))
  await settle(owner, company)
  await owner.query(peerViews(company.tenantId))
  await owner.query('vacuum analyze')

  progress('the peers')
  const running = [await run(laurel(company.boardId), node, company.url, company.token, effort)]
  for (const server of [postgraphile, mercurius('mercurius'), mercurius('mercuriusJoined')]) {
    const program = stack.use(
      await startProgram('query.peers.mjs', { settings: { peer: server.name, database: addresses.owner } }))
    const url = `http://127.0.0.1:${await program.ask<number>('port')}/graphql`
    running.push(await run(server, program, url, 'none', effort))
  }
  checkEqual(running)
  const rounds = await measure(running, effort, owner, progress)
  return {
    ...reportOf(running, rounds),
    notes: [
      `${LISTED} of ${effort.people} people; ${effort.connections} connections; ${placing}.`,
      'Checked: all servers answer the same rows, and each the same bytes every time.',
      'Laurel checks tokens and rights and reads under row security; the peers read as the owner, with neither.',
    ],
    versions: { postgres: postgres.version, ...peerVersions },
  }
}

function versionsOfPeers(): Record<string, string> {
  const versionOf = (name: string) => {
    const path = join(projectRoot, 'bench/node_modules', name, 'package.json')
    if (!existsSync(path)) throw new MissingBaseline('PostGraphile and Mercurius are not installed: npm ci --prefix bench')
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  }
  return { postgraphile: versionOf('postgraphile'), mercurius: versionOf('mercurius'), 'graphql-jit': versionOf('graphql-jit') }
}

/** Gives everybody points, through the API, so that levels and ranks differ and some are shared. */
async function earn({ url, userIds }: QueryCompany, token: string): Promise<void> {
  const connection = await connectTo(url, token)
  const types = ['new_client_signed', 'proposal_accepted', 'team_support', 'training_completion']
  const items = userIds.flatMap((userId, at) =>
    Array.from({ length: 8 + at * 31 % 23 }, (_, time) => ({
      userId, activityType: types[(at + time) % types.length], idempotencyKey: `bench-${at}-${time}`.padEnd(12, '-'),
    })))
  for (let at = 0; at < items.length; at += 1_000) {
    const query = `mutation ($input: ActivitiesRecordInput!) { activitiesRecord(input: $input) {
      results { userErrors { message } } userErrors { message } } }`
    const variables = { input: { items: items.slice(at, at + 1_000) } }
    const answer = JSON.parse((await connection.post(Buffer.from(JSON.stringify({ query, variables })))).toString())
    const { results, userErrors } = answer.data.activitiesRecord as { results: { userErrors: object[] }[]; userErrors: object[] }
    const refused = [...userErrors, ...results.flatMap(result => result.userErrors)]
    if (refused.length) throw new Error(`activities were not recorded: ${JSON.stringify(refused.slice(0, 3))}`)
  }
  connection.close()
}

/** Waits until everybody's level is stored: the relay and its reactions have done their work. */
async function settle(owner: Client, { tenantId, userIds }: QueryCompany): Promise<void> {
  const giveUpMs = performance.now() + 60_000
  const settled = `select not exists (select from outbox) and (select count(*) = $2 from user_level where tenant_id = $1) as is`
  while (!(await owner.query<{ is: boolean }>(settled, [tenantId, userIds.length])).rows[0]!.is) {
    if (performance.now() > giveUpMs) throw new Error('the levels did not follow the points within a minute')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

async function run(server: Server, program: Program, url: string, token: string, effort: Effort): Promise<Running> {
  const connect = () => Promise.all(Array.from({ length: effort.connections }, () => connectTo(url, token)))
  const body = Buffer.from(JSON.stringify({ query: server.query, variables: server.variables, operationName: 'Dashboard' }))
  const connections = await connect()
  const answer = await connections[0]!.post(body)
  for (const connection of connections) connection.close()
  return { server, program, connect, body, answer }
}

function rowsIn({ server, answer }: Running): Row[] {
  const { data, errors } = JSON.parse(answer.toString()) as { data?: never; errors?: object[] }
  if (errors || !data) throw new Error(`${server.name} answered ${answer.toString().slice(0, 500)}`)
  return server.rowsOf(data)
}

function checkEqual([first, ...others]: Running[]): void {
  const rows = rowsIn(first!)
  const isFull = rows.length === LISTED && rows.every(({ level, team, rank, points }) => level && team && rank && points)
  if (!isFull) throw new Error(`the list is not full: ${JSON.stringify(rows.slice(0, 3))}`)
  for (const other of others) {
    const theirs = rowsIn(other)
    const at = rows.findIndex((row, index) => !isDeepStrictEqual(row, { ...theirs[index] }))
    if (theirs.length !== rows.length || at >= 0) {
      const both = `${JSON.stringify(rows[at])} and ${JSON.stringify(theirs[at])}`
      throw new Error(`${first!.server.name} and ${other.server.name} differ at ${at}: ${both}`)
    }
  }
}

/** Measures all servers in turn, so that what else the machine does meets each alike. */
async function measure(
  running: Running[], effort: Effort, owner: Client, progress: (line: string) => void,
): Promise<Round[][]> {
  for (const each of running) await load(each, effort.warmUp)
  const rounds: Round[][] = running.map(() => [])
  for (let round = 1; round <= effort.rounds; round++) {
    for (const [at, each] of running.entries()) {
      const [database, server] = [await postgresCpuUs(owner), await each.program.cpuUs()]
      await load(each, effort.requests)
      const spent = await each.program.cpuUs() - server
      const spentBelow = database.since(await postgresCpuUs(owner))
      rounds[at]!.push({ serverUs: spent / effort.requests, postgresUs: spentBelow / effort.requests })
    }
    progress(`round ${round}: ${running.map(({ server }, at) => `${server.name} ${whole(rounds[at]!.at(-1)!.serverUs)} µs`)
      .join(', ')}`)
  }
  return rounds
}

async function load({ server, connect, body, answer }: Running, requests: number): Promise<void> {
  const connections = await connect()
  let left = requests
  await Promise.all(connections.map(async connection => {
    while (left-- > 0) {
      const other = await connection.post(body)
      if (!other.equals(answer)) throw new Error(`${server.name} changed its answer to ${other.toString().slice(0, 500)}`)
    }
  }))
  for (const connection of connections) connection.close()
}

function reportOf(running: Running[], rounds: Round[][]): { metrics: Record<string, number>; rows: string[][] } {
  const over = (name: string) => {
    const at = running.findIndex(({ server }) => server.name === name)
    return median(rounds[0]!.map(({ serverUs }, round) => serverUs / rounds[at]![round]!.serverUs))
  }
  const labels: Record<string, string> = {
    laurel: 'Laurel', postgraphile: 'PostGraphile 5', mercurius: 'Mercurius, jit, a loader a field',
    mercuriusJoined: 'Mercurius, jit, one joined statement for all fields (not a metric)',
  }
  return {
    metrics: { cpu_over_postgraphile: over('postgraphile'), cpu_over_mercurius_jit: over('mercurius') },
    rows: [
      ['CPU a request, µs: median, least – most', 'server', '', 'PostgreSQL', 'bytes'],
      ...running.map(({ server, answer }, at) => {
        const [own, database] = [rounds[at]!.map(round => round.serverUs), rounds[at]!.map(round => round.postgresUs)]
        const spread = `${whole(Math.min(...own))} – ${whole(Math.max(...own))}`
        return [labels[server.name]!, whole(median(own)), spread, whole(median(database)), String(answer.length)]
      }),
      ['Laurel over Mercurius with one joined statement', over('mercuriusJoined').toPrecision(3)],
    ],
  }
}

