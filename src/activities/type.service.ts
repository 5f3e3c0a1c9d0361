/** The only writer of the catalogue: types come in by a template pack and change by new versions with effective dates (UX-04). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { derivedId, newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { projectRoot } from '../platform/project.ts'
import { type Actor, inTenantBatch } from '../platform/tenancy.ts'
import { isTypeKey, type TypeVersion } from './activity.rules.ts'
import { type AttributeDefinitions, refusalForAttributes } from './attribute.rules.ts'

/** A template pack: data of the house, copied into a tenant, never shared. */
export interface ActivityPack {
  key: string; version: number
  activityTypes: { key: string; category: string; name: string; points: number; attributes?: AttributeDefinitions }[]
  levels: {
    number: number; key: string; title: string; threshold: number; badge: string; benefits: string[]; multiplierBp: number
  }[]
  /** For the room of metrics. */
  metrics: {
    key: string; name: string; unit: string; direction: string; lowest: string | null; highest: string | null
  }[]
}

/** Returns the pack of this name from `packs/`. */
export function readPack(name: string): ActivityPack {
  return JSON.parse(readFileSync(join(projectRoot, 'packs', `${name}.json`), 'utf8'))
}

/** Copies a pack's activity types and levels into the tenant, effective from `from`; what is there already stays as it is. */
export async function installPack(
  actor: Actor, pack: Pick<ActivityPack, 'key' | 'activityTypes' | 'levels'>, from: Date,
): Promise<void> {
  const { tenantId } = actor
  const types = pack.activityTypes
  await inTenantBatch(actor, ({ last }) => last([
    {
      text: `insert into activity_type (tenant_id, id, key, version, category, name, points, effective_from, attributes)
             select $1, id, key, 1, category, name, points, $2, attributes
             from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::jsonb[])
               as t (id, key, category, name, points, attributes)
             on conflict (tenant_id, key, version) do nothing`,
      values: [
        tenantId, from, types.map(({ key }) => derivedId(tenantId, pack.key, key)), types.map(({ key }) => key),
        types.map(({ category }) => category), types.map(({ name }) => name), types.map(({ points }) => points),
        types.map(({ attributes }) => attributes && JSON.stringify(attributes)),
      ],
    },
    ...pack.levels.map(({ number, key, title, threshold, badge, benefits, multiplierBp }) => ({
      text: `insert into level (tenant_id, id, number, key, title, threshold, badge, benefits, multiplier_bp)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (tenant_id, number) do nothing`,
      values: [
        tenantId, derivedId(tenantId, pack.key, `level ${key}`), number, key, title, threshold, badge, benefits, multiplierBp,
      ],
    })),
  ]))
}

/** A change to a type; absent fields keep their value. */
export interface TypeRevision {
  key: string; points?: number | null; name?: string | null; perUnit?: boolean | null; active?: boolean | null
  effectiveFrom?: Date | null; attributes?: AttributeDefinitions | null
}

/**
 * Adds a version to a type and returns it with the commit's mark; emits `activity_type.revised`. Activities keep the version of
 * the time when they occurred.
 * @throws Refusal NOT_FOUND | OUT_OF_RANGE | INVALID
 */
export function reviseType(actor: Actor, revision: TypeRevision): Promise<{ activityType: TypeVersion; mark: number }> {
  const { tenantId, now } = actor
  const from = revision.effectiveFrom ?? now
  if ([revision.points, revision.name, revision.perUnit, revision.active, revision.attributes].every(value => value == null)) {
    throw new Refusal(ErrorCode.INVALID, 'Nothing would change: name points, name, perUnit, active or attributes.')
  }
  if (from.getTime() > now.getTime() + LIMITS.revisionAheadMaxMs) {
    throw new Refusal(
      ErrorCode.OUT_OF_RANGE, 'effectiveFrom may lie at most 400 days ahead: until then the type cannot be revised again.',
      ['effectiveFrom'])
  }
  if (revision.points != null && Math.abs(revision.points) > 1_000_000) {
    throw new Refusal(ErrorCode.OUT_OF_RANGE, 'points must lie within ±1,000,000.', ['points'])
  }
  if (revision.name != null && (!revision.name.trim() || !isPlainText(revision.name, 200))) {
    throw new Refusal(ErrorCode.INVALID, 'name must have 1 to 200 characters.', ['name'])
  }
  if (!isTypeKey(revision.key)) throw noSuchKey()
  return inTenantBatch(actor, async ({ run, last }) => {
    const [, rows] = await run([
      // Two revisions at once take turns at the first version; the second statement then sees what the other added.
      {
        text: 'select 1 from activity_type where tenant_id = $1 and key = $2 and version = 1 for update',
        values: [tenantId, revision.key],
      },
      {
        text: `select id, key, version, category, name, points, per_unit as "perUnit", active, effective_from as "effectiveFrom",
                 attributes from activity_type where tenant_id = $1 and key = $2 order by version desc limit 1`,
        values: [tenantId, revision.key],
      },
    ])
    const newest = rows![0] as TypeVersion | undefined
    if (!newest) throw noSuchKey()
    if (from <= newest.effectiveFrom) {
      throw new Refusal(
        ErrorCode.OUT_OF_RANGE,
        `effectiveFrom must be after ${newest.effectiveFrom.toISOString()}, where the newest version begins.`,
        ['effectiveFrom'])
    }
    const unlawful = revision.attributes && refusalForAttributes(newest.attributes, revision.attributes)
    if (unlawful) throw unlawful
    const activityType: TypeVersion = {
      ...newest, id: newId(now), version: newest.version + 1, effectiveFrom: from, name: revision.name?.trim() ?? newest.name,
      points: revision.points ?? newest.points, perUnit: revision.perUnit ?? newest.perUnit,
      active: revision.active ?? newest.active, attributes: revision.attributes ?? newest.attributes,
    }
    const { id, key, version, category, name, points, perUnit, active, attributes } = activityType
    const answers = await last([
      {
        text: `insert into activity_type (tenant_id, id, key, version, category, name, points, per_unit, active, effective_from,
            attributes) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        values: [
          tenantId, id, key, version, category, name, points, perUnit, active, from, attributes && JSON.stringify(attributes),
        ],
      },
      emitStatement(tenantId, 'activity_type.revised', { key, version }),
    ])
    return { activityType, mark: Number(answers.at(-1)![0]!.mark) }
  })
}

const noSuchKey = () =>
  new Refusal(ErrorCode.NOT_FOUND, 'There is no such activity type: see activityTypes for the keys.', ['key'])
