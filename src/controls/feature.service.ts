/** The only writer of features: switches one on a platform, and says so to every node. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { emit } from '../platform/outbox.ts'
import type { Feature } from '../platform/policy.rules.ts'
import { type Actor, inTenant } from '../platform/tenancy.ts'
import { ownTenant } from '../tenants/tenant.service.ts'
import { type FeatureFlagRow, listFeatures } from './feature.queries.ts'

/**
 * Switches a feature on or off on a platform and returns it with the commit's mark; emits `feature_flag.changed`. A feature that
 * stands so already is left alone: the mark is null.
 * @throws Refusal INVALID
 */
export async function setFeature(
  actor: Actor, { platform, key, isOn }: { platform: string; key: Feature; isOn: boolean },
): Promise<{ flag: FeatureFlagRow; mark: number | null }> {
  const { tenantId, now } = actor
  const { platforms } = await ownTenant(actor)
  if (!platforms.includes(platform)) {
    throw new Refusal(ErrorCode.INVALID, `platform must be one of ${platforms.join(', ')}.`, ['platform'])
  }
  const done = await inTenant(actor, async tx => {
    // What was never switched is on and needs no row. Two at once take turns at the row, or at its key.
    const [changed] = await tx.em.execute<{ changed: boolean }[]>(
      `insert into feature_flag (tenant_id, platform, key, is_on, changed_at)
       select own.* from (values (?::uuid, ?, ?, ?::boolean, ?::timestamptz)) own (tenant_id, platform, key, is_on, changed_at)
       where not own.is_on or exists (select 1 from feature_flag f
         where f.tenant_id = own.tenant_id and f.platform = own.platform and f.key = own.key)
       on conflict (tenant_id, platform, key) do update set is_on = excluded.is_on, changed_at = excluded.changed_at
       where feature_flag.is_on <> excluded.is_on returning true as changed`, [tenantId, platform, key, isOn, now])
    if (!changed) return null
    describeCommand(actor, {
      subject: `feature_flag:${key} on ${platform}`, beforeHash: hashOfAll([JSON.stringify({ platform, key, isOn: !isOn })]),
    })
    const mark = await emit(tx, 'feature_flag.changed', { platform, key, isOn })
    return { flag: { platform, key, isOn, changedAt: now }, mark }
  })
  if (done) return done
  const flag = (await listFeatures(actor, platform)).find(each => each.key === key)!
  return { flag, mark: null }
}
