/**
 * The one policy table: who may do what, and how far a right reaches. Everything that is not in it is denied. The schema, the
 * REST aliases, streams and jobs all ask here; docs/reference/permissions.md is printed from it.
 */
import { fault, type Refusal } from './errors.ts'
import { LIMITS } from './limits.ts'

export const ROLES = ['VIEWER', 'MEMBER', 'PARTNER', 'MANAGER', 'FINANCE', 'COMPLIANCE', 'ADMIN'] as const
export type Role = typeof ROLES[number]

/** What a tenant may switch off, each on each of its platforms (FLAG-2). Later rooms name theirs in their rows of the table. */
export const FEATURES = [
  'referrals', 'achievements', 'leaderboards', 'showcase', 'social_sharing', 'challenges', 'standups', 'predictions',
  'commissions', 'payouts',
] as const
export type Feature = typeof FEATURES[number]

/** How far a right reaches: oneself, the teams one leads, people who are no employees, or the whole tenant. */
export type Reach = 'OWN' | 'TEAM' | 'OUTSIDERS' | 'TENANT'

/** By what somebody proved who they are, and what it was given for. */
export interface Credential {
  kind: 'PERSON' | 'KEY' | 'SCREEN'
  /** The key or screen token; null for a person. */
  id: string | null
  /** Actions it was given, `room.*` for all of a room; null for all that its role may. */
  scopes: readonly string[] | null
  /** Boards that a screen may show, by uuid; null for any. */
  boards: readonly string[] | null
  /** When the person last proved who they are; null when the token does not say. */
  provedMs: number | null
  /** When the person's session began, where that is known though no proof is; else that is when they proved it. */
  beganMs?: number | null
  /** The tenant's issuer that signed for the person, as it was then; absent for others. */
  issuer?: { id: string; revision: number }
}

interface Right {
  what: string
  roles: Partial<Record<Role, Reach>>
  /** Whether a screen token may, for its boards. */
  screens?: true
  /** Whether only a person may, who proved who they are a short while ago (ZT-03). */
  stepUp?: true
  /** The feature it is a part of: while that is off, nobody may. */
  feature?: Feature
  /** The largest amount that a role may move at a time, in whichever currency it is told; none when absent. */
  amountMax?: Partial<Record<Role, string>>
}

const all = (reach: Reach, others: Partial<Record<Role, Reach>> = {}): Partial<Record<Role, Reach>> =>
  ({ ...Object.fromEntries(ROLES.map(role => [role, reach])), ...others })
const { PARTNER: _, ...STAFF } = all('TENANT')
const ADMIN = { ADMIN: 'TENANT' } as const
const OVERSIGHT = { FINANCE: 'TENANT', COMPLIANCE: 'TENANT', ADMIN: 'TENANT' } as const
const RECORDING = {
  MEMBER: 'OWN', PARTNER: 'OWN', FINANCE: 'OWN', COMPLIANCE: 'OWN', MANAGER: 'TEAM', ADMIN: 'TENANT',
} as const

const PEOPLE = { MEMBER: 'OWN', MANAGER: 'OWN', FINANCE: 'OWN', COMPLIANCE: 'OWN', ADMIN: 'OWN' } as const

