/** The only writer of paths: they come in by a template pack and change by new versions with effective dates. */
import type { RecognitionPack } from '../badges/badge.service.ts'
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { derivedId, newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, retried } from '../platform/tenancy.ts'
import { type MilestoneRevision, type PathRow, refusalForPath, revisedMilestones } from './skill.rules.ts'

const INSERT = `insert into skill_path (tenant_id, id, key, version, name, milestones, active, effective_from)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`

/** Copies a pack's paths into the tenant, in force from `from`; what is there already stays as it is. */
export async function installPaths(actor: Actor, pack: Pick<RecognitionPack, 'key' | 'skills'>, from: Date): Promise<void> {
  const { tenantId } = actor
  await inTenantBatch(actor, ({ last }) => last(pack.skills.map(({ key, name, milestones }) => ({
    text: `${INSERT} on conflict (tenant_id, key, version) do nothing`,
    values: [tenantId, derivedId(tenantId, pack.key, `skill ${key}`), key, 1, name, JSON.stringify(milestones), true, from],
  }))))
}

/** A change to a path; what is absent stays. */
export interface PathRevision {
  key: string; name?: string | null; milestones?: MilestoneRevision[] | null; active?: boolean | null
  effectiveFrom?: Date | null
}

/**
 * Adds a version to a path and returns its id with the commit's mark; emits `skill_path.revised`. What was completed stays, with
 * the points of then.
 * @throws Refusal NOT_FOUND | OUT_OF_RANGE | INVALID
 */
export function revisePath(actor: Actor, revision: PathRevision): Promise<{ pathId: string; mark: number }> {
  const { tenantId, now } = actor
  const key = revision.key.slice(0, 64).replaceAll('\0', '')
  const from = revision.effectiveFrom ?? now
  if (from.getTime() > now.getTime() + LIMITS.revisionAheadMaxMs) {
    throw new Refusal(ErrorCode.OUT_OF_RANGE, 'effectiveFrom may lie at most 400 days ahead.', ['effectiveFrom'])
  }
  return retried(() => inTenantBatch(actor, async ({ run, last }) => {
    // Two revisions at once take turns at the first version; the second statement then sees what the other added.
    const [, rows] = await run([
      {
        name: 'skill_path_lock', text: 'select 1 from skill_path where tenant_id = $1 and key = $2 and version = 1 for update',
        values: [tenantId, key],
      },
      {
        name: 'skill_path_newest',
        text: `select id, key, version, name, milestones, active, effective_from as "effectiveFrom" from skill_path
          where tenant_id = $1 and key = $2 order by version desc limit 1`,
        values: [tenantId, key],
      },
    ]) as unknown as [unknown, PathRow[]]
    const [newest] = rows
    if (!newest) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such path: see skillPaths for the keys.', ['key'])
    if (from <= newest.effectiveFrom) {
      throw new Refusal(ErrorCode.OUT_OF_RANGE,
        `effectiveFrom must be after ${newest.effectiveFrom.toISOString()}, where the newest version begins.`, ['effectiveFrom'])
    }
    const revised = {
      name: revision.name?.trim() ?? newest.name, milestones: revisedMilestones(newest.milestones, revision.milestones ?? []),
      active: revision.active ?? newest.active,
    }
    const refusal = refusalForPath(revised)
    if (refusal) throw refusal
    const pathId = newId(now)
    describeCommand(actor, {
      subject: `skill_path:${pathId}`, beforeHash: hashOfAll([JSON.stringify(newest)]),
      afterHash: hashOfAll([JSON.stringify(revised)]),
    })
    const version = newest.version + 1
    const answers = await last([
      {
        name: 'skill_path_insert', text: INSERT,
        values: [tenantId, pathId, key, version, revised.name, JSON.stringify(revised.milestones), revised.active, from],
      },
      emitStatement(tenantId, 'skill_path.revised', { pathId, key, version }),
    ])
    return { pathId, mark: Number(answers.at(-1)![0]!.mark) }
  }))
}
