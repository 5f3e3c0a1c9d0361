/**
 * The independent oracle: from the point ledger alone, read by SQL, it says what a feed and a board must have told. It knows
 * neither the event log nor any projection.
 */
import type { Client } from 'pg'
import { wireId } from '../src/platform/ids.ts'
import type { FeedItem, Message, Witness } from './witness.ts'

interface Entry { userId: string; points: number; reason: 'ACTIVITY' | 'REVERSAL' }

/** A tenant's ledger: each person's entries that moved points, in order, and the thresholds of its levels, ascending. */
export interface Ledger { entries: Map<string, Entry[]>; levels: { number: number; threshold: number }[] }

/** Returns the ledger of a tenant as it lies in its tables; people by wire id. */
export async function readLedger(owner: Client, tenantId: string): Promise<Ledger> {
  const { rows } = await owner.query<Entry>(`select user_id as "userId", points::float8, reason from point_entry
    where tenant_id = $1 and points <> 0 order by user_id, seq`, [tenantId])
  const { rows: levels } = await owner.query<Ledger['levels'][number]>(
    'select number, threshold::float8 from level where tenant_id = $1 order by threshold', [tenantId])
  const entries = rows.map(row => ({ ...row, userId: wireId('User', row.userId) }))
  return { entries: Map.groupBy(entries, ({ userId }) => userId), levels }
}

/** Returns what a feed owes about a person: each entry and each level entered, each kind in its own order. */
function owedBy({ levels }: Ledger, entries: readonly Entry[]): { points: string[]; levels: number[] } {
  const kindOf = { ACTIVITY: 'POINTS_AWARDED', REVERSAL: 'POINTS_REVERSED' }
  const points = entries.map(({ points, reason }) => `${kindOf[reason]} ${points}`)
  const entered: number[] = []
  let [total, place] = [0, 0]
  for (const entry of entries) {
    total += entry.points
    while (levels[place + 1] && total >= levels[place + 1]!.threshold) entered.push(levels[++place]!.number)
    while (place && total < levels[place]!.threshold) entered.push(levels[--place]!.number)
  }
  return { points, levels: entered }
}

const differing = (what: string, told: readonly unknown[], owed: readonly unknown[]): string[] => {
  const at = owed.findIndex((each, place) => each !== told[place])
  if (at < 0 && told.length === owed.length) return []
  const place = at < 0 ? owed.length : at
  const lengths = `${told.length} told, ${owed.length} owed`
  return [`${what}: ${lengths}; at ${place} ${String(told[place])} instead of ${String(owed[place])}`]
}

/** Returns, in sentences, where a feed of these people told something else than the ledger owes, from its beginning on. */
export function feedFaults(
  { messages }: Pick<Witness, 'messages'>, ledger: Ledger, about: (userId: string) => boolean,
): string[] {
  const [first, ...rest] = messages
  const faults: string[] = []
  if (first?.reason !== 'FIRST' || first.items!.length) faults.push('it did not begin with an empty snapshot')
  for (const { reason } of rest) if (reason) faults.push(`it had to begin again: ${reason}`)
  const items = rest.flatMap(message => message.reason ? [] : message.items ?? []) // A snapshot is a fault by itself.
  if (new Set(items.map(({ id }) => id)).size !== items.length) faults.push('an item came twice')
  const told = Map.groupBy(items, item => item.user!.id)
  const people = new Set([...told.keys(), ...[...ledger.entries.keys()].filter(about)])
  for (const userId of people) {
    const own = told.get(userId) ?? []
    const owed = owedBy(ledger, about(userId) ? ledger.entries.get(userId) ?? [] : [])
    const isLevel = ({ kind }: FeedItem) => kind === 'LEVEL_CHANGED'
    const points = own.filter(item => !isLevel(item)).map(item => `${item.kind} ${item.points}`)
    faults.push(
      ...differing(`points of ${userId}`, points, owed.points),
      ...differing(`levels of ${userId}`, own.filter(isLevel).map(({ level }) => level!.number), owed.levels))
  }
  return [...faults, ...markFaults(rest)]
}

/** No commit may come twice. */
function markFaults(messages: readonly Message[]): string[] {
  const marks = messages.flatMap(message => message.marks ?? [])
  return new Set(marks).size === marks.length ? [] : ['a commit came twice']
}

/**
 * Returns, in sentences, where a board of users (competition ranks) showed what the ledger never held. Each person's points
 * must be a sum of their first entries, of no fewer than the message before showed; ranks must follow from points; the end must
 * be the sum of all. `isWhole`: all ranked people fit on it.
 */
export function boardFaults({ messages }: Pick<Witness, 'messages'>, { entries }: Ledger, isWhole: boolean): string[] {
  const sums = new Map([...entries].map(([userId, own]) => {
    let total = 0
    return [userId, own.map(({ points }) => total += points)]
  }))
  const faults: string[] = []
  let rows = new Map<string, { rank: number; points: number }>()
  const counted = new Map<string, number>()
  for (const { cursor, standings, changes = [], left = [] } of messages) {
    if (standings) rows = new Map(standings.map(({ subjectId, rank, points }) => [subjectId, { rank, points }]))
    for (const { subjectId, to, points } of changes) rows.set(subjectId, { rank: to, points })
    for (const id of left) rows.delete(id)
    for (const [userId, { rank, points }] of rows) {
      const from = counted.get(userId) ?? 0
      const at = (sums.get(userId) ?? []).indexOf(points, from)
      if (at < 0) faults.push(`at ${cursor} ${userId} had ${points}, no sum of theirs from entry ${from} on`)
      else counted.set(userId, at)
      if (!isWhole) continue
      const owed = 1 + [...rows.values()].filter(other => other.points > points).length
      if (rank !== owed) faults.push(`at ${cursor} ${userId} had rank ${rank}, not ${owed}`)
    }
    if (isWhole) for (const userId of counted.keys()) if (!rows.has(userId)) faults.push(`at ${cursor} ${userId} was gone`)
  }
  if (messages[0]?.reason !== 'FIRST') faults.push('it did not begin with a snapshot')
  const totals = [...sums].filter(([, own]) => own.length).map(([userId, own]) => ({ userId, points: own.at(-1)! }))
  for (const { userId, points } of totals) {
    if (rows.get(userId)?.points !== points && (isWhole || rows.has(userId))) {
      faults.push(`in the end ${userId} had ${rows.get(userId)?.points}, not ${points}`)
    }
  }
  const best = totals.map(({ points }) => points).sort((one, other) => other - one).slice(0, rows.size)
  const shown = [...rows.values()].map(({ points }) => points).sort((one, other) => other - one)
  return [...faults, ...differing('points in the end', shown, best), ...markFaults(messages)]
}
