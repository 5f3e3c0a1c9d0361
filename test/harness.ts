/**
 * What tests stand on: a real node on its own database, tenants to play with, people who ask over HTTP and WebSocket. No
 * mocks.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { Client, type ClientConfig } from 'pg'
import { afterAll, expect, inject } from 'vitest'
import WebSocket from 'ws'
import { readPack, installPack } from '../src/activities/type.service.ts'
import { installMetrics } from '../src/metrics/metric.service.ts'
import { demoIssuer } from '../src/identity/issuer.demo.ts'
import { type LaurelNode, type NodeOptions, startNode } from '../src/node.ts'
import type { Addresses } from '../src/platform/db.ts'
import { uuidOf, wireId } from '../src/platform/ids.ts'
import { log } from '../src/platform/log.ts'
import { type Actor, inTenantOnce, type Role } from '../src/platform/tenancy.ts'
import { createTenant } from '../src/tenants/tenant.service.ts'
import { UserRole } from '../src/users/user.entity.ts'
import { createDepartment, createTeam, createUser } from '../src/users/user.service.ts'
import { TEMPLATE } from '../.ci/setup.ts'

log.level = process.env.LAUREL_LOG ?? 'fatal'
const folder = mkdtempSync(join(tmpdir(), 'laurel-file-'))
/** The folder of the key that signs this file's tokens, for nodes in other processes. */
export const issuerFolder = folder
const issuer = demoIssuer(folder)
const closers: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
  rmSync(folder, { recursive: true, force: true })
})

/** Returns the addresses of a new database made from the migrated template; it is dropped after the file. */
export async function freshDatabase(): Promise<Addresses> {
  const name = `laurel_${randomUUID().slice(0, 8)}`
  await asOwner('postgres', `create database ${name} template ${TEMPLATE} strategy file_copy`)
  closers.unshift(() => asOwner('postgres', `drop database if exists ${name} with (force)`))
  const owner: ClientConfig = { ...inject('postgres'), database: name }
  return { owner, app: { ...owner, user: 'laurel_app' }, relay: { ...owner, user: 'laurel_relay' } }
}

/** Runs SQL as the owner of everything; for looking behind the scenes. */
export async function asOwner<Row>(database: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ ...inject('postgres'), database })
  await client.connect()
  try {
    return (await client.query(text, values)).rows as Row[]
  } finally {
    await client.end()
  }
}

/** Starts a node on `addresses` (a new database when absent), on a free port; it is closed after the file. */
export async function testNode(options: Partial<NodeOptions> = {}): Promise<LaurelNode> {
  const node = await startNode({
    addresses: options.addresses ?? await freshDatabase(), issuers: [issuer], relay: true, host: '127.0.0.1', port: 0,
    ...options,
  })
  closers.push(() => node.close())
  return node
}

let shared: Promise<LaurelNode> | null = null
/** Returns the one node that the tests of this file share. */
export const sharedNode = (): Promise<LaurelNode> => shared ??= testNode()

/** Signs a token as the demo issuer does, now or earlier. */
export async function tokenOf(tenantId: string, userId: string | null, role: Role, at = new Date()): Promise<string> {
  return (await issuer.sign({ tenantId, userId, role }, at)).token
}

/** What the API answers over HTTP. */
export interface Answer {
  data?: any; errors?: { message: string; path?: string[]; extensions: { code: string } & Record<string, unknown> }[]
  extensions?: unknown
}

/** A person who asks. */
export class Person {
  readonly url: string
  readonly token: string
  /** The platform that their requests name. */
  readonly platform: string | undefined
  constructor(url: string, token: string, platform?: string) {
    this.url = url
    this.token = token
    this.platform = platform
  }

  /** Returns the same person, whose requests name a platform. */
  on(platform: string): Person {
    return new Person(this.url, this.token, platform)
  }

  /** Returns the whole answer of an operation over HTTP. */
  async ask(query: string, variables: object = {}): Promise<Answer> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST', body: JSON.stringify({ query, variables }),
      headers: { 'content-type': 'application/json', ...this.token ? { authorization: `Bearer ${this.token}` } : {},
        ...this.platform === undefined ? {} : { 'x-laurel-platform': encodeURIComponent(this.platform) } },
    })
    return await response.json() as Answer
  }

  /** Returns the operation's values; fails the test when it has errors. */
  async run(query: string, variables: object = {}): Promise<any> { // eslint-disable-line
    const { data, errors } = await this.ask(query, variables)
    expect(errors).toBeUndefined()
    return data
  }

  /** Opens a subscription over graphql-transport-ws; messages gather until they are taken. */
  subscribe(query: string, variables: object = {}): Subscription {
    return new Subscription(this, query, variables)
  }
}

