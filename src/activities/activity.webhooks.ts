/** How activities are told to integrators: a message for each. */
import { wireId } from '../platform/ids.ts'
import { changesOf } from '../points/change.rules.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'

registerTopic({
  name: 'activity.recorded', event: 'activity.recorded',
  description: 'An activity was recorded: { activityId, activityType, userId, teamId, departmentId, day, attributes }. '
    + '`day` is the local day in which it counts; `attributes` are absent when there are none.',
  factsOf: (payload: { attributes?: Record<string, object> }) => changesOf(payload).map(change => {
    const { activityId, type, userId, teamId, departmentId, day } = change
    const subject = wireId('User', userId)
    const attributes = activityId ? payload.attributes?.[activityId] : undefined
    return {
      subject,
      said: {
        activityId: activityId && wireId('Activity', activityId), activityType: type, userId: subject,
        teamId: teamId && wireId('Team', teamId),
        departmentId: departmentId && wireId('Department', departmentId), day, ...attributes ? { attributes } : {},
      },
    }
  }),
})
