/**
 * The gate: what each tenant has switched off and what its standards demand, remembered by this node and forgotten by the event
 * that says it changed, so that a request pays no statement for it.
 */
import type { Database } from '../platform/db.ts'
import { ErrorCode, fault, Refusal } from '../platform/errors.ts'
import {
  type Action, featureOf, featureOff, type FeatureUse, type FreeText, type Gate,
} from '../platform/policy.rules.ts'
import { ownTenant } from '../tenants/tenant.service.ts'
import { type Identity, type Loss, type TokenReader, unauthenticated } from '../wire/auth.ts'
import type { EventLogs } from '../wire/events.ts'
import { featureSettings } from './feature.queries.ts'
import { type FeatureSettings, isOffOn, platformFor } from './feature.rules.ts'
import { holdsPan, isFreeText } from './pan.rules.ts'
import { listDeclared } from './standard.queries.ts'
import { type Demands, demandsOf, sessionEndsMs, strangerIn } from './standard.rules.ts'

/** What a tenant has set. */
export interface Settings extends FeatureSettings { demands: Demands }
/** A tenant's settings, as far as this node has read them. */
type Known = { settings: Settings | null; reading: Promise<Settings> }

/** Events after which a tenant's settings are read again. */
export const SETTING_TOPICS = ['feature_flag.', 'tenant.', 'standard.'] as const

const OVER = 'This session has lasted as long as your tenant\'s standards allow: sign in again.'

/** What this node knows of its tenants' settings; `region` is where it stands. */
export class Controls implements Gate {
  readonly region: string | null
  readonly #db: Database
  readonly #logs: EventLogs
  readonly #known = new Map<string, Known>()

  constructor(db: Database, logs: EventLogs, region: string | null) {
    this.#db = db
    this.#logs = logs
    this.region = region
  }

  pass(tenantId: string, action: Action, platform: string | null): void | Promise<void> {
    const settings = this.#known.get(tenantId)?.settings
    return settings ? admit(settings, action, platform) : this.of(tenantId).then(read => admit(read, action, platform))
  }

  async isOpen(tenantId: string, action: Action, platform: string | null): Promise<boolean> {
    const feature = featureOf(action)
    return !feature || !isOff(await this.of(tenantId), { feature, platform })
  }

  async write(tenantId: string, texts: () => Iterable<FreeText>): Promise<Refusal | null> {
    const { demands } = await this.of(tenantId)
    const stranger = strangerIn(demands, this.region)
    if (stranger) throw fault('FORBIDDEN', stranger, { control: 'allowed_regions', regions: demands.regions })
    if (!demands.refusesPan) return null
    for (const { path, name, text } of texts()) {
      if (isFreeText(name) && holdsPan(text)) {
        const message = `${name} holds what looks like a card number, which must not be kept here: take it out.`
        return new Refusal(ErrorCode.PAN_REJECTED, message, path)
      }
    }
    return null
  }

  /** Returns whether a feature is off, as far as this node knows; arrow, because groups of streams ask it by itself. */
  readonly isOff = (tenantId: string, use: FeatureUse): boolean => {
    const settings = this.#known.get(tenantId)?.settings
    return settings ? isOff(settings, use) : false
  }

  /** Returns the reader, whose tokens end with the session that the tenant's standards allow. */
  bounded(reader: TokenReader): TokenReader {
    return {
      read: async (token, now) => {
        const identity = await reader.read(token, now)
        if (!identity) return null
        const endsMs = await this.#endOf(identity)
        if (endsMs <= now.getTime()) throw unauthenticated(OVER)
        return { ...identity, expiresMs: Math.min(identity.expiresMs, endsMs) }
      },
    }
  }

  /** Returns those whose session is over by now. */
  async overdue(identities: readonly Identity[], nowMs: number): Promise<Map<Identity, Loss>> {
    const over = new Map<Identity, Loss>()
    for (const identity of identities) {
      if (identity.credential.kind === 'PERSON' && await this.#endOf(identity) <= nowMs) over.set(identity, { sentence: OVER })
    }
    return over
  }

  /** Keys and screens end by their own terms. A tenant that is not there is found out elsewhere. */
  async #endOf({ tenantId, credential }: Identity): Promise<number> {
    if (credential.kind !== 'PERSON') return Infinity
    const settings = await this.of(tenantId)
    return sessionEndsMs(settings.demands, credential.beganMs ?? credential.provedMs)
  }

  /** Returns the tenant's settings, read when this node does not know them. @throws Fault UNAUTHENTICATED without a tenant */
  of(tenantId: string): Promise<Settings> {
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

  async #read(tenantId: string): Promise<Settings> {
    const where = { tenantId, db: this.#db }
    await ownTenant(where)
    // Followed before it is read: a change after the reading is heard of.
    await this.#logs.of(tenantId)
    const [features, declared] = await Promise.all([featureSettings(where), listDeclared(where)])
    return { ...features, demands: demandsOf(declared) }
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
