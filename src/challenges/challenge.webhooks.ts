/** How challenges are told to integrators. */
import { wireId } from '../platform/ids.ts'
import { registerTopic } from '../webhooks/catalog.rules.ts'
import type { Subject } from './challenge.rules.ts'
import { SUBJECT_KIND } from './challenge.service.ts'
import type { Completed } from './progress.service.ts'

interface Named { challengeId: string; kind: string; title: string; subject: Subject }

const saidOf = ({ challengeId, kind, title, subject }: Named) =>
  ({ challengeId: wireId('Challenge', challengeId), kind, title, subject })

registerTopic({
  name: 'challenge.created', event: 'challenge.created',
  description: 'A challenge was set: { challengeId, kind, title, subject }.',
  factsOf: (named: Named) => [{ subject: wireId('Challenge', named.challengeId), said: saidOf(named) }],
})
registerTopic({
  name: 'challenge.completed', event: 'challenge.completed',
  description: 'A subject has reached the target, told once: { challengeId, kind, title, subject, subjectId }.',
  factsOf: (completed: Completed) => [{
    subject: wireId('Challenge', completed.challengeId),
    said: { ...saidOf(completed), subjectId: wireId(SUBJECT_KIND[completed.subject], completed.subjectId) },
  }],
})
for (const [name, what] of [['challenge.enrolled', 'takes part'], ['challenge.left', 'has opted out']] as const) {
  registerTopic({
    name, event: name, description: `A subject ${what}: { challengeId, kind, title, subject, subjectId }.`,
    factsOf: (named: Named & { subjectId: string }) => [{
      subject: wireId('Challenge', named.challengeId),
      said: { ...saidOf(named), subjectId: wireId(SUBJECT_KIND[named.subject], named.subjectId) },
    }],
  })
}
