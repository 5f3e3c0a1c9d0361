/** What of the event log is sent to integrators. Each later room registers its topics; nothing here knows them. Pure. */

/** A committed event as webhooks need to see it. */
export interface Happened { pos: number; topic: string; payload: unknown; at: Date }

/** One fact of an event: whom or what it is about (its messages keep their order), and what is said, both with wire ids. */
export interface Fact { subject: string; said: object }

/** A fact with its topic and its place in its event. */
export interface Line extends Fact { topic: string; line: number }

/**
 * A topic that endpoints may subscribe to: its dotted name, for people what it says, and the facts it finds
 * in an event; null keeps the place of something that is no fact, so that what several topics say of one thing stays together.
 */
export interface Topic { name: string; description: string; event: string; factsOf(payload: never): (Fact | null)[] }

const topics = new Map<string, Topic>()
const byEvent = new Map<string, Topic[]>()

/** The topic of a message that an admin sends to try an endpoint; it is not subscribed to. */
export const TEST_TOPIC = 'webhook.test'

/** Teaches webhooks a topic of a room; `event` is the topic of the event log that tells it. */
export function registerTopic(topic: Topic): void {
  if (topics.has(topic.name)) throw new Error(`the webhook topic ${topic.name} is registered twice`)
  topics.set(topic.name, topic)
  byEvent.set(topic.event, [...byEvent.get(topic.event) ?? [], topic])
}

/** Returns the topics that endpoints may subscribe to, by name. */
export function listTopics(): Topic[] {
  return [...topics.values()].sort((one, other) => one.name < other.name ? -1 : 1)
}

/** Returns whether an event of this topic tells anything. */
export function isTold(event: string): boolean {
  return byEvent.has(event)
}

/** Returns the facts of an event that one of these topics tells; what several topics say of one thing stands together. */
export function linesOf({ topic, payload }: Pick<Happened, 'topic' | 'payload'>, wanted: ReadonlySet<string>): Line[] {
  const told = (byEvent.get(topic) ?? []).filter(({ name }) => wanted.has(name)).flatMap(({ name, factsOf }) =>
    factsOf(payload as never).flatMap((fact, place) => fact ? [{ ...fact, topic: name, place }] : []))
  told.sort((one, other) => one.place - other.place)
  return told.map(({ place: _, ...fact }, line) => ({ ...fact, line }))
}
