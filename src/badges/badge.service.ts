/** The only writer of badges: they come in by a template pack, change by new versions, and may be taken from somebody. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { derivedId, newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { projectRoot } from '../platform/project.ts'
import { type Actor, inTenantBatch, retried } from '../platform/tenancy.ts'
import { type BadgeRevision, type BadgeRow, type BadgeStep, refusalForBadge, revisedMeasure } from './badge.rules.ts'
import type { Measure } from './measure.rules.ts'

/** The pack of recognition: figures of the house, copied into a tenant, never shared. */
export interface RecognitionPack {
  key: string; version: number
  /** What these badges count beside the 25 of revenue; proposed, and worth no points. */
  activityTypes: { key: string; category: string; name: string; points: number }[]
  badges: { key: string; name: string; measure: Measure; benefits: string[]; levels: BadgeStep[] }[]
  /** For the room of skills. */
  skills: {
    key: string; name: string
    milestones: { title: string; requirement: string; points: number; measure?: Measure; threshold?: string }[]
  }[]
}

/** Returns `packs/recognition.json`. */
export function readRecognition(): RecognitionPack {
  return JSON.parse(readFileSync(join(projectRoot, 'packs', 'recognition.json'), 'utf8'))
}

const INSERT = `insert into badge (tenant_id, id, key, version, name, measure, benefits, levels, active, effective_from)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

/** Copies a pack's badges into the tenant, in force from `from`; what is there already stays as it is. */
export async function installBadges(actor: Actor, pack: RecognitionPack, from: Date): Promise<void> {
  const { tenantId } = actor
  await inTenantBatch(actor, ({ last }) => last(pack.badges.map(({ key, name, measure, benefits, levels }) => ({
    text: `${INSERT} on conflict (tenant_id, key, version) do nothing`,
    values: [tenantId, derivedId(tenantId, pack.key, `badge ${key}`), key, 1, name, JSON.stringify(measure), benefits,
      JSON.stringify(levels), true, from],
  }))))
}

/**
 * Adds a version to a badge and returns its id with the commit's mark; emits `badge.revised`. What was earned stays; a person is
 * measured by the new figures when a fact of theirs comes in.
 * @throws Refusal NOT_FOUND | OUT_OF_RANGE | INVALID
 */
export function reviseBadge(actor: Actor, revision: BadgeRevision): Promise<{ badgeId: string; mark: number }> {
  const { tenantId, now } = actor
  const { key } = revision
  const from = revision.effectiveFrom ?? now
  if (from.getTime() > now.getTime() + LIMITS.revisionAheadMaxMs) {
    throw new Refusal(ErrorCode.OUT_OF_RANGE, 'effectiveFrom may lie at most 400 days ahead.', ['effectiveFrom'])
  }
  return retried(() => inTenantBatch(actor, async ({ run, last }) => {
    // Two revisions at once take turns at the first version; the second statement then sees what the other added.
    const [, rows] = await run([
      {
        name: 'badge_lock', text: 'select 1 from badge where tenant_id = $1 and key = $2 and version = 1 for update',
        values: [tenantId, key.slice(0, 64).replaceAll('\0', '')],
      },
      {
        name: 'badge_newest',
        text: `select id, key, version, name, measure, benefits, levels, active, effective_from as "effectiveFrom" from badge
          where tenant_id = $1 and key = $2 order by version desc limit 1`,
        values: [tenantId, key.slice(0, 64).replaceAll('\0', '')],
      },
    ]) as unknown as [unknown, BadgeRow[]]
    const [newest] = rows
    if (!newest) throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such badge: see badges for the keys.', ['key'])
    if (from <= newest.effectiveFrom) {
      throw new Refusal(ErrorCode.OUT_OF_RANGE,
        `effectiveFrom must be after ${newest.effectiveFrom.toISOString()}, where the newest version begins.`, ['effectiveFrom'])
    }
    const revised = {
      name: revision.name?.trim() ?? newest.name, measure: revisedMeasure(newest.measure, revision),
      benefits: revision.benefits ?? newest.benefits, levels: revision.levels ?? newest.levels,
      active: revision.active ?? newest.active,
    }
    const refusal = refusalForBadge(revised)
    if (refusal) throw refusal
    const badgeId = newId(now)
    const { name, measure, benefits, levels, active } = revised
    describeCommand(actor, {
      subject: `badge:${badgeId}`, beforeHash: hashOfAll([JSON.stringify(newest)]),
      afterHash: hashOfAll([JSON.stringify(revised)]),
    })
    const answers = await last([
      {
        name: 'badge_insert', text: INSERT,
        values: [tenantId, badgeId, key, newest.version + 1, name, JSON.stringify(measure), benefits,
          JSON.stringify(levels.map(({ title, threshold }) => ({ title, threshold }))), active, from],
      },
      emitStatement(tenantId, 'badge.revised', { badgeId, key, version: newest.version + 1 }),
    ])
    return { badgeId, mark: Number(answers.at(-1)![0]!.mark) }
  }))
}

/** What `badge.revoked` says. */
export interface BadgeRevoked { earnedBadgeId: string; userId: string; key: string; level: number; reason: string }

/**
 * Takes an earned badge from somebody who should not have it, and returns its id with the commit's mark; emits
 * `badge.revoked`. It is not earned again.
 * @throws Refusal NOT_FOUND | INVALID | ALREADY_DECIDED
 */
export function revokeBadge(
  actor: Actor, { earnedBadgeId, reason }: { earnedBadgeId: string; reason: string },
): Promise<{ earnedBadgeId: string; mark: number }> {
  const { tenantId, now } = actor
  if (!isPlainText(reason.trim(), LIMITS.noteLengthMax, 1)) {
    throw new Refusal(ErrorCode.INVALID, `reason must have 1 to ${LIMITS.noteLengthMax} characters.`, ['reason'])
  }
  return inTenantBatch(actor, async ({ run, last }) => {
    const [[found]] = await run([{
      name: 'earned_badge_lock',
      text: `select user_id as "userId", key, level, revoked_at as "revokedAt" from earned_badge
        where tenant_id = $1 and id = $2 for update`,
      values: [tenantId, earnedBadgeId],
    }]) as unknown as [[{ userId: string; key: string; level: number; revokedAt: Date | null }?]]
    if (!found) throw new Refusal(ErrorCode.NOT_FOUND, 'Nobody earned such a badge.', ['earnedBadgeId'])
    if (found.revokedAt) throw new Refusal(ErrorCode.ALREADY_DECIDED, 'This badge was taken away before.', ['earnedBadgeId'])
    const { userId, key, level } = found
    const said: BadgeRevoked = { earnedBadgeId, userId, key, level, reason: reason.trim() }
    describeCommand(actor, {
      subject: `earned_badge:${earnedBadgeId}`, forUserId: userId, beforeHash: hashOfAll([JSON.stringify(found)]),
      afterHash: hashOfAll([JSON.stringify(said)]),
    })
    const answers = await last([
      {
        name: 'earned_badge_revoke',
        text: `update earned_badge set revoked_by = $3, revoked_at = $4, revocation = $5 where tenant_id = $1 and id = $2`,
        values: [tenantId, earnedBadgeId, actor.userId, now, said.reason],
      },
      emitStatement(tenantId, 'badge.revoked', said),
    ])
    return { earnedBadgeId, mark: Number(answers.at(-1)![0]!.mark) }
  })
}
