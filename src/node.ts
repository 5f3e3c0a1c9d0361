/**
 * A node: everything between the vault and the sockets, put together in order, taken apart in reverse. Tests run the same
 * nodes.
 */
import { Admission, type AdmissionSettings } from './limits/admission.ts'
import type { BrowserSettings } from './limits/origins.ts'
import { type Auth, authOf, authOfAnybody } from './wire/auth.ts'
import type { Broker } from './wire/broker.ts'
import { memoryBroker } from './wire/broker.memory.ts'
import { redisBroker } from './wire/broker.redis.ts'
import { EventLogs } from './wire/events.ts'
import { httpDoor } from './wire/http.ts'
import { startJobs } from './wire/jobs.ts'
import { Groups } from './wire/groups.ts'
import { Queues } from './wire/queues.ts'
import { Reactions } from './wire/reactions.ts'
import { type Relay, startRelay } from './wire/relay.ts'
import { eventDoor } from './wire/sse.ts'
import { socketDoor } from './wire/sockets.ts'
import { ApiKey, ScreenToken } from './credentials/credential.entity.ts'
import { credentialTokens, lostCredentials, UseNotes } from './credentials/credential.tokens.ts'
import { tendPartitions } from './controls/audit.retention.ts'
import { LiveChallenges } from './challenges/challenge.stream.ts'
import { Controls, SETTING_TOPICS } from './controls/controls.ts'
import { isFeatureUsed } from './controls/feature.queries.ts'
import { auditRoute } from './identity/audit.export.ts'
import { Issuer } from './identity/issuer.entity.ts'
import { type HouseIssuer, houseTokens } from './identity/issuer.house.ts'
import { type IssuerKeysOptions, PublishedKeys } from './identity/issuer.keys.ts'
import { issuerTokens, lostSignIns } from './identity/issuer.tokens.ts'
import { Boards } from './leaderboards/boards.ts'
import { Leaderboard } from './leaderboards/leaderboard.entity.ts'
import { AuditTrail, type Origin } from './platform/audit.ts'
import { type Addresses, type Database, openDatabase, openPool } from './platform/db.ts'
import { Context } from './platform/graphql.ts'
import { LIMITS } from './platform/limits.ts'
import { log } from './platform/log.ts'
import { version } from './platform/project.ts'
import { StartError } from './platform/start-error.ts'
import { type Actor, inTenantOnce } from './platform/tenancy.ts'
import { workOf } from './node.work.ts'
import { healthOf, watchNode, watchOutbox } from './node.metrics.ts'
import { openapiOf } from './rest/openapi.ts'
import { restDoor } from './rest/rest.ts'
import { bareSchema, makeSchema, ROUTES } from './schema.ts'
import { importDoor } from './imports/import.door.ts'
import { importQueue } from './imports/import.jobs.ts'
import { hookDoor } from './sources/hook.door.ts'
import { Tenant } from './tenants/tenant.entity.ts'
import { Department, Team, TeamMembership } from './users/team.entity.ts'
import { User } from './users/user.entity.ts'
import { activeUsers, personNamed, standingOf } from './users/user.queries.ts'
import { deliverQueue, wakeQueue } from './webhooks/delivery.jobs.ts'
import { WebhookEndpoint } from './webhooks/endpoint.entity.ts'
import { Sender, type SenderOptions } from './webhooks/sender.ts'
import type { FastifyInstance } from 'fastify'
import type { GraphQLError, GraphQLSchema } from 'graphql'

/** What MikroORM writes. */
export const ENTITIES = [
  Tenant, Issuer, ApiKey, ScreenToken, User, Team, Department, TeamMembership, WebhookEndpoint, Leaderboard,
]
const PARTITIONS_EVERY_MS = 3_600_000
const PUBLIC_ONLY: { isPrivateAllowed: boolean } = { isPrivateAllowed: false }

/** What a node is made of. */
export interface NodeOptions {
  addresses: Addresses
  redisUrl?: string | undefined
  /** Issuers of the house's own; those of tenants stand in the database. */
  issuers: HouseIssuer[]
  /** Where keys of tenants' issuers may be fetched, and for tests when they are again; public addresses only when absent. */
  issuerKeys?: IssuerKeysOptions
  relay: boolean
  host: string
  port: number
  /** Where webhooks may go, and for tests when failed ones are tried again; public addresses only when absent. */
  webhooks?: SenderOptions & { schedule?: readonly number[] }
  /** Where this node stands, as standards name regions; and for how many days the audit is kept, for ever when absent. */
  region?: string | undefined
  auditDays?: number | undefined
  /** Folder of the built pages. */
  pages?: string | null
  /** What requests may ask and cost, and from where browsers may send them. */
  limits?: AdmissionSettings & BrowserSettings
  /** Executes stream messages for each subscriber instead of once a group; for comparing the two. */
  isPersonal?: boolean
  /** Takes everybody for this one and asks no policy, for measuring what identity and rights cost. No setting leads here. */
  openTo?: Pick<Actor, 'tenantId' | 'userId' | 'role'>
  /** Adds routes before the door opens (the demo's). */
  routes?(app: FastifyInstance, node: Pick<LaurelNode, 'db' | 'sockets'>): void | Promise<void>
}

