/** Rings of reciprocal gifts: two or three people who give each other in a circle, more than is likely by chance. Pure. */

/** For how long gifts are held against one another. */
export const RING_DAYS = 28
const RING_MS = RING_DAYS * 86_400_000

/** A gift as a ring is made of. */
export interface RingGift { id: string; giverId: string; receiverId: string; points: number; atMs: number }

/** A ring: each gave the next, the last the first. It begins with the smallest id, so that it is always the same ring. */
export interface Ring { userIds: string[]; giftIds: string[] }

/** Returns whether somebody has decided on a gift as a part of this ring. */
export type IsSettled = (ringKey: string, giftId: string) => boolean

/** Returns the name of a ring. */
export const ringKeyOf = (userIds: readonly string[]): string => userIds.join(' ')

/**
 * Returns the rings that a gift closes: in each, everybody gave the next at least `pointsMin` within the 28 days up to the gift,
 * without what was decided on as a part of the same ring before.
 */
export function ringsThrough(gift: RingGift, gifts: readonly RingGift[], pointsMin: number, isSettled: IsSettled): Ring[] {
  const recent = gifts.filter(({ atMs }) => atMs > gift.atMs - RING_MS && atMs <= gift.atMs)
  const byPair = Map.groupBy(recent, ({ giverId, receiverId }) => ringKeyOf([giverId, receiverId]))
  const { giverId, receiverId } = gift
  const third = new Set(recent.filter(each => each.giverId === receiverId).map(each => each.receiverId))
  const rings = [[giverId, receiverId], ...[...third].filter(id => id !== giverId).map(id => [giverId, receiverId, id])]
  return rings.flatMap(ring => {
    const userIds = turned(ring)
    const key = ringKeyOf(userIds)
    const edges = userIds.map((id, at) => byPair.get(ringKeyOf([id, userIds[(at + 1) % userIds.length]!])) ?? [])
      .map(own => own.filter(({ id }) => !isSettled(key, id)))
    const isRing = edges.every(own => own.reduce((sum, { points }) => sum + points, 0) >= pointsMin)
    return isRing ? [{ userIds, giftIds: edges.flat().map(({ id }) => id).sort() }] : []
  })
}

/** Turns a circle until its smallest id comes first; who gave whom stays. */
function turned(ring: readonly string[]): string[] {
  const first = ring.indexOf([...ring].sort()[0]!)
  return [...ring.slice(first), ...ring.slice(0, first)]
}

/** Whoever would decide on a flag, as the rules see them: `ledIds` are those of the ring in teams that they lead. */
export interface Judge { userId: string | null; reach: 'TEAM' | 'TENANT'; ledIds: ReadonlySet<string> }

/** Returns whether somebody sees a flag: all, or those with a person of their teams. */
export function seesFlag({ reach, ledIds }: Judge, userIds: readonly string[]): boolean {
  return reach === 'TENANT' || userIds.some(id => ledIds.has(id))
}

/** Returns why somebody may not decide on a flag that they see, or null. */
export function bias({ userId, reach, ledIds }: Judge, userIds: readonly string[]): string | null {
  if (userId === null) return 'This needs a person who is signed in.'
  if (userIds.includes(userId)) return 'Whoever gave or received decides nothing here: another manager or an admin must.'
  if (reach === 'TEAM' && !userIds.every(id => ledIds.has(id))) return 'Somebody here is in no team of yours: an admin decides.'
  return null
}
