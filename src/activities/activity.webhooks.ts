/** How activities are told to integrators: a message for each. */
import { wireId } from '../platform/ids.ts'
import { changesOf } from '../points/change.rules.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'

registerTopic({
  name: 'activity.recorded', event: 'activity.recorded',
  description: 'An activity was recorded: { activityId, activityType, userId, teamId, departmentId, day }. '
    + '`day` is the local day in which it counts.',
  factsOf: payload => changesOf(payload).map(({ activityId, type, userId, teamId, departmentId, day }) => {
    const subject = wireId('User', userId)
    return {
      subject,
      said: {
        activityId: activityId && wireId('Activity', activityId), activityType: type, userId: subject,
        teamId: teamId && wireId('Team', teamId),
        departmentId: departmentId && wireId('Department', departmentId), day,
      },
    }
  }),
})
