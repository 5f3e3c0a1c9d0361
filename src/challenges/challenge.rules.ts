/**
 * The law of challenges: when one runs, how far a value is from its target, who stands where, and who may take part. Values are
 * exact, in millionths of their unit; percents in hundredths. Pure.
 */
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { dayAfter, periodRange } from '../platform/time.ts'

/** Who takes part: people, teams, departments, or the tenant itself. */
export type Subject = 'USER' | 'TEAM' | 'DEPARTMENT' | 'TENANT'

/** How ranks count ties: 1-2-2-4, 1-2-2-3, or 1-2-3-4 with the earlier achiever first (UX-15, UX-16). */
export type TieRule = 'COMPETITION' | 'DENSE' | 'ORDINAL'

/** Whether more is better or less. */
export type Goal = 'AT_LEAST' | 'AT_MOST'

/** One thing that is counted. Lists are keys of activity types and categories; absent means all. */
export type SimpleMeasure =
  | EntryMeasure | { kind: 'REVENUE' } | { kind: 'DEALS' }
  | { kind: 'METRIC'; metric: string; take: 'AVERAGE' | 'LAST' }

/** Of activities: how many, or their points. */
export type EntryMeasure =
  | { kind: 'ACTIVITIES'; activityTypes?: string[] | undefined; categories?: string[] | undefined }
  | { kind: 'POINTS'; activityTypes?: string[] | undefined; categories?: string[] | undefined }

/** What is counted: one thing, several of equal weight (TCHAL-2), or a verdict that an admin enters (TCHAL-3). */
export type Measure = SimpleMeasure | { kind: 'COMBINED'; of: SimpleMeasure[] } | { kind: 'JUDGED'; verdicts: string[] }

/** One part of what a tier pays (A-09); amounts are decimal texts, of the tenant's currency unless one is named. */
export type Reward =
  | { kind: 'POINTS'; points: number }
  | { kind: 'CASH' | 'BUDGET'; amount: string; currency?: string | undefined }
  | { kind: 'PERK' | 'TITLE' | 'BADGE' | 'ENTITLEMENT'; name: string }
  | {
    kind: 'DISCOUNT'; percent?: number | undefined; amount?: string | undefined; code?: string | undefined
    validDays?: number | undefined; useMax?: number | undefined
  }

/** What a tier is for: a rank, the target, a step on the way, a verdict, a share of a pot, or having taken part (UX-26). */
export type When =
  | { kind: 'RANK'; from: number; to: number; minimum?: string | undefined }
  | { kind: 'TARGET'; outcome: 'EXCEEDED' | 'MET' }
  | { kind: 'REACHED'; value: string }
  | { kind: 'VERDICT'; verdict: string }
  | { kind: 'POT' } | { kind: 'TOOK_PART' }

/** What a subject gets for what; of several that fit the first is theirs, so the best stands first. */
export interface Tier { when: When; title?: string | undefined; rewards: Reward[] }

/** A link for whoever takes part. */
export interface Link { title: string; url: string }

/** The local days of a challenge, the end not included, and the instants at which they begin. */
export interface Span { startsOn: string; endsOn: string; startsAt: Date; endsAt: Date }

/** Returns the span of so many local days. Days of 23 and 25 hours are what the zone makes of them. */
export function spanFor(zone: string, startsOn: string, days: number): Span {
  const endsOn = dayAfter(startsOn, days)
  const startOf = (day: string) => new Date(periodRange('DAILY', zone, day).startMs)
  return { startsOn, endsOn, startsAt: startOf(startsOn), endsAt: startOf(endsOn) }
}

/** How a challenge stands to those who look at it. */
export type Status = 'UPCOMING' | 'RUNNING' | 'ENDED' | 'SETTLED' | 'CANCELED'

/** Returns the status at an instant; between its end and its settlement it has ENDED. */
export function statusAt(
  { state, startsAt, endsAt }: { state: 'OPEN' | 'SETTLED' | 'CANCELED'; startsAt: Date; endsAt: Date }, nowMs: number,
): Status {
  if (state !== 'OPEN') return state
  return nowMs < startsAt.getTime() ? 'UPCOMING' : nowMs < endsAt.getTime() ? 'RUNNING' : 'ENDED'
}

/** Returns when a challenge settles: its last period closes 24 hours after its end, as every period does. */
export const settlesAt = (endsAt: Date): Date => new Date(endsAt.getTime() + LIMITS.periodGraceMs)

const MILLION = 1_000_000n

/** Returns an exact decimal text as millionths; digits beyond the sixth are refused, none is rounded in silence. */
export function millionths(text: string): bigint {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined || /[1-9]/.test(fraction.slice(6))) throw new RangeError(`${text} is no decimal of six digits`)
  return BigInt(`${sign}${whole}${fraction.slice(0, 6).padEnd(6, '0')}`)
}

