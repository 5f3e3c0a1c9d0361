/** How metrics are told to integrators: a message for each value. */
import { type Kind, wireId } from '../platform/ids.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'

type Told = [id: string, metric: string, kind: string, subjectId: string, at: string, day: string, value: string | null]
const KINDS: Record<string, Kind> = { TENANT: 'Tenant', TEAM: 'Team', USER: 'User' }

registerTopic({
  name: 'metric.recorded', event: 'metric.recorded',
  description: 'A value was recorded or corrected: { pointId, metric, subjectId, at, day, value }. `value` is a decimal text, '
    + 'or null where a value was taken back.',
  factsOf: ({ points }: { points: Told[] }) => points.map(([id, metric, kind, subjectId, at, day, value]) => ({
    subject: wireId(KINDS[kind]!, subjectId),
    said: { pointId: wireId('MetricPoint', id), metric, subjectId: wireId(KINDS[kind]!, subjectId), at, day, value },
  })),
})
