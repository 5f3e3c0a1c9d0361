/** How points and levels are told to integrators: a message for each entry and for each level that was entered. */
import { wireId } from '../platform/ids.ts'
import { type Fact, registerTopic } from '../webhooks/catalog.rules.ts'
import { changesOf, type PointChange } from './change.rules.ts'
import type { BenefitGranted } from './benefit.service.ts'
import type { LevelChanged } from './level.reaction.ts'

// The ids of an entry's person and where they belonged, in wire form.
function placeOf({ userId, teamId, departmentId }: Pick<PointChange, 'userId' | 'teamId' | 'departmentId'>) {
  return {
    userId: wireId('User', userId), teamId: teamId && wireId('Team', teamId),
    departmentId: departmentId && wireId('Department', departmentId),
  }
}

function factsOf(payload: unknown): (Fact | null)[] {
  return changesOf(payload).map(change => change.points === 0 ? null : { // Nothing moved: an activity, but no news of points.
    subject: wireId('User', change.userId),
    said: {
      ...placeOf(change), points: change.points, balance: change.total, activityType: change.type,
      activityId: change.activityId && wireId('Activity', change.activityId), day: change.day,
    },
  })
}

registerTopic({
  name: 'points.awarded', event: 'activity.recorded', factsOf,
  description: 'An activity paid points: { userId, teamId, departmentId, points, balance, activityType, activityId, day }. '
    + '`balance` are the lifetime points after it.',
})
registerTopic({
  name: 'points.reversed', event: 'activity.reversed', factsOf,
  description: 'An activity was taken back with its points: as points.awarded, with the sign turned.',
})
registerTopic({
  name: 'points.granted', event: 'points.granted', factsOf,
  description: 'Something else than an activity paid points: as points.awarded, `activityType` being what it was for and '
    + '`activityId` null.',
})
registerTopic({
  name: 'points.withdrawn', event: 'points.withdrawn', factsOf,
  description: 'Granted points were taken back: as points.granted, with the sign turned.',
})
registerTopic({
  name: 'level.changed', event: 'level.changed',
  description: 'A level was entered, UP or DOWN: '
    + '{ userId, teamId, level: { number, key, title, threshold }, direction, balance }.',
  factsOf: ({ userId, teamId, number, key, title, threshold, direction, points }: LevelChanged) => {
    const subject = wireId('User', userId)
    const level = { number, key, title, threshold }
    return [{ subject, said: { userId: subject, teamId: teamId && wireId('Team', teamId), level, direction, balance: points } }]
  },
})
registerTopic({
  name: 'benefit.granted', event: 'benefit.granted',
  description: 'Somebody was granted what a level or a badge brings: { benefitId, userId, source, benefit }.',
  factsOf: ({ benefitId, userId, source, benefit }: BenefitGranted) => {
    const subject = wireId('User', userId)
    return [{ subject, said: { benefitId: wireId('Benefit', benefitId), userId: subject, source, benefit } }]
  },
})