/** A running node. */
export interface LaurelNode {
  db: Database
  broker: Broker
  logs: EventLogs
  boards: Boards
  relay: Relay | null
  auth: Auth
  audit: AuditTrail
  url: string
  port: number
  sockets(): number
  /** Builds a request context, as the doors do. */
  contextFor(asker: Actor | GraphQLError, origin?: Origin): Context
  close(): Promise<void>
}

/** Starts a node on a database whose schema is up to date. @throws StartError when Redis or the port cannot be had. */
export async function startNode(options: NodeOptions): Promise<LaurelNode> {
  const closers: (() => Promise<unknown> | void)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) {
      await Promise.resolve(closer()).catch((error: Error) => log.warn({ reason: error.message }, 'a part did not close well'))
    }
  }
  try {
    const db = await openDatabase(options.addresses, ENTITIES)
    closers.push(() => db.close())
    const broker = options.redisUrl ? await redisBroker(options.redisUrl) : memoryBroker()
    closers.push(() => broker.close())
    const logs = new EventLogs(db, broker)
    closers.push(() => logs.close())
    const boards = new Boards(db, logs)
    closers.push(() => boards.close())
    const challenges = new LiveChallenges(db, logs)
    closers.push(() => challenges.close())

    const relay = options.relay ? await startPostRoom(options, { db, broker, logs, boards }, closers) : null
    db.onEmit = () => {
      relay?.wake()
      if (broker.kind === 'redis' && !relay?.leads()) void broker.publish('wake', '')
    }
    const keys = new PublishedKeys(options.issuerKeys ?? PUBLIC_ONLY)
    const controls = new Controls(db, logs, options.region ?? null)
    const auth = options.openTo ? authOfAnybody(db, options.openTo) : openAuth(options, { db, keys, controls }, closers)
    const audit = new AuditTrail(db, inTenantOnce)
    closers.push(() => audit.settled())
    const rights = { changed: () => {} }
    const given = {
      boards, challenges, logs, audit, controls, gate: controls, webhooks: options.webhooks ?? PUBLIC_ONLY,
      rightsChanged: () => rights.changed(), auditDays: options.auditDays ?? null,
      issuers: { ...options.issuerKeys ?? PUBLIC_ONLY, keys },
    }
    const contextFor = (asker: Actor | GraphQLError, origin?: Origin) => Object.assign(new Context(asker, origin), given)
    const contextOf = (authorization: string | undefined, origin: Origin) =>
      auth.actorOf(authorization).catch((error: GraphQLError) => error).then(asker => contextFor(asker, origin))
    const schema = await (options.openTo ? bareSchema() : makeSchema())
    const browsers = options.limits ?? {}
    const admission = new Admission(schema, options.limits, broker.scripts)
    closers.push(() => admission.close())
    const http = await httpDoor({
      schema, admission, browsers, pages: options.pages ?? null, actorOf: auth.actorOf, contextFor,
      readiness: () => healthOf(db, broker),
    })
    closers.push(http.close)
    closers.push(await watchNode({ db, broker, relay }))
    const door = openStreams(http.app, { ...options, schema, admission, auth, db, logs, controls, contextFor, rights }, closers)
    auditRoute(http.app, contextOf)
    hookDoor(http.app, db)
    importDoor(http.app, contextOf)
    restDoor(http.app, { contextOf, run: http.run }, ROUTES, openapiOf(schema, ROUTES, version))
    await options.routes?.(http.app, { db, sockets: door.open })
    const port = await listen(http.app, options.host, options.port)
    const shownHost = options.host === '0.0.0.0' || options.host === '::' ? '127.0.0.1' : options.host
    const url = `http://${shownHost.includes(':') ? `[${shownHost}]` : shownHost}:${port}`
    return { db, broker, logs, boards, relay, auth, audit, url, port, sockets: door.open, contextFor, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Returns the reader of all tokens there are. */
function openAuth(
  { issuers }: NodeOptions, { db, keys, controls }: { db: Database; keys: PublishedKeys; controls: Controls },
  closers: (() => Promise<unknown> | void)[],
): Auth {
  const uses = new UseNotes(db)
  closers.push(() => uses.settled())
  return authOf(db, {
    readers: [
      credentialTokens(db), controls.bounded(houseTokens(issuers)),
      controls.bounded(issuerTokens(db, keys, (tenantId, subject) => personNamed({ tenantId, db }, subject))),
    ],
    activeOf: (tenantId, userIds) => activeUsers({ tenantId, db }, userIds),
    lossesOf: async identities => new Map((await Promise.all([
      lostCredentials(db, identities), lostSignIns(db, identities), controls.overdue(identities, Date.now()),
    ])).flatMap(lost => [...lost])),
    used: (identity, now) => uses.used(identity, now),
  })
}

/** Opens the doors of the streams, and keeps everybody's rights under review. */
function openStreams(
  app: FastifyInstance,
  { schema, admission, auth, db, logs, controls, contextFor, isPersonal, limits, rights }:
    Pick<NodeOptions, 'isPersonal' | 'limits'> & Pick<LaurelNode, 'auth' | 'db' | 'logs' | 'contextFor'> & {
      schema: GraphQLSchema; admission: Admission; controls: Controls; rights: { changed(): void }
    },
  closers: (() => Promise<unknown> | void)[],
): ReturnType<typeof socketDoor> {
  const shared = {
    schema, admission, origins: limits?.origins ?? [], groups: new Groups(contextFor, controls.isOff, isPersonal),
    actorOf: auth.actorOf, lostOf: auth.lostOf, contextFor,
    standingOf: (actors: readonly Actor[]) => standingOf(db, actors),
  }
  const door = socketDoor(app.server, shared)
  const events = eventDoor(app, shared)
  // A database that is away is no reason to cut anybody.
  const checkRights = rights.changed = () => {
    auth.recheck()
    shared.groups.endOff()
    void Promise.all([door.checkRights(), events.checkRights()]).catch(() => {})
  }
  for (const topic of ['user.', 'identity.']) logs.onTopic(topic, checkRights)
  for (const prefix of SETTING_TOPICS) {
    logs.onTopic(prefix, tenantId => {
      controls.drop(tenantId)
      void controls.of(tenantId).then(checkRights, () => {})
    })
  }
  const timer = setInterval(checkRights, LIMITS.rightsCheckMs).unref()
  closers.push(() => {
    clearInterval(timer)
    events.close()
    return door.close()
  })
  return door
}

/** Starts the relay with what hangs on its leader (reactions, jobs, partitions), and the queues, which every such node serves. */
async function startPostRoom(
  { addresses, auditDays, webhooks = PUBLIC_ONLY }: NodeOptions,
  { db, broker, logs, boards }: Pick<LaurelNode, 'db' | 'broker' | 'logs' | 'boards'>,
  closers: (() => Promise<unknown> | void)[],
): Promise<Relay> {
  const heads = openPool({ ...addresses.relay, max: 1, idleTimeoutMillis: 5_000 })
  closers.push(() => heads.end())
  closers.push(watchOutbox(heads))
  const tenantIds = async () =>
    (await heads.query<{ id: string }>('select tenant_id as id from event_head')).rows.map(({ id }) => id)
  const sender = new Sender(webhooks)
  closers.push(() => sender.close())
  const queues = await Queues.open(addresses.app)
  closers.push(() => queues.close())
  await queues.serve(deliverQueue(db, queues, sender, webhooks.schedule))
  await queues.serve(wakeQueue(db, queues))
  await queues.serve(importQueue(db, queues))

  const { answering, jobs } = workOf(boards, queues)
  const reactions = new Reactions(db, answering, batch => queues.committed(batch))
  closers.push(() => reactions.close())
  const relay = await startRelay(addresses.relay, broker, {
    onLead: () => void tenantIds().then(
      ids => reactions.hearAll(ids), (error: Error) => log.warn({ reason: error.message }, 'tenants could not be listed')),
    onEvents(tenantId, events) {
      void logs.take(tenantId, events)
      reactions.hear(tenantId, events)
    },
  })
  closers.push(() => relay.close())
  closers.push(startJobs(db, jobs, () => relay.leads(), tenantIds, isFeatureUsed))
  const timer = setInterval(() => void tendPartitions(addresses.owner, auditDays, tenantIds), PARTITIONS_EVERY_MS).unref()
  closers.push(() => clearInterval(timer))
  return relay
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<number> {
  await app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') {
      throw new StartError(`Port ${port} is in use: stop what listens there, or set PORT to a free one.`)
    }
    if (error.code === 'EACCES') throw new StartError(`Port ${port} needs more rights: set PORT to one above 1023.`)
    if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
      throw new StartError(`HOST ${host} is no address of this machine: correct HOST.`)
    }
    throw error
  })
  return (app.server.address() as { port: number }).port
}

