/** Who may do what, as far as roles decide it. Pure; the full policy table joins with authorization. */
import { fault } from '../platform/errors.ts'

const RANK = { VIEWER: 0, PARTNER: 1, MEMBER: 1, FINANCE: 1, COMPLIANCE: 1, MANAGER: 2, ADMIN: 3 } as const
export type RoleName = keyof typeof RANK

/** Passes when the role is at least the one needed. @throws Fault FORBIDDEN */
export function requireRole({ role }: { role: RoleName }, needed: 'MEMBER' | 'MANAGER' | 'ADMIN'): void {
  if (RANK[role] < RANK[needed]) {
    throw fault('FORBIDDEN', `This needs the role ${needed}; your token has ${role}. Ask an admin of your tenant.`)
  }
}