/** Returns millionths as the shortest decimal text. */
export function decimal(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(7, '0')
  const fraction = digits.slice(-6).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -6)}${fraction && `.${fraction}`}`
}

/** Returns numerator / denominator as a whole number, the half away from zero: half-up, as the reference rounds (TCHAL-4). */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const size = (2n * (numerator < 0n ? -numerator : numerator) + denominator) / (2n * denominator)
  return numerator < 0n ? -size : size
}

/** Returns the mean of values that sum to `sum`, half-up at two digits, in millionths; null of none. */
export function averageOf(sum: bigint, count: bigint): bigint | null {
  return count === 0n ? null : divideHalfUp(sum, count * 10_000n) * 10_000n
}

/** What a challenge asks for; without a target it is a race. */
export interface Aim { goal: Goal; target: bigint | null; baseline: bigint | null }

/** Returns whether a value reaches the target. */
export function isMet({ goal, target }: Aim, value: bigint | null): boolean {
  return target !== null && value !== null && (goal === 'AT_LEAST' ? value >= target : value <= target)
}

/**
 * Returns how far a value has come, in hundredths of a percent, half-up; 10,000 only when the target is reached (RULE-6). Where
 * less is better it is the part of the way from the baseline. Null in a race.
 */
export function percentOf(aim: Aim, value: bigint | null): number | null {
  const { goal, target, baseline } = aim
  if (target === null) return null
  if (isMet(aim, value)) return 10_000
  if (value === null) return 0
  const [done, whole] = goal === 'AT_LEAST' ? [value, target] : baseline === null ? [0n, 1n]
    : [baseline - value, baseline - target]
  if (whole <= 0n || done <= 0n) return 0
  return Math.min(9_999, Number(divideHalfUp(done * 10_000n, whole)))
}

/** What was counted for a subject: a value, when the newest fact in it occurred, and the values it was combined from. */
export interface Counted { subjectId: string; value: bigint | null; reachedAt: Date | null; parts: (bigint | null)[] | null }

/** A counted subject with its place; without a value there is none. */
export interface Placed extends Counted { rank: number | null; percent: number | null }

/**
 * Returns the subjects in order, each with its rank and percent: the better value first, then whoever reached it first, then by
 * id, so that the same counts always give the same order.
 */
export function place(aim: Aim, tieRule: TieRule, counted: readonly Counted[]): Placed[] {
  const sign = aim.goal === 'AT_LEAST' ? 1 : -1
  const sorted = [...counted].sort((one, other) => {
    if (one.value === null || other.value === null) {
      return Number(one.value === null) - Number(other.value === null) || byId(one, other)
    }
    if (one.value !== other.value) return one.value > other.value ? -sign : sign
    return (one.reachedAt?.getTime() ?? 0) - (other.reachedAt?.getTime() ?? 0) || byId(one, other)
  })
  let rank = 0
  return sorted.map((each, at) => {
    const before = sorted[at - 1]
    if (tieRule === 'ORDINAL' || !before || before.value !== each.value) rank = tieRule === 'DENSE' ? rank + 1 : at + 1
    return { ...each, rank: each.value === null ? null : rank, percent: percentOf(aim, each.value) }
  })
}

const byId = (one: Counted, other: Counted) => one.subjectId < other.subjectId ? -1 : 1

/**
 * Returns the combined value of each subject: of every part its share of the best, 0 to 100, and the mean of these with equal
 * weight, half-up at two digits (TCHAL-2). A part that nobody has scored in counts as 0 for all.
 */
export function combine(parts: readonly ReadonlyMap<string, Counted>[], subjectIds: readonly string[]): Counted[] {
  const best = parts.map(part => [...part.values()].reduce((most, { value }) => value !== null && value > most ? value : most,
    0n))
  return subjectIds.map(subjectId => {
    const own = parts.map(part => part.get(subjectId) ?? null)
    const values = own.map(each => each?.value ?? null)
    // One fraction over the common denominator, so that it is rounded once.
    const bests = best.filter(most => most > 0n)
    const whole = bests.reduce((product, most) => product * most, 1n)
    const sum = values.reduce<bigint>((all, value, at) =>
      value === null || value <= 0n || best[at] === 0n ? all : all + value * (whole / best[at]!), 0n)
    const value = divideHalfUp(sum * 10_000n, whole * BigInt(parts.length)) * (MILLION / 100n)
    const times = own.flatMap(each => each?.reachedAt ?? [])
    const reachedAt = times.length ? new Date(Math.max(...times.map(Number))) : null
    return { subjectId, value: values.every(each => each === null) ? null : value, reachedAt, parts: values }
  })
}

/** Who takes part, and how that came about. */
export type EnrollmentState = 'INVITED' | 'ENROLLED' | 'OPTED_OUT'

/** What a subject asks for: to take part, or not to. */
export type EnrollmentWish = 'JOIN' | 'LEAVE'

/** Returns the state that a wish leads to, null when nothing changes, or why it is refused. */
export function enrollmentFor(
  wish: EnrollmentWish, before: EnrollmentState | null, mode: 'OPEN' | 'INVITED' | 'ALL', status: Status,
): EnrollmentState | null | Refusal {
  if (status !== 'UPCOMING' && status !== 'RUNNING') {
    return new Refusal(ErrorCode.ALREADY_DECIDED, 'This challenge has ended: choose one that runs.', ['challengeId'])
  }
  if (wish === 'LEAVE') {
    if (before === null) return new Refusal(ErrorCode.NOT_FOUND, 'They take no part in this challenge.', ['subjectId'])
    return before === 'OPTED_OUT' ? null : 'OPTED_OUT'
  }
  if (before === 'ENROLLED') return null
  if (before === null && mode === 'INVITED') {
    return new Refusal(ErrorCode.FORBIDDEN, 'This challenge is for those who are invited: ask an admin for an invitation.',
      ['challengeId'])
  }
  return 'ENROLLED'
}

/** A challenge as asked for; `today` is the tenant's local day. */
export interface ChallengeWish {
  kind: 'TEAM' | 'GAP' | 'PERSONAL'; series: string; title: string; description: string
  subject: Subject; measure: Measure; goal: Goal; target: string | null; baseline: string | null
  enrollment: 'OPEN' | 'INVITED' | 'ALL'; tieRule: TieRule; payout: 'OWN' | 'EACH_USER' | 'SPLIT_EQUAL'; tiers: Tier[]
  links: Link[]; difficulty: number | null; startsOn: string; days: number
}

const refused = (message: string, ...field: string[]) => new Refusal(ErrorCode.INVALID, message, field)
const TARGET_MAX = 10n ** 21n

/** Returns why a challenge cannot be as asked for, or null. */
export function refusalForChallenge(wish: ChallengeWish, today: string): Refusal | null {
  const { title, description, days, startsOn, series } = wish
  if (!isPlainText(title, 200, 1)) return refused('title must have 1 to 200 characters.', 'title')
  if (!isPlainText(description, 2_000)) return refused('description must have at most 2,000 characters.', 'description')
  if (!/^[a-z][a-z0-9_]{1,63}$/.test(series)) return refused('series must have 2 to 64 of a–z, 0–9 and _.', 'series')
  const outside = (message: string, field: string) => new Refusal(ErrorCode.OUT_OF_RANGE, message, [field])
  if (!Number.isInteger(days) || days < 1 || days > LIMITS.challengeDaysMax) {
    return outside(`days must be between 1 and ${LIMITS.challengeDaysMax}.`, 'days')
  }
  if (dayAfter(startsOn, days) <= today) return outside('It would have ended by now: begin later, or give it more days.',
    'startsOn')
  if (startsOn > dayAfter(today, LIMITS.challengeDaysMax)) {
    return outside(`It may begin at most ${LIMITS.challengeDaysMax} days from now.`, 'startsOn')
  }
  return refusalForAim(wish) ?? refusalForTiers(wish)
}

function refusalForAim({ measure, goal, target, subject }: ChallengeWish): Refusal | null {
  if (measure.kind === 'JUDGED') {
    return target === null ? null : refused('A judged challenge has verdicts, no target: leave it out.', 'target')
  }
  const parts = measure.kind === 'COMBINED' ? measure.of : [measure]
  if (subject === 'DEPARTMENT' && parts.some(({ kind }) => kind === 'METRIC')) {
    return refused('Metrics are measured of people, teams and the tenant, not of departments.', 'subject')
  }
  if (goal === 'AT_MOST' && measure.kind !== 'METRIC') {
    return refused('Only of a metric less can be better: what is counted begins at nothing.', 'goal')
  }
  if (target === null) return null
  const value = /\.\d{7,}/.test(target) ? -1n : millionths(target)
  return value > 0n && value < TARGET_MAX ? null : new Refusal(
    ErrorCode.OUT_OF_RANGE, 'target must be positive, with at most 6 digits behind the point and 15 before it.', ['target'])
}

function refusalForTiers({ tiers, measure, target }: ChallengeWish): Refusal | null {
  for (const [at, { when }] of tiers.entries()) {
    const wrong = (message: string) => refused(message, 'tiers', String(at), 'when')
    if (when.kind === 'TARGET' && target === null) return wrong('A tier for the target needs one: set target.')
    if (when.kind === 'RANK' && when.from > when.to) return wrong('A tier for ranks goes from the better to the worse rank.')
    if (when.kind === 'VERDICT' && !(measure.kind === 'JUDGED' && measure.verdicts.includes(when.verdict))) {
      return wrong('A tier for a verdict names one of the verdicts of a judged challenge.')
    }
    if (measure.kind === 'JUDGED' && when.kind !== 'VERDICT' && when.kind !== 'TOOK_PART') {
      return wrong('A judged challenge pays for verdicts, or for taking part.')
    }
  }
  return null
}
