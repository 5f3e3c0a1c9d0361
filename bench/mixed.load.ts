/**
 * The asking half of the mixed bench's load, a process of its own: queries and mutations, each answer checked. Closed: each
 * connection asks again as soon as it is answered. Open: requests are due at times drawn beforehand (a Poisson process), and
 * what one takes is counted from when it was due, so that a server which keeps the client waiting pays for that too.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { randomFrom } from '../src/demo.seed.ts'
import { type Connection, connectTo } from './http.ts'
import { nowMs } from './live.crowd.ts'
import { answerBench } from './live.machine.ts'
import type { Colleague, MixedCompany } from './mixed.node.ts'

/** What the load begins with: the nodes' ports, the people, a token for each connection, and how many of these a node gets. */
export interface LoadWish { ports: number[]; company: MixedCompany; tokens: string[]; perNode: number; seed: number }

/** The kinds of requests, asked equally often. */
const KINDS = ['board', 'viewer', 'users', 'record'] as const
export type Kind = (typeof KINDS)[number]

/** A recorded activity: its commit, when it was due, and the team of its person. */
export interface Recorded { id: string; mark: string; dueMs: number; team: number }

/** What came of a while of load: how long each request took by kind, what was recorded, how late this process came to send. */
export interface Stay {
  answered: number; failed: number; failures: string[]; seconds: number; latencies: Record<Kind, number[]>; recorded: Recorded[]
  lateMs: number[]; waitingMost: number; cpuShare: number
}

const QUERIES: Record<Kind, string> = {
  board: `query ($id: ID!, $user: ID!) { leaderboard(id: $id) { id name size standings(first: 11, around: $user) {
    nodes { rank previousRank points subjectId user { id name } } pageInfo { hasNextPage } } } }`,
  viewer: `{ viewer { role tenant { id name } user { id name points level { number title } team { id name } } } }`,
  users: `query ($after: Cursor) { users(first: 50, after: $after) {
    nodes { id name points level { number title } team { id name } } pageInfo { hasNextPage endCursor } } }`,
  record: `mutation ($input: ActivityRecordInput!) { activityRecord(input: $input) {
    activity { id user { id } pointEntries { points } } duplicate idempotencyHit userErrors { code message } mark } }`,
}
const TYPES = ['meeting_scheduled', 'proposal_accepted', 'new_client_signed', 'team_support', 'training_completion']

let random = Math.random
let people: readonly Colleague[] = []
let boardIds: readonly string[] = []
const teamOf = new Map<string, number>()
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!
let keys = 0

/** A request: its body, and what its answer must be. */
interface Request { kind: Kind; subject: Colleague; body: Buffer }

function draw(asker: Colleague): Request {
  const kind = oneOf(KINDS)
  const subject = kind === 'record' ? oneOf(people) : asker
  const variables = {
    board: { id: boardIds[asker.team], user: asker.id }, viewer: {}, users: {},
    record: { input: {
      activityType: oneOf(TYPES), idempotencyKey: `mixed-${String(++keys).padStart(8, '0')}`, userId: subject.id,
    } },
  }[kind]
  return { kind, subject, body: Buffer.from(JSON.stringify({ query: QUERIES[kind], variables })) }
}

interface Row { rank: number; points: number; subjectId: string; user: { id: string } }
interface Answer {
  errors?: { message: string }[]
  data?: {
    viewer: { user: { id: string; team: { name: string } } }
    leaderboard: { id: string; standings: { nodes: Row[] } }
    users: { nodes: { id: string; name: string; points: number; level: { number: number } | null }[] }
    activityRecord: {
      activity: { id: string; user: { id: string }; pointEntries: { points: number }[] } | null
      userErrors: { message: string }[]; duplicate: boolean; idempotencyHit: boolean; mark: string
    }
  }
}

/** Returns why an answer is not what was asked for, or null. */
function wrongIn({ kind, subject }: Request, { errors, data }: Answer): string | null {
  if (errors || !data) return `errors: ${JSON.stringify(errors)}`
  switch (kind) {
    case 'viewer': return data.viewer.user.id === subject.id && data.viewer.user.team.name === `Team ${subject.team + 1}`
      ? null : 'another viewer'
    case 'users': {
      const { nodes } = data.users
      const isSorted = nodes.every(({ name }, at) => at === 0 || nodes[at - 1]!.name <= name)
      return nodes.length === Math.min(50, people.length) && isSorted ? null : 'another list of users'
    }
    case 'board': {
      const { nodes } = data.leaderboard.standings
      const isSorted = nodes.every(({ rank, points }, at) =>
        at === 0 || (nodes[at - 1]!.rank <= rank && nodes[at - 1]!.points >= points))
      const areOwn = nodes.every(({ subjectId, user }) => user.id === subjectId && teamOf.get(subjectId) === subject.team)
      // Whoever has no points yet stands nowhere.
      const isThere = !nodes.length || nodes.some(({ subjectId }) => subjectId === subject.id)
      return data.leaderboard.id === boardIds[subject.team] && isSorted && areOwn && isThere ? null : 'another board'
    }
    case 'record': {
      const { activity, userErrors, duplicate, idempotencyHit, mark } = data.activityRecord
      return activity?.user.id === subject.id && activity.pointEntries[0]!.points > 0 && !userErrors.length && !duplicate
        && !idempotencyHit && mark ? null : 'not recorded'
    }
  }
}