/** A running subscription. */
export class Subscription {
  readonly messages: any[] = [] // eslint-disable-line
  readonly errors: unknown[] = []
  closedWith: { code: number; reason: string } | null = null
  #wake = () => {}
  readonly #client
  constructor({ url, token, platform }: Person, query: string, variables: object) {
    this.#client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}`, ...platform === undefined ? {} : { platform } }, retryAttempts: 0,
    })
    this.#client.on('closed', event => {
      const { code, reason } = event as { code: number; reason: string }
      this.closedWith = { code, reason }
      this.#wake()
    })
    this.#client.subscribe({ query, variables: variables as Record<string, unknown> }, {
      next: ({ data, errors }) => {
        if (errors) this.errors.push(...errors)
        if (data) this.messages.push(Object.values(data)[0])
        this.#wake()
      },
      error: error => {
        this.errors.push(error)
        this.#wake()
      },
      complete: () => this.#wake(),
    })
  }

  /** Returns the next message not yet taken; fails after `waitMs`. */
  async next(waitMs = 5_000): Promise<any> { // eslint-disable-line
    await this.until(() => this.messages.length > 0, waitMs)
    return this.messages.shift()
  }

  /** Waits until the condition holds; fails after `waitMs`. */
  async until(condition: () => boolean, waitMs = 5_000): Promise<void> {
    const deadline = Date.now() + waitMs
    while (!condition()) {
      const left = deadline - Date.now()
      if (left <= 0) {
        throw new Error(
          `nothing came within ${waitMs} ms; errors: ${JSON.stringify(this.errors)}, closed: ${JSON.stringify(this.closedWith)}`)
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.min(left, 100))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  close(): void {
    void this.#client.dispose()
  }
}

/** A tenant with people, made for one test. */
export interface TestTenant extends AsyncDisposable {
  node: LaurelNode
  tenantId: string
  slug: string
  teamId: string
  /** Wire id of the person of this name. */
  id(name: string): string
  as(name: string, role?: Role): Person
  actor(name?: string, now?: Date): Actor
  /** The person's balance, straight from the row. */
  points(name: string): Promise<number>
  /** Topics in the event log, in order, once everything emitted has been numbered. */
  emitted(): Promise<string[]>
  sql<Row extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>
  /** Resolves when the outbox is empty. */
  settled(): Promise<void>
  /** Resolves when the audit holds an entry of all that was asked. */
  audited(): Promise<void>
}

/**
 * Makes a tenant with these people in one team ("Reds" of department "Sales"), with the 25 activities and the levels.
 * A name may carry a role: `tenant('ann:ADMIN', 'bob')`; without one it is a MEMBER.
 */
export async function tenant(...people: string[]): Promise<TestTenant> {
  return tenantOn(await sharedNode(), { timeZone: 'Europe/Berlin' }, ...people)
}

/** As `tenant`, on a node of one's own and in a time zone. */
export async function tenantOn(
  node: LaurelNode, { timeZone, since }: { timeZone: string; since?: Date }, ...people: string[]
): Promise<TestTenant> {
  const { db } = node
  const slug = `t-${randomUUID().slice(0, 12)}`
  const begun = since ?? new Date(Date.now() - 400 * 86_400_000)
  const tenantId = await createTenant(
    db, begun, { slug, name: `Tenant ${slug}`, platforms: ['bizosaas'], timeZone, currency: 'EUR' })
  const actorFor = (userId: string | null, now = new Date()): Actor => ({ tenantId, userId, role: 'ADMIN', now, db })
  const founder = actorFor(null, begun)
  const pack = readPack('revenue')
  await installPack(founder, pack, begun)
  await installMetrics(founder, pack)
  const departmentId = await createDepartment(founder, 'Sales')
  const { team } = await createTeam(founder, { name: 'Reds', departmentId })
  const users = new Map<string, { id: string; role: Role; token: string }>()
  for (const person of people) {
    const [name, role = 'MEMBER'] = person.split(':') as [string, Role?]
    const { user } = await createUser(founder, { name, email: `${name}@${slug}.example`, role: UserRole[role], teamId: team.id })
    users.set(name, { id: user.id, role, token: await tokenOf(tenantId, user.id, role) })
  }
  const sql = <Row extends Record<string, unknown>>(text: string, values: unknown[] = []) =>
    inTenantOnce<Row>({ tenantId, db }, { text, values })
  const known = (name: string) => users.get(name) ?? (() => { throw new Error(`nobody is called ${name}`) })()
  const settled = async () => {
    for (let tries = 0; (await sql('select 1 from outbox limit 1')).length; tries++) {
      if (tries > 500) throw new Error('the outbox was not drained')
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }
  return {
    node, tenantId, slug, teamId: team.id, sql, settled,
    audited: () => node.audit.settled(),
    id: name => wireId('User', known(name).id),
    as: (name, role) => {
      const { token } = known(name)
      const granted = () => new DeferredPerson(node.url, tokenOf(tenantId, known(name).id, role!)) as unknown as Person
      return role ? granted() : new Person(node.url, token)
    },
    actor: (name, now) => actorFor(name ? known(name).id : null, now),
    async points(name) {
      const [row] = await sql<{ points: number }>('select points from user_points where user_id = $1', [known(name).id])
      return row!.points
    },
    async emitted() {
      await settled()
      return (await sql<{ topic: string }>('select topic from event_log order by pos')).map(({ topic }) => topic)
    },
    async [Symbol.asyncDispose]() {}, // Its rows go with the file's database.
  }
}

/** A person whose token is still being signed. */
class DeferredPerson {
  readonly url: string
  readonly #token: Promise<string>
  constructor(url: string, token: Promise<string>) {
    this.url = url
    this.#token = token
  }

  async ask(query: string, variables: object = {}) {
    return new Person(this.url, await this.#token).ask(query, variables)
  }

  async run(query: string, variables: object = {}) {
    return new Person(this.url, await this.#token).run(query, variables)
  }
}

/** Returns the uuid of a wire id of any kind the tests meet. */
export function uuid(kind: Parameters<typeof uuidOf>[0], id: string): string {
  return uuidOf(kind, id)!
}

/** The mutation most tests send. */
export const RECORD = `mutation Record($input: ActivityRecordInput!) { activityRecord(input: $input) {
  activity { id type { key points } user { id } occurredAt quantity pointEntries { id points } } duplicate idempotencyHit
  userErrors { code message field } mark } }`
