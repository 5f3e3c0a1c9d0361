/** The server of the intake bench: a node in a process of its own, on the programs that ship, with one tenant and its people. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as types from '../src/activities/type.service.ts'
import type * as issuers from '../src/identity/issuer.demo.ts'
import type * as nodes from '../src/node.ts'
import type { Addresses } from '../src/platform/db.ts'
import type * as migrations from '../src/platform/migrations.ts'
import type * as tenants from '../src/tenants/tenant.service.ts'
import type * as users from '../src/users/user.service.ts'

/** What the bench asks for. */
export interface ServerWish {
  addresses: Addresses
  people: number
}

/** What it gets: where to send, as whom, and the people by uuid and wire id. */
export interface ServerReady {
  url: string
  token: string
  tenantId: string
  userIds: string[]
}

// The compiled programs, as `npm start` runs them: what runs TypeScript directly wraps every closure and is slower.
const load = async (path: string): Promise<unknown> => import(new URL(`../dist/src/${path}`, import.meta.url).href)

async function serve({ addresses, people }: ServerWish): Promise<void> {
  const { migrate } = (await load('platform/migrations.js')) as typeof migrations
  const { startNode } = (await load('node.js')) as typeof nodes
  const { demoIssuer } = (await load('identity/issuer.demo.js')) as typeof issuers
  const folder = mkdtempSync(join(tmpdir(), 'laurel-bench-issuer-'))
  const issuer = demoIssuer(folder)
  await migrate(addresses.owner, { make: true }, () => {})
  const node = await startNode({ addresses, issuers: [issuer], relay: true, host: '127.0.0.1', port: 0 })
  const { tenantId, userIds } = await settle(node, people)
  const { token } = await issuer.sign({ tenantId, userId: null, role: 'ADMIN' }, new Date())
  process.send!({ url: `${node.url}/graphql`, token, tenantId, userIds } satisfies ServerReady)
  await once(process, 'disconnect')
  await node.close()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}

async function settle({ db }: nodes.LaurelNode, people: number): Promise<{ tenantId: string; userIds: string[] }> {
  const { createTenant } = (await load('tenants/tenant.service.js')) as typeof tenants
  const { installPack, readPack } = (await load('activities/type.service.js')) as typeof types
  const { createDepartment, createTeam, createUser } = (await load('users/user.service.js')) as typeof users
  const { wireId } = (await load('platform/ids.js')) as { wireId(kind: 'User', uuid: string): string }
  const { UserRole } = (await load('users/user.entity.js')) as { UserRole: { MEMBER: never } }
  const begun = new Date(Date.now() - 30 * 86_400_000)
  const tenantId = await createTenant(db, begun, {
    slug: 'bench',
    name: 'Bench',
    platforms: ['bench'],
    timeZone: 'Europe/Berlin',
    currency: 'EUR',
  })
  const founder = { tenantId, userId: null, role: 'ADMIN' as const, now: begun, db }
  await installPack(founder, readPack('revenue'), begun)
  const departmentId = await createDepartment(founder, 'Sales')
  const userIds: string[] = []
  for (let count = 0, teamId = ''; count < people; count++) {
    if (count % 25 === 0) teamId = (await createTeam(founder, { name: `Team ${count / 25 + 1}`, departmentId })).team.id
    const { user } = await createUser(founder, {
      name: `Person ${count + 1}`,
      email: `person${count + 1}@bench.example`,
      role: UserRole.MEMBER,
      teamId,
    })
    userIds.push(wireId('User', user.id))
  }
  return { tenantId, userIds }
}

const [wish] = (await once(process, 'message')) as [ServerWish]
await serve(wish)
