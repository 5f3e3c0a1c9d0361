/**
 * The gate: what each tenant has switched off, remembered by this node and forgotten by the event that says it changed, so that a
 * request pays no statement for it.
 */
import type { Database } from '../platform/db.ts'
import { fault } from '../platform/errors.ts'
import { type Action, featureOf, featureOff, type FeatureUse, type Gate } from '../platform/policy.rules.ts'
import { ownTenant } from '../tenants/tenant.service.ts'
import type { EventLogs } from '../wire/events.ts'
import { featureSettings } from './feature.queries.ts'
import { type FeatureSettings, isOffOn, platformFor } from './feature.rules.ts'

/** A tenant's settings, as far as this node has read them. */
type Known = { settings: FeatureSettings | null; reading: Promise<FeatureSettings> }

/** What this node knows of its tenants' settings. */
export class Controls implements Gate {
  readonly #db: Database
  readonly #logs: EventLogs
  readonly #known = new Map<string, Known>()

  constructor(db: Database, logs: EventLogs) {
    this.#db = db
    this.#logs = logs
  }

  pass(tenantId: string, action: Action, platform: string | null): void | Promise<void> {
    const settings = this.#known.get(tenantId)?.settings
    return settings ? admit(settings, action, platform) : this.of(tenantId).then(read => admit(read, action, platform))
  }

  async isOpen(tenantId: string, action: Action, platform: string | null): Promise<boolean> {
    const feature = featureOf(action)
    return !feature || !isOff(await this.of(tenantId), { feature, platform })
  }

  /** Returns whether a feature is off, as far as this node knows; arrow, because groups of streams ask it by itself. */
  readonly isOff = (tenantId: string, use: FeatureUse): boolean => {
    const settings = this.#known.get(tenantId)?.settings
    return settings ? isOff(settings, use) : false
  }

  /** Returns the tenant's settings, read when this node does not know them. @throws Fault UNAUTHENTICATED without a tenant */
  of(tenantId: string): Promise<FeatureSettings> {
    let known = this.#known.get(tenantId)
    if (!known) {
      const begun: Known = { settings: null, reading: this.#read(tenantId) }
      this.#known.set(tenantId, (known = begun))
      begun.reading.then(settings => { begun.settings = settings }, () => this.#forget(tenantId, begun))
    }
    return known.reading
  }

  /** Forgets what a tenant had set: it has changed. What is being read meanwhile serves only those who wait for it. */
  drop(tenantId: string): void {
    this.#known.delete(tenantId)
  }

  #forget(tenantId: string, failed: Known): void {
    if (this.#known.get(tenantId) === failed) this.#known.delete(tenantId)
  }

  async #read(tenantId: string): Promise<FeatureSettings> {
    const where = { tenantId, db: this.#db }
    await ownTenant(where)
    // Followed before it is read: a change after the reading is heard of.
    await this.#logs.of(tenantId)
    return featureSettings(where)
  }
}

function isOff(settings: FeatureSettings, { feature, platform }: FeatureUse): boolean {
  return isOffOn(settings, platformFor(settings, platform) ?? settings.defaultPlatform, feature)
}

/** Passes an action under a tenant's settings. @throws Fault BAD_REQUEST | FEATURE_DISABLED */
function admit(settings: FeatureSettings, action: Action, named: string | null): void {
  const platform = platformFor(settings, named)
  if (platform === null) {
    throw fault('BAD_REQUEST', 'The platform (header x-laurel-platform, or platform in connection_init) must be one of '
      + `${settings.platforms.join(', ')}, or absent for ${settings.defaultPlatform}.`, { platforms: settings.platforms })
  }
  const feature = featureOf(action)
  if (feature && isOffOn(settings, platform, feature)) throw featureOff(feature)
}
