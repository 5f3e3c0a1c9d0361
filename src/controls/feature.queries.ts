/** Reads of a tenant's features: what is off, for a node to remember, and all of them for people. */
import { type Feature, FEATURES } from '../platform/policy.rules.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import { type FeatureSettings, offKey } from './feature.rules.ts'

/** A flag as reads return it. */
export interface FeatureFlagRow { platform: string; key: Feature; isOn: boolean; changedAt: Date | null }

type Where = Pick<Actor, 'tenantId' | 'db'>

/** Returns the tenant's platforms and what it has off. */
export async function featureSettings({ tenantId, db }: Where): Promise<FeatureSettings> {
  const [row] = await inTenantOnce<{ platforms: string[]; defaultPlatform: string; off: [platform: string, key: string][] }>(
    { tenantId, db }, {
      name: 'feature_settings', values: [tenantId],
      text: `select platforms, default_platform as "defaultPlatform", coalesce((select json_agg(json_build_array(platform, key))
             from feature_flag where tenant_id = $1 and not is_on), '[]') as off from tenant where tenant_id = $1` })
  const { platforms, defaultPlatform, off } = row!
  return { platforms, defaultPlatform, off: new Set(off.map(([platform, key]) => offKey(platform, key))) }
}

/** Returns all features of a platform in the order of the policy. */
export async function listFeatures({ tenantId, db }: Where, platform: string): Promise<FeatureFlagRow[]> {
  const rows = await inTenantOnce<{ key: string; isOn: boolean; changedAt: Date }>({ tenantId, db }, {
    name: 'features', values: [tenantId, platform],
    text: 'select key, is_on as "isOn", changed_at as "changedAt" from feature_flag where tenant_id = $1 and platform = $2' })
  const switched = new Map(rows.map(row => [row.key, row]))
  return FEATURES.map(key => ({ isOn: true, changedAt: null, ...switched.get(key), platform, key }))
}

/** Returns whether a feature is on, on any of the tenant's platforms: a job belongs to none of them. */
export async function isFeatureUsed({ tenantId, db }: Where, feature: Feature): Promise<boolean> {
  const [row] = await inTenantOnce<{ isUsed: boolean }>({ tenantId, db }, {
    name: 'feature_used', values: [tenantId, feature],
    text: `select exists (select 1 from unnest(t.platforms) own (platform) where not exists (select 1 from feature_flag f
           where f.tenant_id = $1 and f.platform = own.platform and f.key = $2 and not f.is_on)) as "isUsed"
           from tenant t where tenant_id = $1` })
  return row?.isUsed ?? false
}
