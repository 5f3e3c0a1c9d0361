/** The law of recognition: who may give whom how much, and what is left of a week's allowance. Pure. */
import { refusalForKey } from '../activities/activity.rules.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { dayAfter } from '../platform/time.ts'

/** The figures that hold for a day: what each may give a week, and from how many points each way a ring is looked at. */
export interface Figures { allowancePoints: number; ringPoints: number }

/** The figures of the template, which hold until a tenant sets its own. */
export const FIGURES: Figures = { allowancePoints: 100, ringPoints: 50 }

/** What a reader may feel about a recognition, each with the emoji that shows it. */
export const REACTIONS = { CLAP: '👏', HEART: '❤️', PARTY: '🎉', FIRE: '🔥', ROCKET: '🚀', THANKS: '🙏' } as const
export type ReactionName = keyof typeof REACTIONS

/** The word for the points of a recognition in ledgers, feeds and messages. */
export const AWARD_TYPE = 'recognition'

/** Returns the key under which a recognition pays. */
export const awardKeyOf = (recognitionId: string): string => `recognition:${recognitionId}`

/** A gift as asked for. */
export interface GiftWish { receiverId: string; points: number; message: string; idempotencyKey: string }

/** Returns why a gift's own values cannot be, or null. */
export function refusalForWish({ points, message, idempotencyKey }: GiftWish): Refusal | null {
  if (!Number.isInteger(points) || points < 1 || points > LIMITS.recognitionPointsMax) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `Give 1 to ${LIMITS.recognitionPointsMax} points.`, ['points'])
  }
  if (!isPlainText(message, LIMITS.recognitionMessageMax, 1)) {
    return new Refusal(ErrorCode.INVALID, `message must have 1 to ${LIMITS.recognitionMessageMax} characters.`, ['message'])
  }
  return refusalForKey(idempotencyKey)
}

/** A gift among people: `receiver` is null when there is no such person. */
export interface Gift {
  giverId: string; receiverId: string; points: number; receiver: { isActive: boolean; kind: string } | null
  allowancePoints: number; givenPoints: number
}

/** Returns the first rule that a gift breaks, or null when it may proceed (UX-11, UX-40). */
export function refusalForGift({ giverId, receiverId, points, receiver, ...allowance }: Gift): Refusal | null {
  if (giverId === receiverId) return new Refusal(ErrorCode.SELF_AWARD, 'Recognition goes to somebody else.', ['receiverId'])
  if (!receiver?.isActive) return new Refusal(ErrorCode.NOT_FOUND, 'There is no such user.', ['receiverId'])
  if (receiver.kind !== 'EMPLOYEE') return new Refusal(ErrorCode.INVALID, 'Recognition goes to colleagues.', ['receiverId'])
  const left = leftOf(allowance)
  if (points <= left) return null
  return new Refusal(
    ErrorCode.ALLOWANCE_SPENT, `${left} of ${allowance.allowancePoints} points are left this week: give fewer.`, ['points'])
}

/** Returns what is left of a week's allowance, never less than nothing: it may have been lowered in the middle. */
export function leftOf({ allowancePoints, givenPoints }: { allowancePoints: number; givenPoints: number }): number {
  return Math.max(0, allowancePoints - givenPoints)
}

/** Figures as asked for, and the local day from which they shall hold. */
export interface FiguresWish extends Figures { effectiveFrom: string }

/** Returns why these figures cannot be from that day on, or null; `today` is the tenant's. The past keeps its figures. */
export function refusalForFigures({ allowancePoints, ringPoints, effectiveFrom }: FiguresWish, today: string): Refusal | null {
  const max = LIMITS.recognitionFigureMax
  const outside = (value: number, min: number) => !Number.isInteger(value) || value < min || value > max
  if (outside(allowancePoints, 0)) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `allowancePoints must lie within 0 and ${max}.`, ['allowancePoints'])
  }
  if (outside(ringPoints, 1)) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `ringPoints must lie within 1 and ${max}.`, ['ringPoints'])
  }
  const last = dayAfter(today, LIMITS.revisionAheadMaxMs / 86_400_000)
  if (effectiveFrom >= today && effectiveFrom <= last) return null
  return new Refusal(ErrorCode.OUT_OF_RANGE, `effectiveFrom must lie within ${today} and ${last}.`, ['effectiveFrom'])
}
