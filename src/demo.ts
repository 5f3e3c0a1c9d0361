/** The demo: invented companies, an issuer of tokens for them, their status, and the simulator. It exists only in demo mode. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type DemoIssuer, demoIssuer } from './identity/issuer.demo.ts'
import { listBoards } from './leaderboards/leaderboard.queries.ts'
import type { LaurelNode } from './node.ts'
import type { Ground } from './embedded/addresses.ts'
import type { Config } from './platform/config.ts'
import type { Database } from './platform/db.ts'
import { isPlainText } from './platform/errors.ts'
import { uuidOf, wireId } from './platform/ids.ts'
import { version } from './platform/project.ts'
import { inTenantOnce, type Role } from './platform/tenancy.ts'
import { COMPANIES, seedDemo } from './demo.seed.ts'
import { peopleOf, Simulator, type SimulatorState } from './simulator.run.ts'
import { findTenant, ownTenant } from './tenants/tenant.service.ts'
import { findUser } from './users/user.queries.ts'
import { UserRole } from './users/user.entity.ts'

const RATE_AT_START = 30 // Activities per minute: a change every two seconds.

/** A wrong request to the demo's own routes; `status` is the HTTP status. */
class DemoFault extends Error {
  readonly statusCode: number
  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

interface TokenWish { tenant?: string; user?: string; role?: string }

/** Returns the demo of this database: its issuer, its routes, and how it begins. */
export async function openDemo(config: Config, ground: Ground, migrations: number) {
  const issuer = demoIssuer(config.folder)
  let simulator: Simulator | null = null
  let running: LaurelNode | null = null

  const routes = (app: FastifyInstance, { db, sockets }: Pick<LaurelNode, 'db' | 'sockets'>) => {
    const only = async (request: FastifyRequest) => {
      // Whoever opens a foreign page must not get a token through a name that points here.
      const host = (request.headers.host ?? '').replace(/:\d+$/, '')
      if (!['localhost', '127.0.0.1', '[::1]', config.host].includes(host) && config.host !== '0.0.0.0') {
        throw new DemoFault(403, `The demo answers as localhost, 127.0.0.1 or ${config.host} only.`)
      }
    }
    app.post('/demo/token', { preHandler: only }, request => tokenFor(db, issuer, (request.body ?? {}) as TokenWish))
    app.get('/demo/status', { preHandler: only }, async () => ({
      version, graphqlUrl: `${running?.url ?? ''}/graphql`, wsUrl: `${(running?.url ?? '').replace('http', 'ws')}/graphql`,
      postgres: { kind: ground.kind, version: ground.version, location: ground.location }, redis: config.redisUrl ? 'on' : 'off',
      migrations,
      ...await companies(db), simulator: simulator?.state ?? null, subscribers: sockets(),
    }))
    app.post('/demo/simulator', { preHandler: only }, async (request): Promise<SimulatorState | null> => {
      const { paused, ratePerMinute } = (request.body ?? {}) as { paused?: boolean; ratePerMinute?: number }
      if (paused !== undefined && typeof paused !== 'boolean') throw new DemoFault(400, 'paused must be true or false.')
      if (ratePerMinute !== undefined && !(ratePerMinute >= 1 && ratePerMinute <= 60_000)) {
        throw new DemoFault(400, 'ratePerMinute must be a number from 1 to 60,000.')
      }
      return simulator?.set({
        ...paused === undefined ? {} : { paused }, ...ratePerMinute === undefined ? {} : { ratePerMinute },
      }) ?? null
    })
  }
  return {
    issuer, routes,
    /** Seeds what is missing and starts the simulator; returns how to stop it. */
    async begin(node: LaurelNode, progress: (line: string) => void): Promise<() => Promise<void>> {
      running = node
      await seedDemo(node.db, new Date(), progress)
      const tenants = await Promise.all(COMPANIES.map(async ({ slug, name }) => {
        const { token } = await tokenFor(node.db, issuer, { tenant: slug })
        return { name, token, userIds: await peopleOf(node.url, token) }
      }))
      simulator = new Simulator(node.url, tenants, RATE_AT_START)
      simulator.start()
      const people = tenants.reduce((sum, { userIds }) => sum + userIds.length, 0)
      progress(`demo: ${tenants.length} companies, ${people} people; an activity about every ${60 / RATE_AT_START} s`)
      return () => simulator!.stop()
    },
    async firstBoardId(): Promise<string> {
      return (await companies(running!.db)).firstBoardId ?? ''
    },
  }
}

async function tokenFor(db: Database, issuer: DemoIssuer, { tenant, user, role }: TokenWish) {
  const slug = tenant ?? COMPANIES[0]!.slug
  const tenantId = isAsked(slug) ? await findTenant(db, slug) : null
  if (!tenantId) {
    const slugs = COMPANIES.map(company => company.slug).join(' or ')
    throw new DemoFault(400, `There is no demo tenant "${String(slug).slice(0, 64)}": use ${slugs}.`)
  }
  if (role !== undefined && !Object.hasOwn(UserRole, role)) {
    throw new DemoFault(400, `role must be one of ${Object.keys(UserRole).join(', ')}.`)
  }
  const actor = { tenantId, db }
  const found = user === undefined ? await firstAdmin(actor) : isAsked(user) ? await findUser(actor, personBy(user)) : null
  if (!found) throw new DemoFault(400, 'There is no such person in this tenant: name an e-mail address or an id of `users`.')
  const granted = (role ?? found.role) as Role
  const { token, expiresAt } = await issuer.sign({ tenantId, userId: found.id, role: granted }, new Date())
  const { slug: ownSlug, name } = await ownTenant(actor)
  return {
    token, expiresAt, user: { id: wireId('User', found.id), name: found.name }, tenant: { slug: ownSlug, name },
    role: granted,
  }
}

const isAsked = (text: unknown): text is string => typeof text === 'string' && isPlainText(text, 254)

function personBy(idOrEmail: string): { id: string } | { email: string } {
  const id = uuidOf('User', idOrEmail)
  return id ? { id } : { email: idOrEmail }
}

async function firstAdmin(actor: { tenantId: string; db: Database }) {
  const [row] = await inTenantOnce<{ id: string }>(actor, {
    text: `select id from users where tenant_id = $1 and role = 'ADMIN' order by created_at, id limit 1`,
    values: [actor.tenantId],
  })
  return row ? findUser(actor, row) : null
}

async function companies(db: Database) {
  const tenants = []
  let firstBoardId: string | null = null
  for (const { slug } of COMPANIES) {
    const tenantId = await findTenant(db, slug)
    if (!tenantId) continue
    const actor = { tenantId, db, role: 'VIEWER' as const }
    const [{ name }, boards, [counted]] = await Promise.all([
      ownTenant(actor), listBoards(actor, 25),
      inTenantOnce<{ users: number }>(
        actor, { text: 'select count(*) as users from users where tenant_id = $1', values: [tenantId] }),
    ])
    const shown = boards.nodes.map(board => ({
      id: wireId('Leaderboard', board.id), name: board.name, subject: board.subject, period: board.period,
    }))
    firstBoardId ??= shown[0]?.id ?? null
    tenants.push({ slug, name, users: counted!.users, boards: shown })
  }
  return { tenants, firstBoardId }
}
