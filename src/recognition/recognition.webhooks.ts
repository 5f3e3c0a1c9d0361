/** How recognition is told to integrators: each gift, and each that was taken back. */
import { wireId } from '../platform/ids.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'
import type { RecognitionGiven } from './recognition.service.ts'

registerTopic({
  name: 'recognition.given', event: 'recognition.given',
  description: 'Somebody gave a colleague points of their allowance: '
    + '{ recognitionId, giverId, receiverId, teamId, points, message }. `teamId` is the receiver\'s.',
  factsOf({ recognitionId, giverId, receiverId, teamId, points, message }: RecognitionGiven) {
    return [{
      subject: wireId('User', receiverId),
      said: {
        recognitionId: wireId('Recognition', recognitionId), giverId: wireId('User', giverId),
        receiverId: wireId('User', receiverId), teamId: teamId && wireId('Team', teamId), points, message,
      },
    }]
  },
})
registerTopic({
  name: 'recognition.withdrawn', event: 'recognition_flag.decided',
  description: 'Points of a recognition were taken back after a review: { recognitionId }.',
  factsOf({ recognitionIds }: { recognitionIds: string[] }) {
    return recognitionIds.map(id => {
      const recognitionId = wireId('Recognition', id)
      return { subject: recognitionId, said: { recognitionId } }
    })
  },
})
