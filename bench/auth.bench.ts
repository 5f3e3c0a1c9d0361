/**
 * auth: what identity, policy, audit and row security cost. The same requests to a node as it ships and to one that takes
 * everybody for an admin, asks no policy, and reads as a role that row security does not bind.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { AuthCompany, AuthSettings } from './auth.node.ts'
import { median } from './figures.ts'
import { connectTo } from './http.ts'
import { placing, type Program, startProgram, stepAside } from './live.machine.ts'
import { emptyDatabase } from './live.world.ts'
import { compile, postgresCpuUs, startThrowawayPostgres } from './services.ts'

const CONNECTIONS = 8
const LIST = `query List { users(first: 25) { nodes { id name role points level { title } team { name } } } }`
const VIEWER = 'query Viewer { viewer { role user { name } tenant { slug } } }'
const RECORD = `mutation Record($input: ActivityRecordInput!) { activityRecord(input: $input) {
  activity { id quantity } duplicate userErrors { message } mark } }`
const KINDS = ['viewer', 'list', 'record'] as const
type Kind = typeof KINDS[number]

interface Contender { name: 'guarded' | 'open'; program: Program; url: string }

/** Runs the bench. */
export default async function auth({ quick, progress }: { quick: boolean; progress: (line: string) => void }) {
  const [people, requests, warmUp, rounds] = quick ? [30, 100, 100, 1] : [200, 2_000, 3_000, 7]
  await compile(progress)
  await using stack = new AsyncDisposableStack()
  stack.defer(stepAside())
  const postgres = stack.use(await startThrowawayPostgres(progress))
  const addresses = await emptyDatabase(postgres.config)
  const owner = new Client(addresses.owner)
  await owner.connect()
  stack.defer(() => owner.end())
  const issuerFolder = await mkdtemp(join(tmpdir(), 'laurel-bench-issuer-'))
  stack.defer(() => rm(issuerFolder, { recursive: true, force: true }))
  // The relay and what hangs on it work in a node that is not measured.
  const settings: AuthSettings = { addresses, issuerFolder, relay: false }
  const founder = stack.use(await startProgram('auth.node.ts', { settings: { ...settings, relay: true }, isMeasured: false }))
  const company = await founder.ask<AuthCompany>('found', people)
  await owner.query('vacuum analyze')
  const openTo = { tenantId: company.tenantId, userId: company.adminId, role: 'ADMIN' as const }
  const open: AuthSettings = { ...settings, addresses: { ...addresses, app: addresses.owner }, openTo }
  const contenders: Contender[] = []
  for (const [name, own] of [['guarded', settings], ['open', open]] as const) {
    const program = stack.use(await startProgram('auth.node.ts', { settings: own }))
    contenders.push({ name, program, url: `http://127.0.0.1:${await program.ask<number>('port')}/graphql` })
  }
  await checkEqual(contenders, company)

  const load = loadOf(company)
  const measured = new Map<string, number[]>()
  for (const contender of contenders) for (const kind of KINDS) await load(contender, kind, warmUp)
  for (let round = 1; round <= rounds; round++) {
    const told: string[] = []
    for (const kind of KINDS) {
      for (const contender of contenders) {
        const [database, node] = [await postgresCpuUs(owner), await contender.program.cpuUs()]
        await load(contender, kind, requests)
        const nodeUs = (await contender.program.cpuUs() - node) / requests
        const us = nodeUs + database.since(await postgresCpuUs(owner)) / requests
        const key = `${kind} ${contender.name}`
        measured.set(key, [...measured.get(key) ?? [], us])
        told.push(`${key} ${us.toFixed(0)}`)
      }
    }
    progress(`round ${round}, µs of CPU a request: ${told.join(', ')}`)
  }
  return report(measured, { people, version: postgres.version })
}

function report(measured: Map<string, number[]>, { people, version }: { people: number; version: string }) {
  const ratioOf = (kind: Kind) =>
    median(measured.get(`${kind} guarded`)!.map((us, round) => us / measured.get(`${kind} open`)![round]!))
  const total = (name: string, round: number) => KINDS.reduce((sum, kind) => sum + measured.get(`${kind} ${name}`)![round]!, 0)
  const rounds = measured.get('viewer open')!.map((_, round) => total('guarded', round) / total('open', round))
  return {
    metrics: { cost_over_open: median(rounds) },
    versions: { postgres: version },
    rows: KINDS.map(kind => [
      `${kind}: CPU of node and PostgreSQL a request, guarded and open, µs`, median(measured.get(`${kind} guarded`)!).toFixed(0),
      median(measured.get(`${kind} open`)!).toFixed(0), `× ${ratioOf(kind).toFixed(3)}`,
    ]),
    notes: [
      `A request of each kind counts alike: who am I, a list of 25 of ${people} people, one activity recorded; ${placing}.`,
      'Guarded: the token is read, its person looked at, the policy asked, the command audited in its commit, rows secured by ' +
        'policy. Open: none of these; the same limits and the same statements, as a superuser.',
      'Checked: both answer the same; every activity is there once.',
    ],
  }
}

async function checkEqual(contenders: readonly Contender[], { token, tenantId }: AuthCompany): Promise<void> {
  for (const query of [VIEWER, LIST]) {
    const answers = await Promise.all(contenders.map(async ({ url }) => {
      const connection = await connectTo(url, token)
      const answer = (await connection.post(Buffer.from(JSON.stringify({ query })))).toString()
      connection.close()
      return answer
    }))
    const answer = JSON.parse(answers[0]!) as { data?: object; errors?: object }
    if (answer.errors || !answer.data || JSON.stringify(JSON.parse(answers[1]!).data) !== JSON.stringify(answer.data)) {
      throw new Error(`the nodes of ${tenantId} differ: ${answers.join('\n').slice(0, 1_000)}`)
    }
  }
}

/** Returns how a node is asked so many times; an answer with an error ends the bench. */
function loadOf({ token, userIds }: AuthCompany) {
  let keys = 0
  const bodyOf = (kind: Kind): Buffer => {
    if (kind !== 'record') return Buffer.from(JSON.stringify({ query: kind === 'list' ? LIST : VIEWER }))
    const userId = userIds[++keys % userIds.length]
    const input = { activityType: 'meeting_scheduled', idempotencyKey: `bench-${keys}-00`, userId }
    return Buffer.from(JSON.stringify({ query: RECORD, variables: { input } }))
  }
  return async ({ url }: Contender, kind: Kind, requests: number): Promise<void> => {
    const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => connectTo(url, token)))
    let left = requests
    await Promise.all(connections.map(async connection => {
      while (left-- > 0) {
        const answer = await connection.post(bodyOf(kind))
        const isGood = !answer.includes('"errors"') && (kind !== 'record' || answer.includes('"duplicate":false,"userErrors":[]'))
        if (!isGood) throw new Error(`${kind} was answered ${answer.toString().slice(0, 500)}`)
      }
    }))
    for (const connection of connections) connection.close()
  }
}