/** The table. A PARTNER never sees employees: what reaches OUTSIDERS shows them partners and clients only. */
export const POLICY = {
  'viewer.read': { what: 'see who one is', roles: all('TENANT'), screens: true },
  'node.read': {
    what: 'fetch a thing by its id; what may be seen of it, its own action says', roles: all('TENANT'), screens: true,
  },
  'user.read': { what: 'see people', roles: all('TENANT', { PARTNER: 'OUTSIDERS' }) },
  'user.write': { what: 'add, move and deactivate people', roles: ADMIN },
  'team.read': { what: 'see teams and departments', roles: STAFF },
  'team.write': { what: 'add teams', roles: ADMIN },
  'feed.read': { what: 'follow news', roles: all('TENANT', { PARTNER: 'OWN' }) },
  'webhook.read': { what: 'see webhook endpoints, their deliveries and topics', roles: ADMIN },
  'webhook.write': { what: 'set up webhooks, replay deliveries', roles: ADMIN },
  'level.read': { what: 'see the levels', roles: all('TENANT') },
  'benefit.read': {
    what: 'see what levels and badges bring people: oneself, teams led, or all',
    roles: { VIEWER: 'OWN', MEMBER: 'OWN', PARTNER: 'OWN', MANAGER: 'TEAM', ...OVERSIGHT },
  },
  'benefit.grant': { what: 'grant others what levels and badges bring', roles: { MANAGER: 'TEAM', ADMIN: 'TENANT' } },
  'activityType.read': { what: 'see what may be recorded and what it pays', roles: all('TENANT') },
  'activityType.write': { what: 'revise an activity type', roles: ADMIN },
  'activity.read': { what: 'see activities', roles: all('TENANT', { PARTNER: 'OWN' }) },
  'activity.record': { what: 'record activities', roles: RECORDING },
  'activity.reverse': { what: 'take an activity back', roles: { MANAGER: 'TEAM', ADMIN: 'TENANT' } },
  'boost.read': { what: 'see boosts', roles: all('TENANT') },
  'boost.write': { what: 'plan boosts and cancel them', roles: ADMIN },
  'streak.read': { what: 'see streaks; freezes of oneself only, an admin all', roles: STAFF },
  'streak.write': { what: 'say in which zone one\'s days begin, and whether one wants a streak', roles: all('OWN', ADMIN) },
  'streak.grant': { what: 'grant freezes and take them back', roles: ADMIN },
  'revenue.read': { what: 'see revenue', roles: { MEMBER: 'OWN', PARTNER: 'OWN', MANAGER: 'TEAM', ...OVERSIGHT } },
  'revenue.record': {
    what: 'record, refund and take back revenue', roles: { MANAGER: 'TEAM', FINANCE: 'TENANT', ADMIN: 'TENANT' },
    amountMax: { MANAGER: '1000000.00' },
  },
  'fact.read': { what: 'see which facts rules, challenges and boards may read', roles: all('TENANT') },
  'metric.read': {
    what: 'see metrics; of people one\'s own, or those of teams led',
    roles: { VIEWER: 'OWN', MEMBER: 'OWN', MANAGER: 'TEAM', ...OVERSIGHT },
  },
  'metric.define': { what: 'define metrics', roles: ADMIN },
  'metric.record': { what: 'record values of metrics', roles: { MANAGER: 'TEAM', FINANCE: 'TENANT', ADMIN: 'TENANT' } },
  'figure.read': { what: 'see recurring revenue and growth of the company', roles: { MANAGER: 'TENANT', ...OVERSIGHT } },
  'figure.write': { what: 'say what annual revenue is taken from', roles: { FINANCE: 'TENANT', ADMIN: 'TENANT' } },
  'hook.read': { what: 'see sources of facts, try mappings, read their log', roles: ADMIN },
  'hook.write': { what: 'set up sources of facts', roles: ADMIN },
  'challenge.read': { what: 'see and follow challenges', roles: STAFF, feature: 'challenges' },
  'challenge.personal': {
    what: 'see personal challenges: one\'s own, or those of people one leads',
    roles: { VIEWER: 'OWN', MEMBER: 'OWN', FINANCE: 'OWN', COMPLIANCE: 'OWN', MANAGER: 'TEAM', ADMIN: 'TENANT' },
    feature: 'challenges',
  },
  'challengeGrant.read': {
    what: 'see what challenges gave: to oneself and one\'s team, or to all',
    roles: { VIEWER: 'OWN', MEMBER: 'OWN', MANAGER: 'OWN', ...OVERSIGHT }, feature: 'challenges',
  },
  'challengeGrant.decide': {
    what: 'approve and fulfill rewards of challenges, never one\'s own nor of one\'s own challenge',
    roles: { FINANCE: 'TENANT', ADMIN: 'TENANT' }, feature: 'challenges',
  },
  'challenge.write': { what: 'set challenges, invite, judge, call off', roles: ADMIN, feature: 'challenges' },
  'challenge.enroll': {
    what: 'take part in challenges or opt out; a lead for their team, a head for their department',
    roles: { MEMBER: 'OWN', FINANCE: 'OWN', COMPLIANCE: 'OWN', MANAGER: 'TEAM', ADMIN: 'TENANT' }, feature: 'challenges',
  },
  'import.read': { what: 'see files of facts and their errors', roles: { FINANCE: 'TENANT', ADMIN: 'TENANT' } },
  'import.write': {
    what: 'upload and import files of facts; activities only who may record them for all',
    roles: { FINANCE: 'TENANT', ADMIN: 'TENANT' },
  },
  'recognition.read': { what: 'see recognition', roles: STAFF },
  'recognition.give': { what: 'give points of one\'s allowance to a colleague', roles: PEOPLE },
  'recognition.react': { what: 'react to recognition', roles: PEOPLE },
  'recognition.review': { what: 'see rings of gifts, and the figures', roles: { MANAGER: 'TEAM', ADMIN: 'TENANT' } },
  'recognition.decide': { what: 'decide on rings of gifts that one is no part of', roles: { MANAGER: 'TEAM', ADMIN: 'TENANT' } },
  'recognition.set': { what: 'set the allowance', roles: ADMIN },
  'leaderboard.read': {
    what: 'see and follow leaderboards', roles: all('TENANT', { PARTNER: 'OUTSIDERS' }), screens: true, feature: 'leaderboards',
  },
  'leaderboard.write': { what: 'add leaderboards', roles: ADMIN, feature: 'leaderboards' },
  'rule.read': { what: 'see what rules may read', roles: { MANAGER: 'TENANT', ADMIN: 'TENANT' } },
  'rule.write': { what: 'define facts, preview rules', roles: ADMIN },
  'badge.read': { what: 'see the badges and how they are earned', roles: all('TENANT'), feature: 'achievements' },
  'badge.progress': {
    what: 'see how far people are in badges: oneself, teams led, or all', feature: 'achievements',
    roles: { VIEWER: 'OWN', MEMBER: 'OWN', PARTNER: 'OWN', MANAGER: 'TEAM', ...OVERSIGHT },
  },
  'badge.write': { what: 'change how badges are earned', roles: ADMIN, feature: 'achievements' },
  'badge.revoke': { what: 'take a badge from somebody who should not have it', roles: ADMIN, feature: 'achievements' },
  'listing.read': {
    what: 'see how one appears on boards; an admin, how others do', roles: all('OWN', ADMIN), feature: 'leaderboards',
  },
  'listing.write': {
    what: 'choose how one appears on boards; an admin takes others off', roles: all('OWN', ADMIN), feature: 'leaderboards',
  },
  'skill.read': { what: 'see the paths of skills', roles: all('TENANT'), feature: 'achievements' },
  'skill.write': { what: 'change the figures of skills', roles: ADMIN, feature: 'achievements' },
  'skill.claim': {
    what: 'claim a milestone of one\'s own, with evidence', feature: 'achievements',
    roles: { MEMBER: 'OWN', MANAGER: 'OWN', FINANCE: 'OWN', COMPLIANCE: 'OWN', ADMIN: 'OWN' },
  },
  'skill.progress': {
    what: 'see claims, and how far people are in milestones: oneself, teams led, or all', feature: 'achievements',
    roles: { VIEWER: 'OWN', MEMBER: 'OWN', PARTNER: 'OWN', MANAGER: 'TEAM', ...OVERSIGHT },
  },
  'skill.attest': {
    what: 'attest or reject what others claim', roles: { MANAGER: 'TEAM', ADMIN: 'TENANT' }, feature: 'achievements',
  },
  'analytics.read': { what: 'see what happened over the last days', roles: STAFF },
  'feature.read': { what: 'see which features are on', roles: all('TENANT'), screens: true },
  'feature.write': { what: 'switch features on and off', roles: ADMIN },
  'standard.read': { what: 'see which standards are in force, and whether they are kept', roles: OVERSIGHT },
  'standard.write': {
    what: 'declare standards, ask to withdraw one, approve what another asked', roles: { COMPLIANCE: 'TENANT', ADMIN: 'TENANT' },
    stepUp: true,
  },
  'audit.read': { what: 'search and export the audit', roles: OVERSIGHT },
  'issuer.read': { what: 'see whose tokens are believed', roles: ADMIN },
  'issuer.write': { what: 'change whose tokens are believed', roles: ADMIN, stepUp: true },
  'apiKey.read': { what: 'see API keys, never their secrets', roles: ADMIN },
  'apiKey.write': { what: 'make API keys', roles: ADMIN, stepUp: true },
  'apiKey.revoke': { what: 'take API keys back', roles: ADMIN },
  'screen.read': { what: 'see the links of screens, never their secrets', roles: ADMIN },
  'screen.write': { what: 'make links for screens', roles: ADMIN, stepUp: true },
  'screen.revoke': { what: 'take links of screens back', roles: ADMIN },
} as const satisfies Record<string, Right>