/** Connections, each of a person of its own, equally many to each node. */
const askers: Asker[] = []
interface Asker { person: Colleague; connection: Connection; reopen(): Promise<void> }

async function begin({ ports, company, tokens, perNode, seed }: LoadWish): Promise<void> {
  random = randomFrom(seed)
  ;({ people, boardIds } = company)
  for (const { id, team } of people) teamOf.set(id, team)
  for (let at = 0; at < perNode * ports.length; at++) {
    const connect = () => connectTo(`http://127.0.0.1:${ports[at % ports.length]}/graphql`, tokens[at]!)
    const asker: Asker = {
      person: people[at % people.length]!, connection: await connect(),
      async reopen() {
        asker.connection.close()
        asker.connection = await connect()
      },
    }
    askers.push(asker)
  }
}

/** Makes a stay: what it sees is written down by `ask`, and finished by `end`. */
function beginStay() {
  const stay: Stay = {
    answered: 0, failed: 0, failures: [], seconds: 0, latencies: { board: [], viewer: [], users: [], record: [] }, recorded: [],
    lateMs: [], waitingMost: 0, cpuShare: 0,
  }
  const answers: { request: Request; body: Buffer; dueMs: number }[] = []
  const [begunMs, spent] = [nowMs(), process.cpuUsage()]
  const fail = (why: string) => {
    stay.failed++
    if (stay.failures.length < 5) stay.failures.push(why.slice(0, 500))
  }
  const ask = async (asker: Asker, dueMs: number) => {
    const request = draw(asker.person)
    try {
      const body = await asker.connection.post(request.body)
      stay.latencies[request.kind].push(nowMs() - dueMs)
      answers.push({ request, body, dueMs })
    } catch (error) {
      fail((error as Error).message)
      await asker.reopen()
    }
  }
  /** Looks at every answer once the load is over, so that looking costs the load nothing. */
  const end = (): Stay => {
    stay.seconds = (nowMs() - begunMs) / 1_000
    const { user, system } = process.cpuUsage(spent)
    stay.cpuShare = (user + system) / 1e6 / stay.seconds
    for (const { request, body, dueMs } of answers) {
      const answer = JSON.parse(body.toString()) as Answer
      const wrong = wrongIn(request, answer)
      if (answer.errors) fail(body.toString())
      else if (wrong) throw new Error(`${request.kind} answered ${wrong}: ${body.toString().slice(0, 1_000)}`)
      else stay.answered++
      if (wrong || request.kind !== 'record') continue
      const { activity, mark } = answer.data!.activityRecord
      stay.recorded.push({ id: activity!.id, mark, dueMs, team: request.subject.team })
    }
    return stay
  }
  return { stay, ask, end }
}

/** Has `busy` connections ask without a pause for `ms`. */
async function closed({ busy, ms }: { busy: number; ms: number }): Promise<Stay> {
  const { ask, end } = beginStay()
  const until = nowMs() + ms
  // Every second connection belongs to the other node, so any number of them is spread evenly.
  await Promise.all(askers.slice(0, busy).map(async asker => { while (nowMs() < until) await ask(asker, nowMs()) }))
  return end()
}

/** Sends `perSecond` requests a second for `ms`, at times that are drawn beforehand. */
async function open({ perSecond, ms }: { perSecond: number; ms: number }): Promise<Stay> {
  const times: number[] = []
  for (let at = 0; ; times.push(at)) if ((at += -Math.log(1 - random()) * 1_000 / perSecond) > ms) break
  const { stay, ask, end } = beginStay()
  const free = [...askers]
  const waiting: number[] = []
  const running = new Set<Promise<void>>()
  const start = () => {
    while (free.length && waiting.length) {
      const asker = free.shift()!
      const run: Promise<void> = ask(asker, waiting.shift()!).then(() => {
        running.delete(run)
        free.push(asker)
        start()
      })
      running.add(run)
    }
    stay.waitingMost = Math.max(stay.waitingMost, waiting.length)
  }
  const begunMs = nowMs()
  for (let next = 0; next < times.length;) {
    for (const now = nowMs() - begunMs; next < times.length && times[next]! <= now; next++) {
      stay.lateMs.push(now - times[next]!)
      waiting.push(begunMs + times[next]!)
    }
    start()
    if (next < times.length) await sleep(Math.max(0, begunMs + times[next]! - nowMs()))
  }
  while (running.size) await Promise.all(running)
  return end()
}

answerBench({ begin, closed, open })
