/** The law of features: which platform a request is for, and whether a feature is on there. Pure. */
import type { Feature } from '../platform/policy.rules.ts'

/** What a tenant has switched off, as a node remembers it. */
export interface FeatureSettings { platforms: readonly string[]; defaultPlatform: string; off: ReadonlySet<string> }

/** Returns the platform that is meant: the default when none was named, null when the tenant has none of that name. */
export function platformFor({ platforms, defaultPlatform }: FeatureSettings, named: string | null): string | null {
  if (named === null) return defaultPlatform
  return platforms.includes(named) ? named : null
}

/** Returns the key under which a feature that is off is remembered; a platform's name holds no NUL. */
export const offKey = (platform: string, feature: string) => `${platform}\0${feature}`

/** Returns whether a feature is off on a platform of the tenant. */
export function isOffOn({ off }: FeatureSettings, platform: string, feature: Feature): boolean {
  return off.has(offKey(platform, feature))
}