export type Action = keyof typeof POLICY

/** What a decision is made of: the actor's role and credential; an actor without one is the house itself. */
export interface Asker { role: Role; now: Date; credential?: Credential }

/** A right that was found, or why there is none: `rule` is for the audit, `message` says what to do. */
export type Decision = { reach: Reach } | { reach: null; rule: string; message: string }

/** Returns how far the asker's right to an action reaches, or why there is none. */
export function decisionFor({ role, now, credential }: Asker, action: Action): Decision {
  const { roles, screens, stepUp }: Right = POLICY[action]
  const refused = (rule: string, message: string): Decision => ({ reach: null, rule: `${action}: ${rule}`, message })
  if (credential?.kind === 'SCREEN' && !screens) {
    return refused('no screens', 'A screen token only shows its boards: use a personal token for this.')
  }
  if (credential?.scopes && !credential.scopes.some(scope => isWithin(action, scope))) {
    return refused('scope', `This key was not given ${action}: make one with that scope, or use another.`)
  }
  const reach = roles[role]
  if (!reach) {
    const needed = ROLES.filter(each => roles[each]).join(', ')
    return refused(`role ${role}`, `This needs one of the roles ${needed}; your token has ${role}. Ask an admin of your tenant.`)
  }
  if (stepUp && credential && credential.kind !== 'PERSON') return refused('people only', 'This needs a person who is signed in.')
  if (stepUp && credential && now.getTime() - (credential.provedMs ?? 0) > LIMITS.stepUpAgeMs) {
    return refused('step-up age', `Sign in again: this needs a sign-in of the last ${LIMITS.stepUpAgeMs / 60_000} minutes.`)
  }
  return { reach }
}

