/** How activities are told in the feed. */
import { registerTeller, registerWording } from '../feed/feed.rules.ts'
import { tellChanges } from '../points/change.rules.ts'

registerTeller({ topic: 'activity.recorded', tell: payload => tellChanges(payload, 'POINTS_AWARDED') })
registerTeller({ topic: 'activity.reversed', tell: payload => tellChanges(payload, 'POINTS_REVERSED') })

const words = (type: unknown) => String(type).replaceAll('_', ' ')
registerWording('POINTS_AWARDED', ({ points, type }, name) => `${name}: ${words(type)}, +${points} points.`)
registerWording('POINTS_REVERSED', ({ points, type }, name) =>
  `${name}: ${words(type)} was taken back, ${String(points).replace('-', '−')} points.`)
