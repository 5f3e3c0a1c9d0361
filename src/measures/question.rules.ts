/** The law of boards: which questions make sense together. Pure. */
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'

/** What a board is asked to measure. */
export interface Question {
  metric: string; subject: string; period: string; headRule: string; growthFloor: number; listMax: number | null
  subjectIds: readonly string[] | null
}

/** Returns why a board cannot measure this, or null. */
export function refusalForMeasure(
  { metric, subject, period, headRule, growthFloor, listMax, subjectIds }: Question,
): Refusal | null {
  const invalid = (field: string, message: string) => new Refusal(ErrorCode.INVALID, message, [field])
  if (metric === 'GROWTH' && period === 'ALL_TIME') {
    return invalid('period', 'Growth compares a period with the one before: choose DAILY, WEEKLY or MONTHLY.')
  }
  if (headRule === 'AVERAGE' && (metric !== 'POINTS' || (subject !== 'TEAM' && subject !== 'DEPARTMENT'))) {
    return invalid('headRule', 'AVERAGE divides points of teams or departments by their people: use SUM here.')
  }
  if (subject === 'TENANT' && subjectIds) {
    return invalid('subjectIds', 'A board of the company has one row: leave subjectIds out.')
  }
  if (!Number.isInteger(growthFloor) || growthFloor < 1 || growthFloor > LIMITS.growthFloorMax) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `growthFloor must be 1 to ${LIMITS.growthFloorMax} points.`, ['growthFloor'])
  }
  if (listMax !== null && (listMax < 1 || listMax > LIMITS.leaderboardListMax)) {
    return new Refusal(ErrorCode.OUT_OF_RANGE, `listMax must be 1 to ${LIMITS.leaderboardListMax}.`, ['listMax'])
  }
  return null
}