/** Returns the largest amount that the asker may move by an action at a time, as a decimal of any currency; null = any. */
export function amountMaxFor({ role }: Pick<Asker, 'role'>, action: Action): string | null {
  const { amountMax }: Right = POLICY[action]
  return amountMax?.[role] ?? null
}

/** Returns the feature that an action is a part of, or null. */
export function featureOf(action: Action): Feature | null {
  const { feature }: Right = POLICY[action]
  return feature ?? null
}

/** Returns whether a scope covers an action: itself, or all of its room. */
export function isWithin(action: string, scope: string): boolean {
  return scope === action || (scope.endsWith('.*') && action.startsWith(scope.slice(0, -1)))
}

/** What a screen may show of people; of what stands on a board, everything. */
const ON_SCREENS: Record<string, readonly string[]> = {
  User: ['id', 'name', 'team'], Team: ['id', 'name', 'department'], Department: ['id', 'name'],
}

/** Returns whether a screen may show a field of a type. */
export function isOnScreens(type: string, field: string): boolean {
  return field.startsWith('__') || !Object.hasOwn(ON_SCREENS, type) || ON_SCREENS[type]!.includes(field)
}

/** Returns whether whoever asked for something may decide on it too: never. */
export function isOther(askedBy: string | null, decidedBy: string | null): boolean {
  return decidedBy !== null && askedBy !== decidedBy
}

/** A feature that a running stream is a part of, on the platform that was named; null means the tenant's default. */
export interface FeatureUse { feature: Feature; platform: string | null }

/** Returns the error that whoever uses a feature gets while it is off. */
export function featureOff(feature: Feature) {
  return fault(
    'FEATURE_DISABLED', `This is switched off here (${feature}). An admin of your tenant can switch it on.`,
    { feature })
}

/** Free text in a command's input, by the path of its field. */
export interface FreeText { path: string[]; name: string; text: string }

/**
 * What a tenant has switched off, beside rights. The room of controls answers, at once where the node knows the tenant's
 * settings, else by a promise.
 */
export interface Gate {
  /** Passes an action on a platform. @throws Fault FEATURE_DISABLED | BAD_REQUEST when the tenant has no such platform */
  pass(tenantId: string, action: Action, platform: string | null): void | Promise<void>
  /** Returns whether what an action is a part of is on. */
  isOpen(tenantId: string, action: Action, platform: string | null): boolean | Promise<boolean>
  /** Returns why a command is refused for a text in it, or null. @throws Fault FORBIDDEN where this node may not write */
  write(tenantId: string, texts: () => Iterable<FreeText>): Promise<Refusal | null>
}
